//! One generation's way into the log: numbers its events, keeps one append under way and gathers the rest meanwhile.

use super::log_writer::LogWriter;
use futures_util::future::BoxFuture;
use serde_json::Value as Json;
use waymark_domain::generation::PlanEvent;
use waymark_domain::ids::{GenerationId, PlanId, UserId};
use waymark_persistence::{Fenced, Held, NewEvent, StoreError};

/// Whose events these are.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "they are the ids of three things")]
pub(crate) struct EventOwner {
    pub plan_id: PlanId,
    pub user_id: UserId,
    pub generation_id: GenerationId,
}

impl EventOwner {
    /// The event as a row at place `seq`.
    pub fn row(&self, seq: i64, event: &PlanEvent) -> NewEvent {
        NewEvent {
            plan_id: self.plan_id,
            user_id: self.user_id,
            generation_id: self.generation_id,
            seq,
            kind: event.kind(),
            // The events hold nothing that JSON cannot.
            data: serde_json::to_value(event).unwrap_or(Json::Null),
        }
    }
}

/// Emits the events of one attempt.
pub(crate) struct Emitter {
    log: LogWriter,
    held: Held,
    owner: EventOwner,
    next_seq: i64,
    pending: Vec<Fenced<NewEvent>>,
    under_way: Option<BoxFuture<'static, Result<(), StoreError>>>,
}

impl Emitter {
    /// An emitter whose first event takes the place after `last_seq`.
    pub fn new(log: LogWriter, held: Held, owner: EventOwner, last_seq: i64) -> Self {
        Self { log, held, owner, next_seq: last_seq + 1, pending: Vec::new(), under_way: None }
    }

    /// Takes an event; [`Emitter::turn`] or [`Emitter::flush`] brings it into the log.
    pub fn push(&mut self, event: &PlanEvent) {
        self.pending.push(Fenced { held: self.held, value: self.owner.row(self.next_seq, event) });
        self.next_seq += 1;
        self.start();
    }

    fn start(&mut self) {
        if self.under_way.is_none() && !self.pending.is_empty() {
            let log = self.log.clone();
            let events = std::mem::take(&mut self.pending);
            self.under_way = Some(Box::pin(async move { log.append(events).await }));
        }
    }

    /// Waits until the append under way is committed and starts the next; never returns while there is none. Cancel safe.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the job is no longer held.
    pub async fn turn(&mut self) -> Result<(), StoreError> {
        let Some(append) = &mut self.under_way else { return std::future::pending().await };
        let result = append.await;
        self.under_way = None;
        match &result {
            Ok(()) => self.start(),
            // What comes after an event that is not in the log must not be there either: clients count.
            Err(_) => self.pending.clear(),
        }
        result
    }

    /// Waits until everything taken is committed.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the job is no longer held.
    pub async fn flush(&mut self) -> Result<(), StoreError> {
        while self.under_way.is_some() {
            self.turn().await?;
        }
        Ok(())
    }
}
