//! Bringing a plan from its present tree to a merged one: what stays keeps its rows, so that progress, explanations and
//! calendar entries hang on.

use super::ServicePlans;
use super::settle::RESOURCES;
use crate::error::StoreError;
use crate::rows::{execute, execute_one};
use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use std::collections::HashSet;
use uuid::Uuid;
use waymark_domain::generation::domain_of;
use waymark_domain::ids::{PlanId, UserId};
use waymark_domain::plans::{
    LearningStyle, Merged, MergedModule, MergedTask, PlanSnapshot, ProgressStatus, ProposedTask, SkillLevel,
    SnapshotLink,
};

/// What a plan was asked for with, as columns.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanInputs<'a> {
    /// What to learn.
    pub topic: &'a str,
    /// What else was said.
    pub notes: Option<&'a str>,
    /// Level.
    pub skill_level: SkillLevel,
    /// Style.
    pub learning_style: LearningStyle,
    /// Hours a week.
    pub weekly_hours: i32,
    /// First day.
    pub start_date: Option<chrono::NaiveDate>,
    /// Last day.
    pub deadline_date: Option<chrono::NaiveDate>,
}

impl<'a> PlanInputs<'a> {
    /// The inputs that a former state had.
    pub fn of(snapshot: &'a PlanSnapshot) -> Self {
        Self {
            topic: &snapshot.topic,
            notes: snapshot.notes.as_deref(),
            skill_level: snapshot.skill_level,
            learning_style: snapshot.learning_style,
            weekly_hours: snapshot.weekly_hours,
            start_date: snapshot.start_date,
            deadline_date: snapshot.deadline_date,
        }
    }
}

const MODULES: &str = r#"
insert into modules (id, plan_id, user_id, "order", title, description, estimated_minutes)
select id, $1, $2, "order", title, description, minutes
  from jsonb_to_recordset($3) as x(id uuid, "order" int, title text, description text, minutes int)
on conflict (id) do update set "order" = excluded."order", title = excluded.title, description = excluded.description,
  estimated_minutes = excluded.estimated_minutes, updated_at = now()
where modules.plan_id = $1"#;

// A task that stays is moved; one that is replaced by its successor also takes its words.
const PLACES: &str = r#"
update tasks t set module_id = x.module_id, "order" = x."order", updated_at = now(),
  title = coalesce(x.title, t.title), estimated_minutes = coalesce(x.minutes, t.estimated_minutes),
  description = case when x.title is null then t.description else x.description end
  from jsonb_to_recordset($1) as x(id uuid, module_id uuid, "order" int, title text, description text, minutes int)
 where t.id = x.id and t.user_id = $2"#;

const GONE_TASKS: &str = "
delete from tasks t using modules m
 where m.id = t.module_id and m.plan_id = $1
   and t.id not in (select value::uuid from jsonb_array_elements_text($2))";

const GONE_MODULES: &str = "
delete from modules m
 where m.plan_id = $1 and m.id not in (select value::uuid from jsonb_array_elements_text($2))";

const NEW_TASKS: &str = r#"
insert into tasks (id, module_id, user_id, "order", title, description, estimated_minutes, pinned, has_micro_explanation,
  explanation)
select id, module_id, $1, "order", title, description, minutes, pinned, explained, explanation::jsonb
  from jsonb_to_recordset($2) as x(id uuid, module_id uuid, "order" int, title text, description text, minutes int, pinned bool,
    explained bool, explanation text)"#;

const PROGRESS: &str = "
insert into task_progress (task_id, user_id, status, completed_at)
select task_id, $1, status::progress_status, completed_at
  from jsonb_to_recordset($2) as x(task_id uuid, status text, completed_at timestamptz)";

const OLD_LINKS: &str = "
delete from task_resources l
 where l.user_id = $1 and l.task_id in (select value::uuid from jsonb_array_elements_text($2))";

const NEW_LINKS: &str = r#"
insert into task_resources (id, task_id, user_id, resource_id, "order", notes)
select x.id, x.task_id, $1, r.id, x."order", x.notes
  from jsonb_to_recordset($2) as x(id uuid, task_id uuid, url text, "order" int, notes text)
  join resources r on r.url = x.url"#;

