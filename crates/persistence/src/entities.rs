//! The tables as SeaORM entities, one file a table. Private to this crate: row handles turn rows into domain values.
//! The schema itself is made by the migrations; [`catalogue`] lets a test prove that the two agree.

pub mod catalogue;
pub mod enums;

pub mod ai_usage_events;
pub mod audit_log;
pub mod calendar_feed_entries;
pub mod clerk_webhook_events;
pub mod deleted_users;
pub mod generation_attempts;
pub mod generation_events;
pub mod google_calendar_sync_state;
pub mod idempotency_keys;
pub mod integration_tokens;
pub mod job_queue;
pub mod learning_plans;
pub mod modules;
pub mod notion_sync_state;
pub mod oauth_state_tokens;
pub mod plan_generations;
pub mod plan_revisions;
pub mod plan_schedules;
pub mod rate_limit_buckets;
pub mod resources;
pub mod stripe_webhook_events;
pub mod task_calendar_events;
pub mod task_progress;
pub mod task_resources;
pub mod tasks;
pub mod usage_metrics;
pub mod usage_reservations;
pub mod users;
