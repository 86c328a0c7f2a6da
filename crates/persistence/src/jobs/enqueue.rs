//! How jobs come into the queue and into their priority's line.

use super::{NewJob, ServiceJobs, millis};
use crate::error::StoreError;
use crate::listen::JOBS;
use crate::rows::{count, execute, only};
use serde_json::{Value as Json, json};

/// The ends that a turn depends on, for jobs in `entering (user_id, priority, ..)`: the head of each priority's line and the
/// last of each user there. Each is one probe of an index, whatever the length of the line.
const ENDS: &str = "heads as materialized (
       select priority, (select q.turn from job_queue q
                          where q.priority = p.priority and q.status = 'pending' and q.turn is not null
                          order by q.turn limit 1) as head
         from (select distinct priority from entering) p),
     lasts as materialized (
       select user_id, priority, (select q.turn from job_queue q
                                   where q.user_id = u.user_id and q.priority = u.priority
                                     and q.status = 'pending' and q.turn is not null
                                   order by q.turn desc limit 1) as last
         from (select distinct user_id, priority from entering) u)";

/// The turn of the `nth` (from 0) of a user's jobs that enter one line together.
const TURN: &str = "coalesce(greatest(heads.head, lasts.last + 1), 1) + entering.nth";

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
            "with new as materialized (
               select * from jsonb_to_recordset($1) as n (place int, id uuid, plan_id uuid, user_id uuid, job_type job_type,
                 priority int, max_attempts int, payload jsonb, delay bigint)),
             entering as materialized (
               select id, user_id, priority, row_number() over (partition by user_id, priority order by place) - 1 as nth
               from new where delay = 0),
             {ENDS},
             turns as materialized (
               select entering.id, {TURN} as turn from entering
                 join heads using (priority) join lasts using (user_id, priority)),
             added as (
               insert into job_queue (id, plan_id, user_id, job_type, status, priority, max_attempts, payload, scheduled_for, turn)
               select new.id, plan_id, user_id, job_type, 'pending', priority, max_attempts, payload,
                      now() + delay * interval '1 millisecond', turns.turn
               from new left join turns on turns.id = new.id order by place
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
             entering as materialized (
               select id, user_id, priority,
                 row_number() over (partition by user_id, priority order by scheduled_for, id) - 1 as nth from due),
             {ENDS}
             update job_queue j set turn = {TURN}, updated_at = now()
             from entering join heads using (priority) join lasts using (user_id, priority)
             where j.id = entering.id"
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
