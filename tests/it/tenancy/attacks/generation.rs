//! Attacks on the generation's history, its log and its queue.

use super::{ATTACKER, DENIED, Fails, attacks, succeeds};

attacks! { as ATTACKER;
    an_attempt_cannot_be_forged:
        "insert into generation_attempts (plan_id, user_id, generation_id, number) \
         values ({my.plan}, {my.user}, {no.generation}, 1)" => DENIED;
    an_attempt_cannot_be_rewritten: "update generation_attempts set status = 'canceled'" => DENIED;
    attempts_cannot_be_erased: "delete from generation_attempts" => DENIED;
    anothers_attempts_cannot_be_read:
        "select id from generation_attempts where user_id = {their.user}" => Fails::WithoutRows;
    generation_history_cannot_be_rewritten: "update plan_generations set model = 'x'" => DENIED;
    generation_history_cannot_be_erased: "delete from plan_generations" => DENIED;
    generation_history_cannot_be_forged:
        "insert into plan_generations (plan_id, user_id, kind) values ({my.plan}, {my.user}, 'retry')" => DENIED;
    a_revision_cannot_be_rewritten: "update plan_revisions set snapshot = '{}'" => DENIED;
    a_revision_cannot_be_forged:
        "insert into plan_revisions (plan_id, user_id, number, snapshot) values ({my.plan}, {my.user}, 9, '{}')" => DENIED;
    an_event_of_the_stream_cannot_be_forged:
        "insert into generation_events (plan_id, user_id, generation_id, seq, type) \
         values ({my.plan}, {my.user}, {no.generation}, 9, 'complete')" => DENIED;
    an_event_of_the_stream_cannot_be_rewritten: "update generation_events set type = 'complete'" => DENIED;
    a_job_cannot_be_enqueued:
        "insert into job_queue (user_id, job_type) values ({my.user}, 'plan_generation')" => DENIED;
    a_job_cannot_be_enqueued_for_anothers_plan_before_all_others:
        "insert into job_queue (plan_id, user_id, job_type, priority) \
         values ({their.plan}, {my.user}, 'plan_generation', 2147483647)" => DENIED;
    a_job_cannot_jump_the_queue: "update job_queue set priority = 100" => DENIED;
    a_job_cannot_be_given_to_a_worker_of_choice:
        "update job_queue set status = 'processing', locked_by = 'me', lease_expires_at = '2099-01-01'" => DENIED;
    jobs_cannot_be_deleted: "delete from job_queue" => DENIED;
    anothers_jobs_cannot_be_read: "select id from job_queue where user_id = {their.user}" => Fails::WithoutRows;
    a_notion_export_cannot_be_pointed_elsewhere: "update notion_sync_state set notion_page_id = 'x'" => DENIED;
    a_calendar_sync_cannot_be_restarted: "update google_calendar_sync_state set sync_token = null" => DENIED;
    the_calendars_events_cannot_be_forgotten: "delete from task_calendar_events" => DENIED;
}

#[tokio::test]
async fn a_learner_sees_their_attempts_and_jobs() {
    succeeds(ATTACKER, "select id, status from generation_attempts", 1).await;
    succeeds(ATTACKER, "select id, status from job_queue", 1).await;
}
