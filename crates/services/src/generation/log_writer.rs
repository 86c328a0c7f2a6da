//! Writes the events of every generation in this process: whatever has gathered while one transaction ran goes into the
//! next one, so an event waits for at most one commit and two hundred generations cost no more commits than one.

use super::hub::Hub;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use waymark_domain::ids::PlanId;
use waymark_persistence::{Db, Fenced, NewEvent, StoreError};

/// Events a transaction takes at most.
const BATCH: usize = 512;
/// Pause before a batch is tried again while the database is away.
const PAUSE: Duration = Duration::from_millis(200);

/// Events of one generation, in order, and who waits for their commit.
struct Append {
    events: Vec<Fenced<NewEvent>>,
    done: oneshot::Sender<Result<(), StoreError>>,
}

/// A handle to the writer.
#[derive(Clone)]
pub(crate) struct LogWriter(mpsc::Sender<Append>);

impl LogWriter {
    /// A writer's handle and the writer itself, to be run as a task; it ends when the last handle is dropped.
    pub fn new(db: Db, hub: Hub) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = mpsc::channel(BATCH);
        (Self(sender), run(db, hub, receiver))
    }

    /// Appends events; returns when they are committed.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the job is no longer held, [`StoreError::WrongCount`] when the database refuses a row;
    /// nothing of `events` was written then.
    pub async fn append(&self, events: Vec<Fenced<NewEvent>>) -> Result<(), StoreError> {
        let (done, committed) = oneshot::channel();
        if self.0.send(Append { events, done }).await.is_err() {
            return Err(StoreError::Fenced);
        }
        // A writer that went away has written nothing more under this fence.
        committed.await.unwrap_or(Err(StoreError::Fenced))
    }
}

async fn run(db: Db, hub: Hub, mut receiver: mpsc::Receiver<Append>) {
    let mut waiting = Vec::new();
    while receiver.recv_many(&mut waiting, BATCH).await > 0 {
        write(&db, &hub, std::mem::take(&mut waiting)).await;
    }
}

/// Commits a batch, however long the database is away: leases decide who may write in the end, not this task.
async fn write(db: &Db, hub: &Hub, batch: Vec<Append>) {
    let events: Vec<Fenced<NewEvent>> = batch.iter().flat_map(|append| append.events.iter().cloned()).collect();
    loop {
        let appended = db
            .service(async |tx| {
                let appended = tx.events().append_fenced(&events).await;
                crate::crash::point("log.before_commit");
                appended
            })
            .await;
        match appended {
            Ok(logged) => {
                crate::crash::point("log.after_commit");
                let mut ends: HashMap<PlanId, i64> = HashMap::new();
                for event in &logged {
                    let end = ends.entry(event.plan_id).or_default();
                    *end = event.seq.max(*end);
                }
                hub.publish(logged);
                for append in batch {
                    let written = append
                        .events
                        .last()
                        .is_none_or(|last| ends.get(&last.value.plan_id).is_some_and(|end| *end >= last.value.seq));
                    let _ = append.done.send(if written { Ok(()) } else { Err(StoreError::Fenced) });
                }
                return;
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "events wait for the database");
                tokio::time::sleep(PAUSE).await;
            }
            Err(_) if batch.len() > 1 => {
                // One generation's events are refused (its places are taken by a commit whose answer was lost, or a row
                // the schema does not take): the others must not suffer.
                for append in batch {
                    Box::pin(write(db, hub, vec![append])).await;
                }
                return;
            }
            Err(error) if error.violates("generation_events_plan_id_seq_key") => {
                // Only the holder of the fence writes these places, so they were ours.
                for append in batch {
                    if let Some(first) = append.events.first() {
                        hub.hint(first.value.plan_id);
                    }
                    let _ = append.done.send(Ok(()));
                }
                return;
            }
            Err(error) => {
                tracing::error!(%error, "events could not be written");
                for append in batch {
                    let refused = StoreError::WrongCount { what: "events", expected: 1, actual: 0 };
                    let _ = append.done.send(Err(refused));
                }
                return;
            }
        }
    }
}
