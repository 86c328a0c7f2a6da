//! One believable row for every table, as data: the same text makes the seed and the insert that the matrix tries.
//! Parents come first. A table of the catalogue that is not here fails the matrix.

use crate::tenancy::people::{Person, id};
use uuid::Uuid;

/// A table and how a row of it is inserted.
pub struct Table {
    pub name: &'static str,
    /// Columns and values; see [`fill`] for what stands in braces.
    insert: &'static str,
    /// How many rows each person is given.
    pub seeded: u32,
}

const fn one(name: &'static str, insert: &'static str) -> Table {
    Table { name, insert, seeded: 1 }
}

const fn two(name: &'static str, insert: &'static str) -> Table {
    Table { name, insert, seeded: 2 }
}

pub const TABLES: [Table; 28] = [
    one(
        "users",
        "(id, clerk_user_id, email, name, stripe_customer_id) \
         values ({user}, {subject}, {subject} || '@example.com', 'Ada', 'cus_' || {subject})",
    ),
    one(
        "learning_plans",
        "(id, user_id, topic, skill_level, weekly_hours, learning_style, generation_status, is_quota_eligible, finalized_at) \
         values ({row}, {user}, 'Rust for embedded systems', 'beginner', 5, 'mixed', 'ready', true, now())",
    ),
    two("modules", r#"(id, plan_id, user_id, "order", title) values ({row}, {plan}, {user}, {n}, 'Foundations')"#),
    two(
        "tasks",
        r#"(id, module_id, user_id, "order", title, estimated_minutes) values ({row}, {module}, {user}, {n}, 'Read', 30)"#,
    ),
    one("resources", "(id, type, title, url) values ({row}, 'doc', 'The book', 'https://example.com/' || {row})"),
    one(
        "task_resources",
        r#"(id, task_id, user_id, resource_id, "order") values ({row}, {task}, {user}, {resource}, 1)"#,
    ),
    one(
        "task_progress",
        "(id, task_id, user_id, status, completed_at) values ({row}, {task}, {user}, 'completed', now())",
    ),
    one(
        "plan_schedules",
        "(id, plan_id, user_id, schedule_json, inputs_hash, timezone, weekly_hours, start_date) \
         values ({row}, {plan}, {user}, '{}', {hash}, 'UTC', 5, '2026-11-23')",
    ),
    one(
        "calendar_feed_entries",
        "(id, plan_id, user_id, task_id, part, content_hash, title, starts_at, ends_at, last_modified) \
         values ({row}, {plan}, {user}, {task}, {n}, {hash}, 'Read', now(), now(), now())",
    ),
    one(
        "plan_generations",
        r#"(id, plan_id, user_id, kind, prompt) values ({row}, {plan}, {user}, 'initial', '{"system": "secret"}')"#,
    ),
    one(
        "plan_revisions",
        "(id, plan_id, user_id, number, snapshot, generation_id) values ({row}, {plan}, {user}, {n}, '{}', {generation})",
    ),
    one(
        "generation_attempts",
        "(id, plan_id, user_id, generation_id, number, status, metadata) \
         values ({row}, {plan}, {user}, {generation}, {n}, 'success', '{\"secret\": 1}')",
    ),
    one(
        "generation_events",
        "(id, plan_id, user_id, generation_id, seq, type) values ({row}, {plan}, {user}, {generation}, {n}, 'plan_start')",
    ),
    one(
        "job_queue",
        "(id, plan_id, user_id, job_type, payload) \
         values ({row}, {plan}, {user}, 'plan_generation', '{\"secret\": 1}')",
    ),
    one(
        "usage_metrics",
        "(id, user_id, month, plans_generated) values ({row}, {user}, '2026-' || lpad({n}::text, 2, '0'), 3)",
    ),
    one(
        "usage_reservations",
        "(id, user_id, month, kind, subject_id, expires_at) \
         values ({row}, {user}, '2026-11', 'plan', {row}, now() + interval '1 hour')",
    ),
    one(
        "ai_usage_events",
        "(id, user_id, plan_id, generation_id, attempt, provider, model, cost_microusd) \
         values ({row}, {user}, {plan}, {generation}, {n}, 'openrouter', 'openai/gpt-4o-mini', 1200)",
    ),
    one(
        "integration_tokens",
        "(id, user_id, provider, encrypted_access_token, encrypted_refresh_token, key_id) \
         values ({row}, {user}, case {n} when 1 then 'notion' else 'google_calendar' end::public.integration_provider, \
                 '\\x01', '\\x02', 'k1')",
    ),
    one(
        "oauth_state_tokens",
        "(id, state_token_hash, clerk_user_id, provider, expires_at) \
         values ({row}, {hash}, {subject}, 'notion', now() + interval '10 minutes')",
    ),
    one("notion_sync_state", "(id, plan_id, user_id, notion_page_id) values ({row}, {plan}, {user}, 'page')"),
    one("google_calendar_sync_state", "(id, plan_id, user_id, sync_token) values ({row}, {plan}, {user}, 'token')"),
    one("task_calendar_events", "(id, task_id, user_id, calendar_event_id) values ({row}, {task}, {user}, 'event')"),
    one(
        "stripe_webhook_events",
        "(id, event_id, type, livemode) values ({row}, 'evt_' || {row}, 'invoice.paid', false)",
    ),
    one("clerk_webhook_events", "(id, event_id, type) values ({row}, 'evt_' || {row}, 'user.created')"),
    one(
        "idempotency_keys",
        "(id, user_id, key, route, request_hash) values ({row}, {user}, {row}, 'POST /plans', {hash})",
    ),
    one("rate_limit_buckets", "(bucket, state) values ({row}, now())"),
    one("deleted_users", "(id, clerk_user_id) values ({row}, 'gone_' || {row})"),
    one("audit_log", "(id, user_id, actor, action) values ({row}, {user}, 'user', 'plan.created')"),
];

/// The insert of `user`'s `number`-th row, under a plan, module or task of `parents`.
pub fn insert(table: &Table, user: Person, parents: Person, number: u32) -> String {
    let row = key(table.name, user, number);
    // Later rows hang under the second module and task, where no earlier row is in the way.
    let place = number.min(2);
    let mut values = vec![
        ("{row}", format!("'{row}'")),
        ("{user}", quoted(user.user_id())),
        ("{subject}", format!("'{}'", user.subject())),
        ("{n}", number.to_string()),
        ("{hash}", format!("'{0:032x}{0:032x}'", row.as_u128())),
    ];
    for (placeholder, table, place) in [
        ("{plan}", "learning_plans", 1),
        ("{generation}", "plan_generations", 1),
        ("{resource}", "resources", 1),
        ("{module}", "modules", place),
        ("{task}", "tasks", place),
    ] {
        values.push((placeholder, quoted(id(table, parents, place))));
    }
    fill(&format!("insert into public.{} {}", table.name, table.insert), &values)
}

/// Key of `person`'s `number`-th row: its id, or the bucket's name.
pub fn key(table: &str, person: Person, number: u32) -> Uuid {
    id(table, person, number)
}

fn fill(template: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(template.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
}

fn quoted(id: Uuid) -> String {
    format!("'{id}'")
}