impl ServicePlans<'_> {
    /// Replaces a plan's tree by `merged` and its inputs by `inputs`; its version grows. The caller holds the plan's row
    /// and [`lock_tree`](Self::lock_tree), and merged with what it read under them.
    ///
    /// # Errors
    /// [`StoreError::WrongCount`] when the tree is not the one that was merged with.
    pub async fn apply(
        &self,
        (plan, user): (PlanId, UserId),
        inputs: &PlanInputs<'_>,
        merged: &Merged,
        new_id: impl Fn() -> Uuid,
    ) -> Result<(), StoreError> {
        let rows = MergedRows::of(merged, &new_id);
        // Places are swapped one row at a time; they are dense again at the end.
        execute(self.0, "set constraints modules_plan_id_order_key, tasks_module_id_order_key deferred", []).await?;
        self.run("merged modules", MODULES, rows.modules.len(), [plan.0.into(), user.0.into(), list(rows.modules)])
            .await?;
        self.run("tasks that stay", PLACES, rows.places.len(), [list(rows.places), user.0.into()]).await?;
        execute(self.0, GONE_TASKS, [plan.0.into(), list(rows.kept_tasks)]).await?;
        execute(self.0, GONE_MODULES, [plan.0.into(), list(rows.kept_modules)]).await?;
        self.run("new tasks", NEW_TASKS, rows.tasks.len(), [user.0.into(), list(rows.tasks)]).await?;
        self.run("progress given back", PROGRESS, rows.progress.len(), [user.0.into(), list(rows.progress)]).await?;
        execute(self.0, OLD_LINKS, [user.0.into(), list(rows.relinked)]).await?;
        execute(self.0, RESOURCES, [list(rows.resources)]).await?;
        self.run("links", NEW_LINKS, rows.links.len(), [user.0.into(), list(rows.links)]).await?;
        execute(self.0, "set constraints all immediate", []).await?;
        self.set_inputs(plan, inputs).await
    }

    async fn set_inputs(&self, plan: PlanId, inputs: &PlanInputs<'_>) -> Result<(), StoreError> {
        let sql = "update learning_plans set topic = $2, notes = $3, skill_level = $4::skill_level,
                     learning_style = $5::learning_style, weekly_hours = $6, start_date = $7, deadline_date = $8,
                     version = version + 1, updated_at = now()
                   where id = $1";
        let values = [
            plan.0.into(),
            inputs.topic.into(),
            inputs.notes.into(),
            inputs.skill_level.as_str().into(),
            inputs.learning_style.as_str().into(),
            inputs.weekly_hours.into(),
            inputs.start_date.into(),
            inputs.deadline_date.into(),
        ];
        execute_one(self.0, "a plan's inputs", sql, values).await
    }

    async fn run<const N: usize>(
        &self,
        what: &'static str,
        sql: &str,
        expected: usize,
        values: [sea_orm::Value; N],
    ) -> Result<(), StoreError> {
        let expected = expected as u64;
        if expected == 0 {
            return Ok(());
        }
        match execute(self.0, sql, values).await? {
            actual if actual == expected => Ok(()),
            actual => Err(StoreError::WrongCount { what, expected, actual }),
        }
    }
}

fn list(rows: Vec<Json>) -> sea_orm::Value {
    Json::from(rows).into()
}

/// A merged tree as rows for `jsonb_to_recordset`.
#[derive(Default)]
struct MergedRows {
    modules: Vec<Json>,
    kept_modules: Vec<Json>,
    places: Vec<Json>,
    kept_tasks: Vec<Json>,
    tasks: Vec<Json>,
    progress: Vec<Json>,
    relinked: Vec<Json>,
    resources: Vec<Json>,
    links: Vec<Json>,
    known_urls: HashSet<String>,
}

impl MergedRows {
    fn of(merged: &Merged, new_id: &impl Fn() -> Uuid) -> Self {
        let mut rows = Self::default();
        for (module, order) in merged.modules.iter().zip(1..) {
            rows.module(module, order, new_id);
        }
        rows
    }

    fn module(&mut self, module: &MergedModule, order: i32, new_id: &impl Fn() -> Uuid) {
        let id = module.id.map_or_else(new_id, |id| id.0);
        self.kept_modules.push(json!(id));
        self.modules.push(json!({"id": id, "order": order, "title": module.title, "description": module.description,
            "minutes": module.minutes}));
        for (task, order) in module.tasks.iter().zip(1..) {
            self.task(task, id, order, new_id);
        }
    }

    fn task(&mut self, task: &MergedTask, module: Uuid, order: i32, new_id: &impl Fn() -> Uuid) {
        match task {
            MergedTask::Kept(id) => {
                self.places.push(json!({"id": id, "module_id": module, "order": order}));
                self.kept_tasks.push(json!(id));
            }
            MergedTask::Updated(id, words) => {
                self.places.push(json!({"id": id, "module_id": module, "order": order, "title": words.title,
                    "description": words.description, "minutes": words.minutes}));
                self.kept_tasks.push(json!(id));
                self.relinked.push(json!(id));
                self.links(id.0, &words.links, new_id);
            }
            MergedTask::Added(former, words) => {
                let id = former.map_or_else(new_id, |id| id.0);
                self.tasks.push(json!({"id": id, "module_id": module, "order": order, "title": words.title,
                    "description": words.description, "minutes": words.minutes, "pinned": words.pinned,
                    "explained": words.has_micro_explanation, "explanation": words.explanation}));
                self.give_back(id, words);
                self.links(id, &words.links, new_id);
            }
        }
    }

    fn give_back(&mut self, id: Uuid, words: &ProposedTask) {
        let done: Option<(ProgressStatus, Option<DateTime<Utc>>)> = words.former;
        if let Some((status, completed_at)) = done.filter(|(status, _)| *status != ProgressStatus::NotStarted) {
            self.progress.push(json!({"task_id": id, "status": status, "completed_at": completed_at}));
        }
    }

    fn links(&mut self, task: Uuid, links: &[SnapshotLink], new_id: &impl Fn() -> Uuid) {
        let mut of_task = HashSet::new();
        for link in links.iter().filter(|link| of_task.insert(link.url.as_str())).zip(1..) {
            let (link, order): (&SnapshotLink, i32) = link;
            self.links
                .push(json!({"id": new_id(), "task_id": task, "url": link.url, "order": order, "notes": link.notes}));
            if self.known_urls.insert(link.url.clone()) {
                let domain = domain_of(&link.url);
                self.resources.push(json!({"id": new_id(), "type": link.kind, "title": link.title, "url": link.url,
                    "domain": domain}));
            }
        }
    }
}
