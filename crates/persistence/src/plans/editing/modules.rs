//! A plan's modules, as the learner. Whoever writes holds the plan's lock.

use super::{keys, list};
use crate::error::StoreError;
use crate::rows::{execute, execute_one};
use crate::session::UserTx;
use waymark_domain::ids::{ModuleId, PlanId, UserId};
use waymark_domain::plans::{Description, ModuleMinutes, ModulePatch, NewModule, Title};

/// A module that is added.
#[derive(Debug, Clone, Copy)]
pub struct NewModuleRow<'a> {
    /// Its key.
    pub id: ModuleId,
    /// Its plan.
    pub plan: PlanId,
    /// Whose it is.
    pub user: UserId,
    /// What is in it.
    pub words: &'a NewModule,
}

/// A plan's modules, as the learner.
pub struct UserModules<'t>(&'t UserTx);

impl UserTx {
    /// Modules, as the learner.
    pub fn modules(&self) -> UserModules<'_> {
        UserModules(self)
    }
}

impl UserModules<'_> {
    /// A plan's modules in order.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn in_order(&self, plan: PlanId) -> Result<Vec<ModuleId>, StoreError> {
        let sql = r#"select id from modules where plan_id = $1 order by "order""#;
        Ok(keys(self.0, sql, plan.0).await?.into_iter().map(ModuleId).collect())
    }

    /// Adds a module at the end of its plan; [`arrange`](Self::arrange) puts it in its place.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn insert(&self, row: &NewModuleRow<'_>) -> Result<(), StoreError> {
        let sql = r#"insert into modules (id, plan_id, user_id, "order", title, description, estimated_minutes)
                     select $1, $2, $3, coalesce(max("order"), 0) + 1, $4, $5, $6 from modules where plan_id = $2"#;
        let values = [
            row.id.0.into(),
            row.plan.0.into(),
            row.user.0.into(),
            row.words.title.as_str().into(),
            row.words.description.as_ref().map(Description::as_str).into(),
            i32::from(row.words.minutes.map_or(0, ModuleMinutes::get)).into(),
        ];
        execute_one(&self.0.tx, "a new module", sql, values).await
    }

    /// Changes a module; false when it is gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn change(&self, id: ModuleId, patch: &ModulePatch) -> Result<bool, StoreError> {
        let sql = "update modules set title = coalesce($2, title),
                     description = case when $3 then $4 else description end,
                     estimated_minutes = coalesce($5, estimated_minutes), updated_at = now()
                   where id = $1";
        let description = patch.description.as_ref().and_then(Option::as_ref).map(Description::as_str);
        let values = [
            id.0.into(),
            patch.title.as_ref().map(Title::as_str).into(),
            patch.description.is_some().into(),
            description.into(),
            patch.minutes.map(|minutes| i32::from(minutes.get())).into(),
        ];
        Ok(execute(&self.0.tx, sql, values).await? > 0)
    }

    /// Deletes a module with its tasks; false when it is gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn delete(&self, id: ModuleId) -> Result<bool, StoreError> {
        // In the order in which progress locks them, or the two could wait for each other.
        let lock = "select id from tasks where module_id = $1 order by id for update";
        execute(&self.0.tx, lock, [id.0.into()]).await?;
        Ok(execute(&self.0.tx, "delete from modules where id = $1", [id.0.into()]).await? > 0)
    }

    /// Numbers a plan's modules from 1 in this order, which names all of them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn arrange(&self, plan: PlanId, order: &[ModuleId]) -> Result<(), StoreError> {
        let sql = r#"update modules m set "order" = x.place, updated_at = now()
                       from jsonb_array_elements_text($2) with ordinality as x (id, place)
                      where m.plan_id = $1 and m.id = x.id::uuid and m."order" <> x.place"#;
        execute(&self.0.tx, sql, [plan.0.into(), list(order.iter().map(|id| id.0))]).await?;
        Ok(())
    }
}
