//! Revisions: what a plan was before a regeneration or a restore replaced it.

use crate::error::StoreError;
use crate::rows::{all, execute, first, get, only};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::Value as Json;
use waymark_domain::ids::{GenerationId, PlanId, UserId};
use waymark_domain::plans::PlanSnapshot;

/// Former states kept of a plan: a restore makes one too, and costs nothing, so they must not pile up.
const KEPT: i64 = 50;

/// A former state, to be put aside.
pub struct NewRevision<'a> {
    /// The plan.
    pub plan_id: PlanId,
    /// Whose it is.
    pub user_id: UserId,
    /// The state.
    pub snapshot: &'a PlanSnapshot,
    /// The generation that replaces it; none: a restore or a dropping of tasks does.
    pub generation_id: Option<GenerationId>,
}

/// A former state in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionView {
    /// From 1, per plan.
    pub number: u32,
    /// The generation that replaced this state; none: a restore or a dropping of tasks did.
    pub generation_id: Option<GenerationId>,
    /// The topic then.
    pub topic: String,
    /// Modules then.
    pub modules: u32,
    /// Tasks then.
    pub tasks: u32,
    /// Tasks that were done then.
    pub tasks_completed: u32,
    /// When it was put aside.
    pub created_at: DateTime<Utc>,
}

const VIEW: &str = "number, generation_id, created_at, snapshot ->> 'topic' as topic,
    jsonb_array_length(snapshot -> 'modules')::bigint as modules,
    (select count(*) from jsonb_path_query(snapshot, '$.modules[*].tasks[*]')) as tasks,
    (select count(*) from jsonb_path_query(snapshot, '$.modules[*].tasks[*] ? (@.status == \"completed\")')) as completed";

fn view(row: &QueryResult) -> Result<RevisionView, StoreError> {
    let count = |column| crate::rows::count(row, "plan_revisions", column);
    Ok(RevisionView {
        number: u32::try_from(get::<i32>(row, "number")?)
            .map_err(|_| StoreError::Inconsistent { table: "plan_revisions", column: "number" })?,
        generation_id: get::<Option<uuid::Uuid>>(row, "generation_id")?.map(GenerationId),
        topic: get(row, "topic")?,
        modules: count("modules")?,
        tasks: count("tasks")?,
        tasks_completed: count("completed")?,
        created_at: get(row, "created_at")?,
    })
}

async fn find(
    tx: &DatabaseTransaction,
    plan: PlanId,
    number: u32,
) -> Result<Option<(RevisionView, PlanSnapshot)>, StoreError> {
    let sql = format!("select {VIEW}, snapshot from plan_revisions where plan_id = $1 and number = $2");
    first(tx, &sql, [plan.0.into(), i64::from(number).into()])
        .await?
        .map(|row| {
            let snapshot = serde_json::from_value(get::<Json>(&row, "snapshot")?)
                .map_err(|_| StoreError::Inconsistent { table: "plan_revisions", column: "snapshot" })?;
            Ok((view(&row)?, snapshot))
        })
        .transpose()
}

/// Revisions, as the learner.
pub struct UserRevisions<'t>(&'t UserTx);

impl UserTx {
    /// Revisions, as the learner.
    pub fn revisions(&self) -> UserRevisions<'_> {
        UserRevisions(self)
    }
}

impl UserRevisions<'_> {
    /// A plan's former states, newest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_plan(&self, plan: PlanId) -> Result<Vec<RevisionView>, StoreError> {
        let sql = format!("select {VIEW} from plan_revisions where plan_id = $1 order by number desc");
        all(&self.0.tx, &sql, [plan.0.into()]).await?.iter().map(view).collect()
    }

    /// One former state.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, plan: PlanId, number: u32) -> Result<Option<(RevisionView, PlanSnapshot)>, StoreError> {
        find(&self.0.tx, plan, number).await
    }
}

/// Revisions, as the server.
pub struct ServiceRevisions<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Revisions, as the server.
    pub fn revisions(&self) -> ServiceRevisions<'_> {
        ServiceRevisions(&self.tx)
    }
}

impl ServiceRevisions<'_> {
    /// One former state. The caller has checked whose plan it is.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, plan: PlanId, number: u32) -> Result<Option<(RevisionView, PlanSnapshot)>, StoreError> {
        find(self.0, plan, number).await
    }

    /// Puts a state aside under the next number, which it returns; the oldest beyond fifty go. Exact only while the plan's
    /// row is locked.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn add(&self, new: &NewRevision<'_>) -> Result<u32, StoreError> {
        let sql = "insert into plan_revisions (plan_id, user_id, number, snapshot, generation_id)
                   select $1, $2, coalesce(max(number), 0) + 1, $3, $4 from plan_revisions where plan_id = $1
                   returning number::bigint as number";
        let snapshot = serde_json::to_value(new.snapshot)
            .map_err(|_| StoreError::Inconsistent { table: "plan_revisions", column: "snapshot" })?;
        let values = [
            new.plan_id.0.into(),
            new.user_id.0.into(),
            snapshot.into(),
            new.generation_id.map(|generation| generation.0).into(),
        ];
        let number = crate::rows::count(&only(self.0, "a revision", sql, values).await?, "plan_revisions", "number")?;
        let old = "delete from plan_revisions where plan_id = $1 and number <= $2";
        execute(self.0, old, [new.plan_id.0.into(), (i64::from(number) - KEPT).into()]).await?;
        Ok(number)
    }
}
