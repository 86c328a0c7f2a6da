//! How jobs come into the queue and into their priority's line.

use super::{NewJob, ServiceJobs, millis};
use crate::error::StoreError;
use crate::listen::JOBS;
use crate::rows::{count, execute, only};
use serde_json::{Value as Json, json};

/// The turns of jobs that enter their lines, from `entering (id, user_id, priority, enters, line_nth, user_nth, ..)`; the two
/// `nth` count, from 1, those that enter a line together: all of them, and those of one user. The first in a line looks for
/// its head, the first of a user for the user's last, each by one probe of an index whatever the length of the line; the
/// others take it from them. Windows, not joins: the planner takes what comes in for one row, and would loop over it.
const TURNS: &str = "probed as (
       select entering.*,
         case when enters and line_nth = 1 then
           (select q.turn from job_queue q
             where q.priority = entering.priority and q.status = 'pending' and q.turn is not null
             order by q.turn limit 1) end as head,
         case when enters and user_nth = 1 then
           (select q.turn from job_queue q
             where q.user_id = entering.user_id and q.priority = entering.priority
               and q.status = 'pending' and q.turn is not null
             order by q.turn desc limit 1) end as last
       from entering),
     turns as (
       select probed.*, case when enters then
           coalesce(greatest(max(head) over in_line, max(last) over of_user + 1), 1) + user_nth - 1 end as turn
       from probed
       window in_line as (partition by priority, enters), of_user as (partition by priority, enters, user_id))";

impl ServiceJobs<'_> {
    /// Adds a job and hints at it when the transaction commits.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the plan has a live job already.
    pub async fn enqueue(&self, job: &NewJob) -> Result<(), StoreError> {
        self.enqueue_all(std::slice::from_ref(job)).await
    }

    /// Adds jobs in one statement; those of one user get turns one after the other, in this order.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when one of the plans has a live job already; then none is added.
    pub async fn enqueue_all(&self, jobs: &[NewJob]) -> Result<(), StoreError> {
        let sql = format!(
            "with entering as (
               select n.*, delay = 0 as enters,
                 row_number() over (partition by priority, delay = 0 order by place) as line_nth,
                 row_number() over (partition by priority, delay = 0, user_id order by place) as user_nth
               from jsonb_to_recordset($1) as n (place int, id uuid, plan_id uuid, user_id uuid, job_type job_type,
                 priority int, max_attempts int, payload jsonb, delay bigint)),
             {TURNS},
             added as (
               insert into job_queue (id, plan_id, user_id, job_type, status, priority, max_attempts, payload, scheduled_for, turn)
               select id, plan_id, user_id, job_type, 'pending', priority, max_attempts, payload,
                      now() + delay * interval '1 millisecond', turn
               from turns order by place
               returning turn)
             select count(*) as added, (select pg_notify($2, '') from added where turn is not null limit 1)::text as hint
             from added"
        );
        let rows: Vec<Json> = jobs.iter().zip(0_i32..).map(|(job, place)| row(job, place)).collect();
        let added = only(self.0, "new jobs", &sql, [Json::from(rows).into(), JOBS.into()]).await?;
        let actual = u64::from(count(&added, "job_queue", "added")?);
        let expected = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
        if actual == expected { Ok(()) } else { Err(StoreError::WrongCount { what: "new jobs", expected, actual }) }
    }

    /// Brings jobs that are due into their lines, at most `limit`; returns how many. One probe of an index when none is.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn line_up(&self, limit: u32) -> Result<u64, StoreError> {
        let sql = format!(
            "with due as materialized (
               select id, user_id, priority, scheduled_for from job_queue
               where status = 'pending' and turn is null and scheduled_for <= now()
               order by scheduled_for limit $1 for update skip locked),
             entering as (
               select id, user_id, priority, true as enters,
                 row_number() over (partition by priority order by scheduled_for, id) as line_nth,
                 row_number() over (partition by priority, user_id order by scheduled_for, id) as user_nth
               from due),
             {TURNS}
             update job_queue j set turn = turns.turn, updated_at = now() from turns where j.id = turns.id"
        );
        execute(self.0, &sql, [i64::from(limit).into()]).await
    }
}

fn row(job: &NewJob, place: i32) -> Json {
    json!({
        "place": place,
        "id": job.id,
        "plan_id": job.plan_id,
        "user_id": job.user_id,
        "job_type": job.job_type.as_str(),
        "priority": job.priority,
        "max_attempts": job.max_attempts,
        "payload": job.payload,
        "delay": millis(job.delay),
    })
}
