//! A client's view of a generation: the log from where it left off, then whatever comes, until the terminal event. It
//! holds no database connection while it waits, and owns none of the work.

use super::engine::Engine;
use super::hub::{Subscription, Told};
use futures_util::stream::{BoxStream, StreamExt, unfold};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use waymark_domain::accounts::UserCtx;
use waymark_domain::generation::EventKind;
use waymark_domain::ids::{GenerationId, PlanId};
use waymark_persistence::{LoggedEvent, StoreError};

/// A comment is sent when nothing else was for this long.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Events read from the log at once.
const PAGE: u32 = 64;
/// Pause before the log is read again while the database is away.
const PAUSE: Duration = Duration::from_millis(500);

/// What a stream yields.
#[derive(Debug, Clone)]
pub enum StreamItem {
    /// An event of the log.
    Event(Arc<LoggedEvent>),
    /// Nothing happened for a while.
    KeepAlive,
    /// This process stops: come back to another one, with the last id.
    ComeBack,
}

/// Events of one generation.
pub type EventStream = BoxStream<'static, StreamItem>;

pub(crate) struct Reader {
    engine: Arc<Engine>,
    ctx: UserCtx,
    plan: PlanId,
    generation: GenerationId,
    subscription: Subscription,
    ready: VecDeque<Arc<LoggedEvent>>,
    last: i64,
    /// The log may hold more than `ready`.
    look: bool,
    over: bool,
}

impl Reader {
    /// A reader of the events after `last`. Its subscription was made before the plan was looked up.
    pub fn new(
        engine: Arc<Engine>,
        ctx: UserCtx,
        plan: PlanId,
        generation: GenerationId,
        subscription: Subscription,
        last: i64,
    ) -> Self {
        Self { engine, ctx, plan, generation, subscription, ready: VecDeque::new(), last, look: true, over: false }
    }

    /// The events as a stream.
    pub fn stream(self) -> EventStream {
        unfold(self, async |mut reader| reader.next().await.map(|item| (item, reader))).boxed()
    }

    async fn next(&mut self) -> Option<StreamItem> {
        let keep_alive = Instant::now() + KEEP_ALIVE;
        while !self.over {
            if let Some(event) = self.ready.pop_front() {
                self.last = event.seq;
                self.over = event.kind.is_terminal();
                return Some(StreamItem::Event(event));
            }
            if self.engine.stopping.is_cancelled() {
                self.over = true;
                return Some(StreamItem::ComeBack);
            }
            if self.look {
                // Boxed: a query's future is large, and a stream that waits should not carry the room for one. A database
                // that is away or slow must not keep the comment from a client, which would think the connection dead.
                if timeout_at(keep_alive, Box::pin(self.read())).await.is_err() {
                    return Some(StreamItem::KeepAlive);
                }
                continue;
            }
            let engine = Arc::clone(&self.engine);
            tokio::select! {
                told = self.subscription.next() => self.take(told),
                () = engine.stopping.cancelled() => {}
                () = sleep_until(keep_alive) => return Some(StreamItem::KeepAlive),
            }
        }
        None
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Event(event) if event.seq <= self.last => {}
            Told::Event(event) if event.seq == self.last + 1 && event.generation_id == self.generation => {
                self.ready.push_back(event);
            }
            Told::Event(_) | Told::Look => self.look = true,
        }
    }

    /// Reads what the log holds after the last event sent.
    async fn read(&mut self) {
        let (plan, generation, last) = (self.plan, self.generation, self.last);
        let read = self
            .engine
            .db
            .authenticated(&self.ctx, async |tx| {
                let events = tx.events().after(plan, generation, last, PAGE).await?;
                let exists = !events.is_empty() || tx.plans().state(plan).await?.is_some();
                Ok::<_, StoreError>((events, exists))
            })
            .await;
        match read {
            Ok((events, true)) => {
                self.look = events.len() == PAGE as usize;
                self.ready.extend(events.into_iter().map(Arc::new));
            }
            Ok((_, false)) => self.ready.push_back(Arc::new(self.deleted())),
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a stream waits for the database");
                sleep(PAUSE).await;
            }
        }
    }

    /// A plan that was deleted takes its log with it; its streams still end in a terminal event.
    fn deleted(&self) -> LoggedEvent {
        LoggedEvent {
            plan_id: self.plan,
            generation_id: self.generation,
            seq: self.last + 1,
            kind: EventKind::Canceled,
            data: format!(r#"{{"planId": "{}"}}"#, self.plan),
        }
    }
}
