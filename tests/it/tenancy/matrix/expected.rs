//! What each actor may do with the owner's row, table by table. The verbs are select, insert, update, delete:
//! `A` the statement touches the row, `0` it touches no row, `x` it is refused (42501).
//! Update means: some column may be changed; [`EDITABLE`] says which.

/// Verbs of anonymous, owner and stranger.
pub struct Expected {
    pub table: &'static str,
    pub anonymous: &'static str,
    pub owner: &'static str,
    pub stranger: &'static str,
}

const fn row(table: &'static str, anonymous: &'static str, owner: &'static str, stranger: &'static str) -> Expected {
    Expected { table, anonymous, owner, stranger }
}

#[rustfmt::skip]
pub const EXPECTED: [Expected; 28] = [
    //  table                       anonymous owner  stranger
    row("ai_usage_events",             "xxxx", "Axxx", "0xxx"),
    row("audit_log",                   "xxxx", "Axxx", "0xxx"),
    row("calendar_feed_entries",       "xxxx", "Axxx", "0xxx"),
    row("clerk_webhook_events",        "xxxx", "xxxx", "xxxx"),
    row("deleted_users",               "xxxx", "xxxx", "xxxx"),
    row("generation_attempts",         "xxxx", "Axxx", "0xxx"),
    row("generation_events",           "xxxx", "Axxx", "0xxx"),
    row("google_calendar_sync_state",  "xxxx", "Axxx", "0xxx"),
    row("idempotency_keys",            "xxxx", "AAAx", "0x0x"),
    row("integration_tokens",          "xxxx", "AxxA", "0xx0"),
    row("job_queue",                   "xxxx", "Axxx", "0xxx"),
    row("learning_plans",              "xxxx", "AxAA", "0x00"),
    row("modules",                     "xxxx", "AAAA", "0x00"),
    row("notion_sync_state",           "xxxx", "Axxx", "0xxx"),
    row("oauth_state_tokens",          "xxxx", "xxxx", "xxxx"),
    row("plan_generations",            "xxxx", "Axxx", "0xxx"),
    row("plan_revisions",              "xxxx", "Axxx", "0xxx"),
    row("plan_schedules",              "xxxx", "AAAA", "0x00"),
    row("rate_limit_buckets",          "xxxx", "xxxx", "xxxx"),
    row("resources",                   "xxxx", "Axxx", "Axxx"),
    row("stripe_webhook_events",       "xxxx", "xxxx", "xxxx"),
    row("task_calendar_events",        "xxxx", "Axxx", "0xxx"),
    row("task_progress",               "xxxx", "AAAA", "0x00"),
    row("task_resources",              "xxxx", "AAAA", "0x00"),
    row("tasks",                       "xxxx", "AAAA", "0x00"),
    row("usage_metrics",               "xxxx", "Axxx", "0xxx"),
    row("usage_reservations",          "xxxx", "Axxx", "0xxx"),
    row("users",                       "xxxx", "AxAx", "0x0x"),
];

/// Columns of readable tables that a learner may not read.
pub const HIDDEN: [(&str, &[&str]); 4] = [
    ("generation_attempts", &["metadata", "reached_at"]),
    ("integration_tokens", &["encrypted_access_token", "encrypted_refresh_token"]),
    ("job_queue", &["payload", "turn", "history"]),
    ("plan_generations", &["prompt"]),
];

/// Columns that a learner may change in rows of their own; all others are refused.
pub const EDITABLE: [(&str, &[&str]); 8] = [
    ("idempotency_keys", &["request_hash", "response", "expires_at"]),
    (
        "learning_plans",
        &[
            "topic",
            "notes",
            "weekly_hours",
            "learning_style",
            "start_date",
            "deadline_date",
            "timezone",
            "availability",
            "version",
            "updated_at",
            "rescheduled_at",
        ],
    ),
    ("modules", &["order", "title", "description", "estimated_minutes", "updated_at"]),
    (
        "plan_schedules",
        &[
            "id",
            "plan_id",
            "user_id",
            "schedule_json",
            "inputs_hash",
            "generated_at",
            "timezone",
            "weekly_hours",
            "start_date",
            "deadline",
            "created_at",
        ],
    ),
    ("task_progress", &["status", "completed_at", "updated_at"]),
    ("task_resources", &["resource_id", "order", "notes", "updated_at"]),
    (
        "tasks",
        &[
            "module_id",
            "order",
            "title",
            "description",
            "estimated_minutes",
            "has_micro_explanation",
            "explanation",
            "pinned",
            "updated_at",
        ],
    ),
    ("users", &["name", "preferred_model", "timezone", "availability", "notification_prefs", "updated_at"]),
];
