//! Storing a generated plan: modules, tasks and links in two statements, then the plan is ready.

use super::ServicePlans;
use crate::error::StoreError;
use crate::rows::{execute, execute_one};
use serde_json::{Value as Json, json};
use std::collections::HashSet;
use uuid::Uuid;
use waymark_domain::generation::{DraftModule, DraftResource};
use waymark_domain::ids::{PlanId, UserId};

/// What is stored of a generated plan.
pub struct SettledPlan<'a> {
    /// The plan.
    pub id: PlanId,
    /// Whose it is.
    pub user_id: UserId,
    /// Modules in order.
    pub modules: &'a [DraftModule],
}

// Sorted by address, so that two plans naming the same links cannot deadlock. What another transaction adds meanwhile is
// seen by the next statement.
pub(super) const RESOURCES: &str = "
insert into resources (id, type, title, url, domain)
select id, type::resource_type, title, url, domain
  from jsonb_to_recordset($1) as r(id uuid, type text, title text, url text, domain text)
 order by url
on conflict (url) do nothing";

// Foreign keys are checked at the statement's end, so parents and children go in together.
const TREE: &str = r#"
with m as (
  insert into modules (id, plan_id, user_id, "order", title, description, estimated_minutes)
  select id, $1, $2, "order", title, description, minutes
    from jsonb_to_recordset($3) as x(id uuid, "order" int, title text, description text, minutes int)),
t as (
  insert into tasks (id, module_id, user_id, "order", title, description, estimated_minutes)
  select id, module_id, $2, "order", title, description, minutes
    from jsonb_to_recordset($4) as x(id uuid, module_id uuid, "order" int, title text, description text, minutes int))
insert into task_resources (id, task_id, user_id, resource_id, "order")
select l.id, l.task_id, $2, r.id, l."order"
  from jsonb_to_recordset($5) as l(id uuid, task_id uuid, url text, "order" int)
  join resources r on r.url = l.url"#;

impl ServicePlans<'_> {
    /// Stores a generated plan's tree; `new_id` makes each row's key.
    ///
    /// # Errors
    /// [`StoreError::WrongCount`] when a link was not stored.
    pub async fn store_tree(&self, plan: &SettledPlan<'_>, new_id: impl Fn() -> Uuid) -> Result<(), StoreError> {
        let rows = TreeRows::of(plan.modules, &new_id);
        execute(self.0, RESOURCES, [Json::from(rows.resources).into()]).await?;
        let expected = rows.links.len() as u64;
        let values = [
            plan.id.0.into(),
            plan.user_id.0.into(),
            Json::from(rows.modules).into(),
            Json::from(rows.tasks).into(),
            Json::from(rows.links).into(),
        ];
        match execute(self.0, TREE, values).await? {
            actual if actual == expected => Ok(()),
            actual => Err(StoreError::WrongCount { what: "a plan's links", expected, actual }),
        }
    }

    /// Marks a plan that is being generated as ready and counted.
    ///
    /// # Errors
    /// [`StoreError::WrongCount`] when it is not being generated.
    pub async fn mark_ready(&self, id: PlanId) -> Result<(), StoreError> {
        let sql =
            "update learning_plans set generation_status = 'ready', is_quota_eligible = true, finalized_at = now(),
                     updated_at = now(), version = version + 1
                   where id = $1 and generation_status = 'generating'";
        execute_one(self.0, "a ready plan", sql, [id.0.into()]).await
    }
}

/// A tree as rows for `jsonb_to_recordset`.
#[derive(Default)]
struct TreeRows {
    modules: Vec<Json>,
    tasks: Vec<Json>,
    links: Vec<Json>,
    resources: Vec<Json>,
}

impl TreeRows {
    fn of(modules: &[DraftModule], new_id: &impl Fn() -> Uuid) -> Self {
        let mut rows = Self::default();
        let mut known = HashSet::new();
        for (module, order) in modules.iter().zip(1..) {
            let module_id = new_id();
            rows.modules.push(row(module_id, order, &module.title, module.description.as_deref(), module.minutes));
            for (task, order) in module.tasks.iter().zip(1..) {
                let task_id = new_id();
                let mut fields = row(task_id, order, &task.title, task.description.as_deref(), task.minutes);
                if let Json::Object(fields) = &mut fields {
                    fields.insert("module_id".to_owned(), json!(module_id));
                }
                rows.tasks.push(fields);
                for (link, order) in task.resources.iter().zip(1..) {
                    rows.links.push(json!({"id": new_id(), "task_id": task_id, "url": link.url, "order": order}));
                    if known.insert(link.url.as_str()) {
                        rows.resources.push(resource(link, new_id()));
                    }
                }
            }
        }
        rows
    }
}

fn row(id: Uuid, order: i32, title: &str, description: Option<&str>, minutes: u16) -> Json {
    json!({"id": id, "order": order, "title": title, "description": description, "minutes": minutes})
}

fn resource(link: &DraftResource, id: Uuid) -> Json {
    json!({"id": id, "type": link.kind, "title": link.title, "url": link.url, "domain": link.domain()})
}
