//! The log of a plan's events: rows first, then sent. A worker's rows go in only while its fence holds the job.

use crate::error::StoreError;
use crate::jobs::Held;
use crate::listen::EVENTS;
use crate::rows::{all, first, get, parse};
use crate::session::{ServiceTx, UserTx};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::{Value as Json, json};
use uuid::Uuid;
use waymark_domain::generation::EventKind;
use waymark_domain::ids::{GenerationId, PlanId, UserId};

/// An event as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEvent {
    /// The plan.
    pub plan_id: PlanId,
    /// The generation.
    pub generation_id: GenerationId,
    /// Its place in the plan's log, from 1, without gaps: the stream's `id:`.
    pub seq: i64,
    /// Its type.
    pub kind: EventKind,
    /// JSON text, as every reader gets it.
    pub data: String,
}

/// An event to be logged.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The plan.
    pub plan_id: PlanId,
    /// Whose it is.
    pub user_id: UserId,
    /// The generation.
    pub generation_id: GenerationId,
    /// Its place in the plan's log.
    pub seq: i64,
    /// Its type.
    pub kind: EventKind,
    /// Its data.
    pub data: Json,
}

/// An event of a worker, with the fence it is written under.
#[derive(Debug, Clone)]
pub struct Fenced<T> {
    /// The job and its fence.
    pub held: Held,
    /// What is written.
    pub value: T,
}

const LOGGED: &str = "plan_id, generation_id, seq, type::text as kind, data::text as data";

fn logged(row: &QueryResult) -> Result<LoggedEvent, StoreError> {
    Ok(LoggedEvent {
        plan_id: PlanId(get(row, "plan_id")?),
        generation_id: GenerationId(get(row, "generation_id")?),
        seq: get(row, "seq")?,
        kind: parse(row, "generation_events", "kind")?,
        data: get(row, "data")?,
    })
}

/// The log, as the learner.
pub struct UserEvents<'t>(&'t UserTx);

impl UserTx {
    /// The log, as the learner.
    pub fn events(&self) -> UserEvents<'_> {
        UserEvents(self)
    }
}

impl UserEvents<'_> {
    /// A generation's events after `seq`, in order, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn after(
        &self,
        plan: PlanId,
        generation: GenerationId,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<LoggedEvent>, StoreError> {
        let sql = format!(
            "select {LOGGED} from generation_events where plan_id = $1 and seq > $2 and generation_id = $3
             order by seq limit $4"
        );
        let values = [plan.0.into(), seq.into(), generation.0.into(), i64::from(limit).into()];
        all(&self.0.tx, &sql, values).await?.iter().map(logged).collect()
    }
}

impl UserEvents<'_> {
    /// The last place in a plan's log, 0 when it is empty.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_seq(&self, plan: PlanId) -> Result<i64, StoreError> {
        last_seq(&self.0.tx, plan).await
    }

    /// The last event of a generation; none when its log is gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn end_of(&self, plan: PlanId, generation: GenerationId) -> Result<Option<(i64, EventKind)>, StoreError> {
        let sql = "select seq, type from generation_events where plan_id = $1 and generation_id = $2
                   order by seq desc limit 1";
        first(&self.0.tx, sql, [plan.0.into(), generation.0.into()])
            .await?
            .map(|row| Ok((get(&row, "seq")?, parse(&row, "generation_events", "type")?)))
            .transpose()
    }
}

async fn last_seq(tx: &DatabaseTransaction, plan: PlanId) -> Result<i64, StoreError> {
    let sql = "select coalesce(max(seq), 0) as seq from generation_events where plan_id = $1";
    get(&crate::rows::only(tx, "the log's end", sql, [plan.0.into()]).await?, "seq")
}

/// The log, as the server.
pub struct ServiceEvents<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// The log, as the server.
    pub fn events(&self) -> ServiceEvents<'_> {
        ServiceEvents(&self.tx)
    }
}

impl ServiceEvents<'_> {
    /// The last place in a plan's log, 0 when it is empty. Exact only for who holds the plan's job or its lock.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_seq(&self, plan: PlanId) -> Result<i64, StoreError> {
        last_seq(self.0, plan).await
    }

    /// Appends one event in the transaction of what it tells.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn append(&self, event: &NewEvent) -> Result<LoggedEvent, StoreError> {
        let sql = format!(
            "with added as (
               insert into generation_events (plan_id, user_id, generation_id, seq, type, data)
               values ($1, $2, $3, $4, $5, $6) returning *)
             select {LOGGED}, pg_notify($7, plan_id::text) from added"
        );
        let values = [
            event.plan_id.0.into(),
            event.user_id.0.into(),
            event.generation_id.0.into(),
            event.seq.into(),
            event.kind.as_str().into(),
            event.data.clone().into(),
            EVENTS.into(),
        ];
        first(self.0, &sql, values).await?.map(|row| logged(&row)).transpose()?.ok_or(StoreError::WrongCount {
            what: "an event",
            expected: 1,
            actual: 0,
        })
    }

    /// Appends the events of many workers in one statement; those whose fence has moved are left out. The row lock on
    /// the job orders this against claims and cancels.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn append_fenced(&self, events: &[Fenced<NewEvent>]) -> Result<Vec<LoggedEvent>, StoreError> {
        let sql = format!(
            "with batch as materialized (
               select * from jsonb_to_recordset($1) as b(job_id uuid, fence bigint, plan_id uuid, user_id uuid,
                 generation_id uuid, seq bigint, type text, data jsonb)),
             held as materialized (
               select j.id, j.fence from job_queue j
               where j.status = 'processing' and (j.id, j.fence) in (select job_id, fence from batch)
               order by j.id for share of j),
             added as (
               insert into generation_events (plan_id, user_id, generation_id, seq, type, data)
               select b.plan_id, b.user_id, b.generation_id, b.seq, b.type, b.data
               from batch b join held h on h.id = b.job_id and h.fence = b.fence order by b.plan_id, b.seq
               returning *)
             select {LOGGED}, pg_notify($2, plan_id::text) from added"
        );
        let batch: Vec<Json> = events.iter().map(batch_row).collect();
        all(self.0, &sql, [Json::from(batch).into(), EVENTS.into()]).await?.iter().map(logged).collect()
    }

    /// The ends of several plans' logs, -1 where the plan is gone: the fallback when no hint arrives.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn ends(&self, plans: &[PlanId]) -> Result<Vec<(PlanId, i64)>, StoreError> {
        let sql = "select w.id as plan_id,
                     coalesce((select max(e.seq) from generation_events e where e.plan_id = w.id),
                       (select 0 from learning_plans p where p.id = w.id), -1)::bigint as seq
                   from jsonb_array_elements_text($1) as a(text), lateral (select a.text::uuid as id) w";
        let plans: Vec<Uuid> = plans.iter().map(|plan| plan.0).collect();
        all(self.0, sql, [json!(plans).into()])
            .await?
            .iter()
            .map(|row| Ok((PlanId(get(row, "plan_id")?), get(row, "seq")?)))
            .collect()
    }
}

fn batch_row(event: &Fenced<NewEvent>) -> Json {
    let Fenced { held, value } = event;
    json!({
        "job_id": held.id, "fence": held.fence, "plan_id": value.plan_id, "user_id": value.user_id,
        "generation_id": value.generation_id, "seq": value.seq, "type": value.kind, "data": value.data,
    })
}
