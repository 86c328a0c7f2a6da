//! Attacks on what limits count and what money is counted with.

use super::{ATTACKER, DENIED, Fails, attacks};

attacks! { as ATTACKER;
    usage_cannot_be_zeroed: "update usage_metrics set plans_generated = 0, ai_cost_microusd = 0" => DENIED;
    usage_cannot_be_deleted: "delete from usage_metrics" => DENIED;
    usage_cannot_be_inserted:
        "insert into usage_metrics (user_id, month, plans_generated) values ({my.user}, '2026-12', 0)" => DENIED;
    usage_cannot_be_charged_to_another:
        "insert into usage_metrics (user_id, month, plans_generated) values ({their.user}, '2026-12', 1000)" => DENIED;
    a_reservation_cannot_be_released: "update usage_reservations set state = 'released'" => DENIED;
    reservations_cannot_be_deleted: "delete from usage_reservations" => DENIED;
    a_reservation_cannot_be_made:
        "insert into usage_reservations (user_id, month, kind, subject_id, expires_at) \
         values ({my.user}, '2026-11', 'plan', {their.plan}, '2099-01-01')" => DENIED;
    costs_cannot_be_deleted: "delete from ai_usage_events" => DENIED;
    costs_cannot_be_rewritten: "update ai_usage_events set cost_microusd = 0" => DENIED;
    a_negative_cost_cannot_be_recorded:
        "insert into ai_usage_events (user_id, provider, model, cost_microusd) values ({my.user}, 'p', 'm', -5)" => DENIED;
    anothers_usage_cannot_be_read: "select id from usage_metrics where user_id = {their.user}" => Fails::WithoutRows;
    anothers_costs_cannot_be_read: "select id from ai_usage_events where user_id = {their.user}" => Fails::WithoutRows;
    a_rate_limit_cannot_be_reset: "delete from rate_limit_buckets" => DENIED;
    a_rate_limit_cannot_be_read: "select * from rate_limit_buckets" => DENIED;
    anothers_stored_answer_cannot_be_read:
        "select * from idempotency_keys where user_id <> {my.user}" => Fails::WithoutRows;
    anothers_stored_answer_cannot_be_replaced:
        "update idempotency_keys set response = '{}' where user_id = {their.user}" => Fails::WithoutRows;
    a_stored_answer_cannot_be_planted_for_another:
        "insert into idempotency_keys (user_id, key, route, request_hash) values ({their.user}, 'k', 'r', 'h')" => DENIED;
    a_stored_answer_cannot_be_given_away: "update idempotency_keys set user_id = {their.user}" => DENIED;
    a_stored_answer_cannot_move_to_another_route: "update idempotency_keys set route = 'POST /other'" => DENIED;
    a_stored_answer_cannot_last:
        "insert into idempotency_keys (user_id, key, route, request_hash, expires_at) \
         values ({my.user}, 'k', 'r', 'h', now() + interval '3 days')" => DENIED;
    a_stored_answer_cannot_be_prolonged_for_ever: "update idempotency_keys set expires_at = '2099-01-01'" => DENIED;
    a_stored_answer_cannot_be_taken_over_by_its_key:
        "insert into idempotency_keys (user_id, key, route, request_hash) \
         select {their.user}, key, route, request_hash from idempotency_keys \
         on conflict (user_id, route, key) do update set response = '{}'" => DENIED;
    stored_answers_cannot_be_deleted: "delete from idempotency_keys" => DENIED;
    the_audit_log_cannot_be_written:
        "insert into audit_log (user_id, actor, action) values ({my.user}, 'operator', 'x')" => DENIED;
    the_audit_log_cannot_be_rewritten: "update audit_log set action = 'x'" => DENIED;
    the_audit_log_cannot_be_erased: "delete from audit_log" => DENIED;
    anothers_audit_log_cannot_be_read: "select id from audit_log where user_id = {their.user}" => Fails::WithoutRows;
}
