//! Generations: one run of a model over a plan, with up to three attempts.

use crate::error::StoreError;
use crate::rows::{all, execute_one, first, get, parse};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use serde_json::Value as Json;
use waymark_domain::generation::GenerationKind;
use waymark_domain::ids::{GenerationId, JobId, PlanId, UserId};
use waymark_domain::jobs::JobStatus;

/// A generation that is accepted.
#[derive(Debug, Clone)]
pub struct NewGeneration<'a> {
    /// Its key.
    pub id: GenerationId,
    /// The plan.
    pub plan_id: PlanId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is to the plan.
    pub kind: GenerationKind,
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
    /// What it is to the plan.
    pub kind: GenerationKind,
    /// The model asked.
    pub model: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
}

/// What a worker needs of a generation.
#[derive(Debug, Clone)]
pub struct Material {
    /// What it is to the plan.
    pub kind: GenerationKind,
    /// The model asked.
    pub model: String,
    /// What it is generated from (the learner's own words).
    pub prompt: Json,
    /// What was decided for it.
    pub parameters: Json,
}

/// A job and what it generates.
#[derive(Debug, Clone, Copy)]
pub struct JobGeneration {
    /// The plan.
    pub plan_id: PlanId,
    /// Whose it is.
    pub user_id: UserId,
    /// Where the job stands.
    pub status: JobStatus,
    /// What the generation is to its plan; initial when its record is gone.
    pub kind: GenerationKind,
    /// Whether it is the plan's newest generation.
    pub newest: bool,
}

async fn newest(tx: &DatabaseTransaction, plan: PlanId) -> Result<Option<GenerationId>, StoreError> {
    let sql = "select id from plan_generations where plan_id = $1 order by created_at desc, id desc limit 1";
    first(tx, sql, [plan.0.into()]).await?.map(|row| Ok(GenerationId(get(&row, "id")?))).transpose()
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
        newest(&self.0.tx, plan).await
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
                    kind: parse(row, "plan_generations", "kind")?,
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
                new.kind.as_str().into(),
                new.model.into(),
                new.prompt.clone().into(),
                new.parameters.clone().into(),
            ],
        )
        .await
    }

    /// What a generation is and what it is made from.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn material(&self, id: GenerationId) -> Result<Option<Material>, StoreError> {
        let sql = "select kind, coalesce(model, '') as model, coalesce(prompt, 'null') as prompt, parameters
                   from plan_generations where id = $1";
        first(self.0, sql, [id.0.into()])
            .await?
            .map(|row| {
                Ok(Material {
                    kind: parse(&row, "plan_generations", "kind")?,
                    model: get(&row, "model")?,
                    prompt: get(&row, "prompt")?,
                    parameters: get(&row, "parameters")?,
                })
            })
            .transpose()
    }

    /// A plan's newest generation.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn newest(&self, plan: PlanId) -> Result<Option<GenerationId>, StoreError> {
        newest(self.0, plan).await
    }

    /// The model of a plan's newest generation.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_model(&self, plan: PlanId) -> Result<Option<String>, StoreError> {
        let sql = "select model from plan_generations where plan_id = $1 order by created_at desc, id desc limit 1";
        Ok(first(self.0, sql, [plan.0.into()]).await?.map(|row| get(&row, "model")).transpose()?.flatten())
    }

    /// Whether a generation of the plan waits or runs. Exact only while the plan's row is locked.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_running(&self, plan: PlanId) -> Result<bool, StoreError> {
        let sql = "select id from job_queue where plan_id = $1 and status in ('pending', 'processing')";
        Ok(first(self.0, sql, [plan.0.into()]).await?.is_some())
    }

    /// What a job generates; none when there is no such job, or it has no plan.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_job(&self, job: JobId) -> Result<Option<JobGeneration>, StoreError> {
        let sql = "select j.plan_id, j.user_id, j.status::text, coalesce(g.kind, 'initial') as kind,
                     not exists (select from plan_generations later
                                 where later.plan_id = g.plan_id and later.created_at > g.created_at) as newest
                   from job_queue j
                   left join plan_generations g on g.id::text = j.payload ->> 'generationId' and g.plan_id = j.plan_id
                   where j.id = $1 and j.plan_id is not null";
        first(self.0, sql, [job.0.into()])
            .await?
            .map(|row| {
                Ok(JobGeneration {
                    plan_id: PlanId(get(&row, "plan_id")?),
                    user_id: UserId(get(&row, "user_id")?),
                    status: parse(&row, "job_queue", "status")?,
                    kind: parse(&row, "plan_generations", "kind")?,
                    newest: get(&row, "newest")?,
                })
            })
            .transpose()
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
