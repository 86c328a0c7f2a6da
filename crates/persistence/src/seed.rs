//! Storing made-up learners with everything around them, a batch at a time. Called by `services::seed` for `waymark seed`,
//! and by nothing that serves.

mod rows;

pub use rows::{
    ReservationState, SeedAttempt, SeedAudit, SeedBatch, SeedEvent, SeedGeneration, SeedLink, SeedModule, SeedMonth,
    SeedPlan, SeedProgress, SeedReservation, SeedResource, SeedRevision, SeedSpend, SeedTask, SeedUser,
};

use crate::error::StoreError;
use crate::rows::{execute, get, only};
use crate::session::ServiceTx;
use sea_orm::DatabaseTransaction;
use serde::Serialize;

/// A table and the columns that are written, as `jsonb_to_recordset` declares them: a name and a type each.
struct Table(&'static str, &'static str);

const USERS: Table = Table(
    "users",
    "id uuid, clerk_user_id text, email text, name text, subscription_tier subscription_tier, \
     subscription_status subscription_status, stripe_customer_id text, stripe_subscription_id text, \
     stripe_subscription_status text, subscription_period_end timestamptz, cancel_at_period_end bool, \
     subscription_synced_at timestamptz, preferred_model text, timezone text, availability jsonb, \
     notification_prefs jsonb, created_at timestamptz, updated_at timestamptz",
);
const PLANS: Table = Table(
    "learning_plans",
    "id uuid, user_id uuid, topic text, notes text, skill_level skill_level, weekly_hours int, \
     learning_style learning_style, start_date date, deadline_date date, generation_status generation_status, \
     is_quota_eligible bool, finalized_at timestamptz, version int, created_at timestamptz, updated_at timestamptz",
);
const MODULES: Table = Table(
    "modules",
    "id uuid, plan_id uuid, user_id uuid, \"order\" int, title text, description text, estimated_minutes int, \
     created_at timestamptz, updated_at timestamptz",
);
const TASKS: Table = Table(
    "tasks",
    "id uuid, module_id uuid, user_id uuid, \"order\" int, title text, description text, estimated_minutes int, \
     pinned bool, created_at timestamptz, updated_at timestamptz",
);
const PROGRESS: Table = Table(
    "task_progress",
    "id uuid, task_id uuid, user_id uuid, status progress_status, completed_at timestamptz, created_at timestamptz, \
     updated_at timestamptz",
);
const GENERATIONS: Table = Table(
    "plan_generations",
    "id uuid, plan_id uuid, user_id uuid, kind text, model text, prompt jsonb, parameters jsonb, output_summary jsonb, \
     created_at timestamptz, updated_at timestamptz",
);
const ATTEMPTS: Table = Table(
    "generation_attempts",
    "id uuid, plan_id uuid, user_id uuid, generation_id uuid, number int, status text, classification text, \
     duration_ms int8, modules_count int, tasks_count int, prompt_hash text, metadata jsonb, reached_at timestamptz, \
     finished_at timestamptz, created_at timestamptz, updated_at timestamptz",
);
const EVENTS: Table = Table(
    "generation_events",
    "id uuid, plan_id uuid, user_id uuid, generation_id uuid, seq int8, type text, data jsonb, created_at timestamptz",
);
const REVISIONS: Table = Table(
    "plan_revisions",
    "id uuid, plan_id uuid, user_id uuid, number int, snapshot jsonb, generation_id uuid, created_at timestamptz",
);
const RESERVATIONS: Table = Table(
    "usage_reservations",
    "id uuid, user_id uuid, month text, kind text, subject_id uuid, state text, amount_microusd int8, \
     expires_at timestamptz, created_at timestamptz, updated_at timestamptz",
);
const SPENDS: Table = Table(
    "ai_usage_events",
    "id uuid, user_id uuid, plan_id uuid, generation_id uuid, attempt int, provider text, model text, \
     input_tokens int8, output_tokens int8, cost_cents int8, cost_microusd int8, estimated bool, price jsonb, \
     request_id text, created_at timestamptz",
);
const MONTHS: Table = Table(
    "usage_metrics",
    "id uuid, user_id uuid, month text, plans_generated int, regenerations_used int, ai_cost_microusd int8, \
     created_at timestamptz, updated_at timestamptz",
);
const AUDITS: Table = Table(
    "audit_log",
    "id uuid, user_id uuid, actor text, action text, subject text, data jsonb, created_at timestamptz",
);

