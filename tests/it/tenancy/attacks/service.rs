//! What not even the server's own role may do, and what the schema refuses it: a bug there must not break an invariant.

use super::{DENIED, Fails, attacks, succeeds};
use crate::tenancy::session::Actor;

/// A check constraint.
const CHECK: Fails = Fails::With("23514");

attacks! { as Actor::Service;
    service_cannot_become_a_learner: "set role authenticated" => DENIED;
    service_cannot_change_the_audit_log: "update audit_log set action = 'x'" => DENIED;
    service_cannot_delete_from_the_audit_log: "delete from audit_log" => DENIED;
    service_cannot_rewrite_the_log_of_a_stream: "update generation_events set type = 'complete'" => DENIED;
    service_cannot_remove_a_tombstone: "delete from deleted_users" => DENIED;
    service_cannot_delete_costs: "delete from ai_usage_events" => DENIED;
    service_cannot_truncate: "truncate usage_metrics" => DENIED;
    service_cannot_change_the_schema: "alter table users no force row level security" => DENIED;
    service_cannot_change_the_ledger_of_migrations: "delete from app.seaql_migrations" => DENIED;
    a_cost_is_never_negative:
        "insert into ai_usage_events (user_id, provider, model, cost_microusd) values ({my.user}, 'p', 'm', -5)" => CHECK;
    a_counter_is_never_negative: "update usage_metrics set plans_generated = -1" => CHECK;
    a_months_name_is_a_month: "insert into usage_metrics (user_id, month) values ({my.user}, '2026-13')" => CHECK;
    a_priority_is_between_0_and_100:
        "insert into job_queue (user_id, job_type, priority) values ({my.user}, 'plan_generation', 2147483647)" => CHECK;
    a_plan_has_one_live_job:
        "insert into job_queue (plan_id, user_id, job_type) values ({my.plan}, {my.user}, 'plan_generation')"
        => Fails::With("23505");
    a_job_in_processing_has_a_lease: "update job_queue set status = 'processing'" => CHECK;
    a_plans_job_has_an_owner: "insert into job_queue (job_type) values ('plan_generation')" => CHECK;
    the_servers_own_job_has_no_owner:
        "insert into job_queue (user_id, job_type) values ({my.user}, 'account_erasure')" => CHECK;
    a_snapshots_number_cannot_be_set_back: "select setval('subscription_snapshots', 1)" => DENIED;
    a_state_of_a_sign_in_lives_ten_minutes:
        "insert into oauth_state_tokens (state_token_hash, clerk_user_id, provider, expires_at) \
         values (repeat('c', 64), 'user_owner', 'notion', now() + interval '11 minutes')" => CHECK;
    an_email_is_stored_in_lower_case: "update users set email = 'A@example.com' where id = {my.user}" => CHECK;
    a_failed_attempt_has_a_class: "update generation_attempts set status = 'failure'" => CHECK;
    a_successful_attempt_has_none: "update generation_attempts set classification = 'timeout'" => CHECK;
    an_order_begins_at_1: r#"update modules set "order" = "order" - 1"# => CHECK;
    a_usage_row_is_one_per_month:
        "insert into usage_metrics (user_id, month) values ({my.user}, '2026-01')" => Fails::With("23505");
    a_reservation_is_one_per_subject:
        "insert into usage_reservations (user_id, month, kind, subject_id, expires_at) \
         select user_id, month, kind, subject_id, expires_at from usage_reservations" => Fails::With("23505");
}

#[tokio::test]
async fn service_may_insert_modules_and_tasks_in_one_statement() {
    let sql = r#"with module as (
            insert into modules (id, plan_id, user_id, "order", title) values ({no.module}, {my.plan}, {my.user}, 3, 'x')
            returning id, user_id)
        insert into tasks (module_id, user_id, "order", title) select id, user_id, 1, 'x' from module"#;
    succeeds(Actor::Service, sql, 1).await;
}
