//! Generations: one run of a model over a plan, with up to three attempts.

use crate::error::StoreError;
use crate::rows::{all, execute_one, first, get};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use serde_json::Value as Json;
use waymark_domain::ids::{GenerationId, PlanId, UserId};

/// A generation that is accepted.
#[derive(Debug, Clone)]
pub struct NewGeneration<'a> {
    /// Its key.
    pub id: GenerationId,
    /// The plan.
    pub plan_id: PlanId,
    /// Whose it is.
    pub user_id: UserId,
    /// `initial`, `retry` or `regeneration`.
    pub kind: &'a str,
    /// The model asked.
    pub model: &'a str,
    /// What it is generated from (the learner's own words).
    pub prompt: Json,
    /// What was decided for it, such as the task capacity.
    pub parameters: Json,
}

/// A generation as the worker or its learner sees it.
#[derive(Debug, Clone)]
pub struct GenerationView {
    /// Its key.
    pub id: GenerationId,
    /// `initial`, `retry` or `regeneration`.
    pub kind: String,
    /// The model asked.
    pub model: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
}

/// Generations, as the learner.
pub struct UserGenerations<'t>(&'t UserTx);

impl UserTx {
    /// Generations, as the learner.
    pub fn generations(&self) -> UserGenerations<'_> {
        UserGenerations(self)
    }
}

impl UserGenerations<'_> {
    /// A plan's newest generation.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn newest(&self, plan: PlanId) -> Result<Option<GenerationId>, StoreError> {
        let sql = "select id from plan_generations where plan_id = $1 order by created_at desc, id desc limit 1";
        first(&self.0.tx, sql, [plan.0.into()]).await?.map(|row| Ok(GenerationId(get(&row, "id")?))).transpose()
    }

    /// A plan's generations, oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_plan(&self, plan: PlanId) -> Result<Vec<GenerationView>, StoreError> {
        let sql =
            "select id, kind::text, model, created_at from plan_generations where plan_id = $1 order by created_at, id";
        all(&self.0.tx, sql, [plan.0.into()])
            .await?
            .iter()
            .map(|row| {
                Ok(GenerationView {
                    id: GenerationId(get(row, "id")?),
                    kind: get(row, "kind")?,
                    model: get(row, "model")?,
                    created_at: get(row, "created_at")?,
                })
            })
            .collect()
    }
}

/// Generations, as the server.
pub struct ServiceGenerations<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Generations, as the server.
    pub fn generations(&self) -> ServiceGenerations<'_> {
        ServiceGenerations(&self.tx)
    }
}

impl ServiceGenerations<'_> {
    /// Stores an accepted generation.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn insert(&self, new: &NewGeneration<'_>) -> Result<(), StoreError> {
        let sql = "insert into plan_generations (id, plan_id, user_id, kind, model, prompt, parameters)
                   values ($1, $2, $3, $4, $5, $6, $7)";
        execute_one(
            self.0,
            "a new generation",
            sql,
            [
                new.id.0.into(),
                new.plan_id.0.into(),
                new.user_id.0.into(),
                new.kind.into(),
                new.model.into(),
                new.prompt.clone().into(),
                new.parameters.clone().into(),
            ],
        )
        .await
    }

    /// The model and the prompt's material of a generation.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn material(&self, id: GenerationId) -> Result<Option<(String, Json)>, StoreError> {
        let sql = "select coalesce(model, '') as model, coalesce(prompt, 'null') as prompt from plan_generations where id = $1";
        first(self.0, sql, [id.0.into()]).await?.map(|row| Ok((get(&row, "model")?, get(&row, "prompt")?))).transpose()
    }

    /// Stores what a generation made.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn summarise(&self, id: GenerationId, summary: Json) -> Result<(), StoreError> {
        let sql = "update plan_generations set output_summary = $2 where id = $1";
        execute_one(self.0, "a generation's summary", sql, [id.0.into(), summary.into()]).await
    }
}
