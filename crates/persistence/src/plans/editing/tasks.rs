//! A module's tasks, as the learner. Whoever writes holds the plan's lock.

use super::{keys, list};
use crate::error::StoreError;
use crate::rows::{execute, execute_one, first, get};
use crate::session::UserTx;
use waymark_domain::ids::{ModuleId, PlanId, TaskId, UserId};
use waymark_domain::plans::{Description, NewTask, TaskPatch, Title};

/// A task that is added.
#[derive(Debug, Clone, Copy)]
pub struct NewTaskRow<'a> {
    /// Its key.
    pub id: TaskId,
    /// Its module.
    pub module: ModuleId,
    /// Whose it is.
    pub user: UserId,
    /// What is in it.
    pub words: &'a NewTask,
}

/// A module's tasks, as the learner.
pub struct UserTasks<'t>(&'t UserTx);

impl UserTx {
    /// Tasks, as the learner.
    pub fn tasks(&self) -> UserTasks<'_> {
        UserTasks(self)
    }
}

impl UserTasks<'_> {
    /// A module's tasks in order.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn in_order(&self, module: ModuleId) -> Result<Vec<TaskId>, StoreError> {
        let sql = r#"select id from tasks where module_id = $1 order by "order""#;
        Ok(keys(self.0, sql, module.0).await?.into_iter().map(TaskId).collect())
    }

    /// The module that a task is in.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn module_of(&self, id: TaskId) -> Result<Option<ModuleId>, StoreError> {
        let row = first(&self.0.tx, "select module_id from tasks where id = $1", [id.0.into()]).await?;
        row.map(|row| get(&row, "module_id").map(ModuleId)).transpose()
    }

    /// Adds a task at the end of its module; [`arrange`](Self::arrange) puts it in its place.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn insert(&self, row: &NewTaskRow<'_>) -> Result<(), StoreError> {
        let sql = r#"insert into tasks (id, module_id, user_id, "order", title, description, estimated_minutes, pinned)
                     select $1, $2, $3, coalesce(max("order"), 0) + 1, $4, $5, $6, $7 from tasks where module_id = $2"#;
        let values = [
            row.id.0.into(),
            row.module.0.into(),
            row.user.0.into(),
            row.words.title.as_str().into(),
            row.words.description.as_ref().map(Description::as_str).into(),
            i32::from(row.words.minutes.get()).into(),
            row.words.pinned.into(),
        ];
        execute_one(&self.0.tx, "a new task", sql, values).await
    }

    /// Changes a task; false when it is gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn change(&self, id: TaskId, patch: &TaskPatch) -> Result<bool, StoreError> {
        let sql = "update tasks set title = coalesce($2, title),
                     description = case when $3 then $4 else description end,
                     estimated_minutes = coalesce($5, estimated_minutes), pinned = coalesce($6, pinned),
                     updated_at = now()
                   where id = $1";
        let description = patch.description.as_ref().and_then(Option::as_ref).map(Description::as_str);
        let values = [
            id.0.into(),
            patch.title.as_ref().map(Title::as_str).into(),
            patch.description.is_some().into(),
            description.into(),
            patch.minutes.map(|minutes| i32::from(minutes.get())).into(),
            patch.pinned.into(),
        ];
        Ok(execute(&self.0.tx, sql, values).await? > 0)
    }

    /// Deletes a task; false when it is gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn delete(&self, id: TaskId) -> Result<bool, StoreError> {
        Ok(execute(&self.0.tx, "delete from tasks where id = $1", [id.0.into()]).await? > 0)
    }

    /// Puts a task at the end of another module of the same plan; false when there is no such module.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn hand_over(&self, plan: PlanId, id: TaskId, to: ModuleId) -> Result<bool, StoreError> {
        let sql = r#"update tasks set module_id = $3, updated_at = now(),
                       "order" = (select coalesce(max(o."order"), 0) + 1 from tasks o where o.module_id = $3)
                     where id = $2 and exists (select from modules m where m.id = $3 and m.plan_id = $1)"#;
        Ok(execute(&self.0.tx, sql, [plan.0.into(), id.0.into(), to.0.into()]).await? > 0)
    }

    /// Numbers a module's tasks from 1 in this order, which names all of them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn arrange(&self, module: ModuleId, order: &[TaskId]) -> Result<(), StoreError> {
        let sql = r#"update tasks t set "order" = x.place, updated_at = now()
                       from jsonb_array_elements_text($2) with ordinality as x (id, place)
                      where t.module_id = $1 and t.id = x.id::uuid and t."order" <> x.place"#;
        execute(&self.0.tx, sql, [module.0.into(), list(order.iter().map(|id| id.0))]).await?;
        Ok(())
    }
}