// Sorted by address, as every writer of this table does. Links that are there already, from whatever plan, are shared.
const RESOURCES: &str = "
insert into resources (id, type, title, url, domain, author, duration_minutes, tags, created_at, updated_at)
select id, type, title, url, domain, author, duration_minutes, tags, created_at, created_at
  from jsonb_to_recordset($1) as r(id uuid, type resource_type, title text, url text, domain text, author text,
    duration_minutes int, tags text[], created_at timestamptz)
 order by url
on conflict (url) do nothing";

const LINKS: &str = r#"
insert into task_resources (id, task_id, user_id, resource_id, "order", created_at, updated_at)
select l.id, l.task_id, l.user_id, r.id, l."order", l.created_at, l.created_at
  from jsonb_to_recordset($1) as l(id uuid, task_id uuid, user_id uuid, url text, "order" int, created_at timestamptz)
  join resources r on r.url = l.url"#;

/// The hand that seeds.
pub struct ServiceSeed<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// The hand that seeds.
    pub fn seed(&self) -> ServiceSeed<'_> {
        ServiceSeed(&self.tx)
    }
}

impl ServiceSeed<'_> {
    /// Whether there is, or was, an account of this subject.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn knows(&self, subject: &str) -> Result<bool, StoreError> {
        let sql = "select exists (select from users where clerk_user_id = $1)
                       or exists (select from deleted_users where clerk_user_id = $1) as known";
        get(&only(self.0, "a subject", sql, [subject.into()]).await?, "known")
    }

    /// Stores a batch; parents first, each table in one statement.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a row is there already.
    pub async fn insert(&self, batch: &SeedBatch) -> Result<(), StoreError> {
        self.table(&USERS, &batch.users).await?;
        self.table(&PLANS, &batch.plans).await?;
        self.table(&MODULES, &batch.modules).await?;
        self.table(&TASKS, &batch.tasks).await?;
        if !batch.resources.is_empty() {
            execute(self.0, RESOURCES, [json(&batch.resources)?.into()]).await?;
        }
        self.rows("seeded links", LINKS, &batch.links).await?;
        self.table(&PROGRESS, &batch.progress).await?;
        self.table(&GENERATIONS, &batch.generations).await?;
        self.table(&ATTEMPTS, &batch.attempts).await?;
        self.table(&EVENTS, &batch.events).await?;
        self.table(&REVISIONS, &batch.revisions).await?;
        self.table(&RESERVATIONS, &batch.reservations).await?;
        self.table(&SPENDS, &batch.spends).await?;
        self.table(&MONTHS, &batch.months).await?;
        self.table(&AUDITS, &batch.audits).await
    }

    async fn table<T: Serialize>(&self, Table(name, columns): &Table, rows: &[T]) -> Result<(), StoreError> {
        let names: Vec<&str> = columns.split(", ").filter_map(|column| column.split(' ').next()).collect();
        let names = names.join(", ");
        let sql = format!("insert into {name} ({names}) select {names} from jsonb_to_recordset($1) as r({columns})");
        self.rows(name, &sql, rows).await
    }

    /// Runs an insert that must store every row.
    async fn rows<T: Serialize>(&self, what: &'static str, sql: &str, rows: &[T]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let expected = rows.len() as u64;
        match execute(self.0, sql, [json(rows)?.into()]).await? {
            actual if actual == expected => Ok(()),
            actual => Err(StoreError::WrongCount { what, expected, actual }),
        }
    }
}

fn json<T: Serialize>(rows: &[T]) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(rows).map_err(|_| StoreError::Inconsistent { table: "seed", column: "rows" })
}
