//! Attacks on what hangs under a plan: rows under another's parent, rows given away, ids guessed by the errors they cause.

use super::{ATTACKER, DENIED, Fails, attacks, cannot_be_told_apart, succeeds};

attacks! { as ATTACKER;
    a_module_cannot_be_given_away: "update modules set user_id = {their.user}" => DENIED;
    a_module_cannot_move_to_another_plan: "update modules set plan_id = {their.plan}" => DENIED;
    a_module_cannot_be_inserted_as_another:
        r#"insert into modules (plan_id, user_id, "order", title) values ({their.plan}, {their.user}, 7, 'x')"# => DENIED;
    anothers_modules_cannot_be_read: "select id from modules where plan_id = {their.plan}" => Fails::WithoutRows;
    anothers_modules_cannot_be_deleted: "delete from modules where plan_id = {their.plan}" => Fails::WithoutRows;
    a_task_cannot_move_to_anothers_module:
        "update tasks set module_id = {their.module} where id = {my.task}" => DENIED;
    a_task_cannot_move_to_a_module_that_does_not_exist:
        "update tasks set module_id = {no.module} where id = {my.task}" => DENIED;
    a_task_cannot_be_given_away: "update tasks set user_id = {their.user} where id = {my.task}" => DENIED;
    a_task_cannot_be_inserted_as_another:
        r#"insert into tasks (module_id, user_id, "order", title) values ({their.module}, {their.user}, 7, 'x')"# => DENIED;
    anothers_task_cannot_be_edited: "update tasks set title = 'x' where id = {their.task}" => Fails::WithoutRows;
    progress_cannot_move_to_another_task: "update task_progress set task_id = {my.task2}" => DENIED;
    progress_cannot_be_recorded_as_another:
        "insert into task_progress (task_id, user_id, status) values ({their.task2}, {their.user}, 'completed')" => DENIED;
    an_upsert_cannot_change_anothers_progress:
        "insert into task_progress (task_id, user_id, status) values ({their.task}, {their.user}, 'not_started') \
         on conflict (user_id, task_id) do update set status = excluded.status" => DENIED;
    anothers_progress_cannot_be_undone:
        "update task_progress set status = 'not_started' where task_id = {their.task}" => Fails::WithoutRows;
    a_schedule_cannot_be_given_away: "update plan_schedules set user_id = {their.user}" => DENIED;
    a_schedule_cannot_move_to_anothers_plan:
        "update plan_schedules set plan_id = {their.plan}" => DENIED;
    anothers_schedule_cannot_be_read: "select id from plan_schedules where plan_id = {their.plan}" => Fails::WithoutRows;
    a_calendars_sequence_cannot_be_set_back: "update calendar_feed_entries set sequence = 0" => DENIED;
    anothers_calendar_cannot_be_read:
        "select id from calendar_feed_entries where plan_id = {their.plan}" => Fails::WithoutRows;
    a_calendar_feeds_address_cannot_be_chosen:
        "update learning_plans set calendar_feed_hash = repeat('a', 64)" => DENIED;
    a_link_to_a_resource_cannot_move_to_another_task: "update task_resources set task_id = {my.task2}" => DENIED;
    a_shared_resource_cannot_be_changed: "update resources set url = 'https://evil.example/'" => DENIED;
    a_shared_resource_cannot_be_added:
        "insert into resources (type, title, url) values ('doc', 'x', 'https://evil.example/')" => DENIED;
    a_shared_resource_cannot_be_removed: "delete from resources" => DENIED;
}

#[tokio::test]
async fn anothers_plan_cannot_be_told_from_one_that_does_not_exist() {
    cannot_be_told_apart(&[
        r#"insert into modules (plan_id, user_id, "order", title) values ({their.plan}, {my.user}, 7, 'x')"#,
        r#"insert into modules (plan_id, user_id, "order", title) values ({their.plan}, {my.user}, 1, 'x')"#,
        r#"insert into modules (plan_id, user_id, "order", title) values ({no.plan}, {my.user}, 1, 'x')"#,
    ])
    .await;
    let schedule = |plan: &str| {
        format!(
            "insert into plan_schedules (plan_id, user_id, schedule_json, inputs_hash, timezone, weekly_hours, start_date) \
             values ({plan}, {{my.user}}, '{{}}', repeat('a', 64), 'UTC', 1, '2026-11-22')"
        )
    };
    cannot_be_told_apart(&[&schedule("{their.plan}"), &schedule("{no.plan}")]).await;
}

#[tokio::test]
async fn anothers_module_cannot_be_told_from_one_that_does_not_exist() {
    cannot_be_told_apart(&[
        r#"insert into tasks (module_id, user_id, "order", title) values ({their.module}, {my.user}, 7, 'x')"#,
        r#"insert into tasks (module_id, user_id, "order", title) values ({their.module}, {my.user}, 1, 'x')"#,
        r#"insert into tasks (module_id, user_id, "order", title) values ({no.module}, {my.user}, 1, 'x')"#,
    ])
    .await;
}

#[tokio::test]
async fn anothers_task_cannot_be_told_from_one_that_does_not_exist() {
    cannot_be_told_apart(&[
        "insert into task_progress (task_id, user_id) values ({their.task}, {my.user})",
        "insert into task_progress (task_id, user_id) values ({their.task2}, {my.user})",
        "insert into task_progress (task_id, user_id) values ({no.task}, {my.user})",
    ])
    .await;
    cannot_be_told_apart(&[
        r#"insert into task_resources (task_id, user_id, resource_id, "order") values ({their.task}, {my.user}, {their.resource}, 1)"#,
        r#"insert into task_resources (task_id, user_id, resource_id, "order") values ({their.task2}, {my.user}, {my.resource}, 1)"#,
        r#"insert into task_resources (task_id, user_id, resource_id, "order") values ({no.task}, {my.user}, {my.resource}, 1)"#,
    ])
    .await;
}

#[tokio::test]
async fn a_learner_may_reorder_their_modules_in_one_statement() {
    succeeds(ATTACKER, r#"update modules set "order" = 3 - "order""#, 2).await;
}

#[tokio::test]
async fn a_learner_may_move_a_task_between_their_own_modules() {
    succeeds(ATTACKER, "update tasks set module_id = {my.module2} where id = {my.task}", 1).await;
}

#[tokio::test]
async fn a_learner_may_add_modules_and_tasks_of_their_own() {
    succeeds(
        ATTACKER,
        r#"insert into modules (plan_id, user_id, "order", title) values ({my.plan}, {my.user}, 3, 'x')"#,
        1,
    )
    .await;
    succeeds(
        ATTACKER,
        r#"insert into tasks (module_id, user_id, "order", title) values ({my.module}, {my.user}, 3, 'x')"#,
        1,
    )
    .await;
}

#[tokio::test]
async fn a_learner_may_complete_a_task_twice() {
    let upsert = "insert into task_progress (task_id, user_id, status, completed_at) \
         values ({my.task}, {my.user}, 'completed', now()) on conflict (user_id, task_id) \
         do update set status = excluded.status, completed_at = excluded.completed_at, updated_at = now()";
    succeeds(ATTACKER, upsert, 1).await;
}
