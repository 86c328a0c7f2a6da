//! How far a learner is with their tasks. It is no edit: the plan's version stays.

use super::UserPlans;
use crate::error::StoreError;
use crate::rows::{all, count, execute, first, get, only, parse};
use crate::session::UserTx;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use waymark_domain::ids::{PlanId, TaskId, UserId};
use waymark_domain::plans::ProgressStatus;

/// How far the learner is with a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskProgress {
    /// The task.
    pub task_id: TaskId,
    /// How far.
    pub status: ProgressStatus,
    /// When it was done.
    pub completed_at: Option<DateTime<Utc>>,
}

/// How far the learner is with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanProgress {
    /// What its tasks make of it.
    pub status: ProgressStatus,
    /// Tasks.
    pub tasks_total: u32,
    /// Tasks done.
    pub tasks_completed: u32,
    /// Minutes of all tasks.
    pub minutes_total: i64,
    /// Minutes of the tasks done.
    pub minutes_completed: i64,
}

// What was completed keeps its time when it is said again.
const WRITE: &str = "
insert into task_progress (task_id, user_id, status, completed_at)
select x.task_id, $1, x.status::progress_status, case when x.status = 'completed' then $3::timestamptz end
  from jsonb_to_recordset($2) as x (task_id uuid, status text)
 order by x.task_id
on conflict (user_id, task_id) do update
   set status = excluded.status, completed_at = excluded.completed_at, updated_at = now()
 where task_progress.status is distinct from excluded.status";

const READ: &str = "
select t.id, coalesce(g.status::text, 'not_started') as status, g.completed_at
  from jsonb_array_elements_text($1) with ordinality as x (id, place)
  join tasks t on t.id = x.id::uuid
  left join task_progress g on g.task_id = t.id and g.user_id = t.user_id
 order by x.place";

const SUMS: &str = "
select count(*) as total, count(*) filter (where status = 'completed') as completed,
       coalesce(sum(minutes), 0) as minutes, coalesce(sum(minutes) filter (where status = 'completed'), 0) as done,
       case when count(*) filter (where status <> 'not_started') = 0 then 'not_started'
            when count(*) filter (where status <> 'completed') = 0 then 'completed'
            else 'in_progress' end as status
  from (select coalesce(g.status::text, 'not_started') as status, t.estimated_minutes as minutes
          from modules m join tasks t on t.module_id = m.id
          left join task_progress g on g.task_id = t.id and g.user_id = t.user_id
         where m.plan_id = $1) s";

/// Progress, as the learner.
pub struct UserProgress<'t>(&'t UserTx);

impl UserTx {
    /// Progress, as the learner.
    pub fn progress(&self) -> UserProgress<'_> {
        UserProgress(self)
    }
}

impl UserPlans<'_> {
    /// Keeps a plan from being deleted for the rest of the transaction; false when there is no such plan of this learner.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn hold(&self, id: PlanId) -> Result<bool, StoreError> {
        let sql = "select id from learning_plans where id = $1 for key share";
        Ok(first(&self.0.tx, sql, [id.0.into()]).await?.is_some())
    }
}

impl UserProgress<'_> {
    /// Keeps tasks from being deleted for the rest of the transaction; tells how many of them the plan has. The caller
    /// [holds](UserPlans::hold) the plan.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn hold(&self, plan: PlanId, tasks: &[TaskId]) -> Result<usize, StoreError> {
        // By key, as everybody who locks several tasks does.
        let sql = "select t.id from tasks t join modules m on m.id = t.module_id
                    where m.plan_id = $1 and t.id in (select value::uuid from jsonb_array_elements_text($2))
                    order by t.id for key share of t";
        Ok(all(&self.0.tx, sql, [plan.0.into(), json!(tasks).into()]).await?.len())
    }

    /// Records how far the learner is with tasks that are held; what is completed `now` keeps that time until it is not
    /// completed any more.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn record(
        &self,
        user: UserId,
        progress: &[(TaskId, ProgressStatus)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let rows: Vec<Json> =
            progress.iter().map(|(task, status)| json!({ "task_id": task, "status": status })).collect();
        execute(&self.0.tx, WRITE, [user.0.into(), Json::from(rows).into(), now.into()]).await?;
        Ok(())
    }

    /// How far the learner is with these tasks, in this order.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_tasks(&self, tasks: &[TaskId]) -> Result<Vec<TaskProgress>, StoreError> {
        let rows = all(&self.0.tx, READ, [json!(tasks).into()]).await?;
        rows.iter()
            .map(|row| {
                Ok(TaskProgress {
                    task_id: TaskId(get(row, "id")?),
                    status: parse(row, "task_progress", "status")?,
                    completed_at: get(row, "completed_at")?,
                })
            })
            .collect()
    }

    /// How far the learner is with a plan.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_plan(&self, plan: PlanId) -> Result<PlanProgress, StoreError> {
        let row = only(&self.0.tx, "a plan's progress", SUMS, [plan.0.into()]).await?;
        Ok(PlanProgress {
            status: parse(&row, "task_progress", "status")?,
            tasks_total: count(&row, "tasks", "total")?,
            tasks_completed: count(&row, "tasks", "completed")?,
            minutes_total: get(&row, "minutes")?,
            minutes_completed: get(&row, "done")?,
        })
    }
}
