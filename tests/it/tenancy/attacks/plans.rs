//! Attacks on plans: more of them than allowed, a state of one's own choice, somebody else's.

use super::{ATTACKER, DENIED, Fails, attacks, succeeds};

attacks! { as ATTACKER;
    a_learner_cannot_insert_a_plan:
        "insert into learning_plans (user_id, topic, skill_level, weekly_hours, learning_style) \
         values ({my.user}, 'x', 'beginner', 1, 'mixed')" => DENIED;
    a_learner_cannot_insert_500_plans_past_the_cap:
        "insert into learning_plans (user_id, topic, skill_level, weekly_hours, learning_style) \
         select {my.user}, 'x', 'beginner', 1, 'mixed' from generate_series(1, 500)" => DENIED;
    a_learner_cannot_insert_a_plan_for_another:
        "insert into learning_plans (user_id, topic, skill_level, weekly_hours, learning_style) \
         values ({their.user}, 'x', 'beginner', 1, 'mixed')" => DENIED;
    a_learner_cannot_copy_a_plan_in: "copy learning_plans from stdin" => DENIED;
    a_learner_cannot_set_a_plans_status: "update learning_plans set generation_status = 'failed'" => DENIED;
    a_learner_cannot_take_a_plan_out_of_the_quota: "update learning_plans set is_quota_eligible = false" => DENIED;
    a_learner_cannot_unfinish_a_plan: "update learning_plans set finalized_at = null" => DENIED;
    a_learner_cannot_change_a_plans_origin: "update learning_plans set origin = 'manual'" => DENIED;
    a_learner_cannot_publish_a_plan: "update learning_plans set visibility = 'public'" => DENIED;
    a_learner_cannot_backdate_a_plan: "update learning_plans set created_at = '2020-01-01'" => DENIED;
    a_learner_cannot_choose_the_secret_of_a_calendar_feed:
        "update learning_plans set calendar_feed_hash = repeat('a', 64)" => DENIED;
    a_learner_cannot_move_a_plan_to_another: "update learning_plans set user_id = {their.user}" => DENIED;
    a_learner_cannot_take_anothers_plan:
        "update learning_plans set user_id = {my.user} where id = {their.plan}" => DENIED;
    a_learner_cannot_read_anothers_plan: "select id from learning_plans where id = {their.plan}" => Fails::WithoutRows;
    a_learner_cannot_edit_anothers_plan:
        "update learning_plans set topic = 'x' where id = {their.plan}" => Fails::WithoutRows;
    a_learner_cannot_delete_anothers_plan: "delete from learning_plans where id = {their.plan}" => Fails::WithoutRows;
    a_learner_cannot_reach_anothers_plan_through_a_join:
        "select p.topic from modules m join learning_plans p on p.id = m.plan_id where p.id <> {my.plan}" => Fails::WithoutRows;
    a_leaky_expression_sees_no_foreign_row:
        "select id from learning_plans where id <> {my.plan} and 1 / (length(topic) - length(topic)) > 0" => Fails::WithoutRows;
    a_learner_cannot_lock_anothers_plan:
        "select id from learning_plans where id = {their.plan} for update" => Fails::WithoutRows;
}

#[tokio::test]
async fn a_learner_may_edit_their_own_plan() {
    succeeds(ATTACKER, "update learning_plans set topic = 'x', version = version + 1", 1).await;
}

#[tokio::test]
async fn a_learner_may_delete_their_own_plan() {
    succeeds(ATTACKER, "delete from learning_plans", 1).await;
}
