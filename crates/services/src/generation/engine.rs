//! What every part of the generation shares: the database, the models, the hub, and which jobs run here.

use super::catalogue::{Catalogue, Entry as ModelEntry};
use super::hub::Hub;
use super::log_writer::LogWriter;
use super::provider::ModelProvider;
use super::settings::GenerationSettings;
use crate::accounts::clerk::Clerk;
use crate::billing::Till;
use crate::clock::SharedClock;
use crate::integrations::revoke::Revoker;
use crate::secrets::Sealer;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use waymark_persistence::{Db, Held};

/// The models this process can ask.
#[derive(Clone)]
pub struct Providers {
    /// The built-in one.
    pub outline: Arc<dyn ModelProvider>,
    /// The one set up by the operator.
    pub configured: Option<Arc<dyn ModelProvider>>,
}

impl Providers {
    /// The provider that serves a model of the catalogue; none when it is not set up.
    pub fn of(&self, entry: &ModelEntry) -> Option<&Arc<dyn ModelProvider>> {
        if entry.provider == self.outline.name() { Some(&self.outline) } else { self.configured.as_ref() }
    }
}

/// What this process knows of the services outside that accounts and money depend on; what is not set up is none.
#[derive(Default)]
pub(crate) struct Outside {
    pub till: Option<Arc<Till>>,
    pub clerk: Clerk,
    pub sealer: Option<Sealer>,
    pub revoker: Option<Revoker>,
}

/// The server's own work at once in a process.
const CHORES: usize = 4;

/// Why a running job is stopped from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Its fence has moved: canceled, deleted, or claimed by another worker.
    Fenced,
    /// This process stops and hands it over.
    HandOver,
}

/// A job that runs here.
#[derive(Clone)]
pub(crate) struct Running {
    pub held: Held,
    pub fenced: CancellationToken,
}

/// Shared by the flow, the worker and the streams.
pub(crate) struct Engine {
    pub db: Db,
    pub clock: SharedClock,
    pub catalogue: Arc<Catalogue>,
    pub providers: Providers,
    pub settings: GenerationSettings,
    /// Billing; none: not set up.
    pub till: Option<Arc<Till>>,
    /// The identity provider.
    pub clerk: Clerk,
    /// Opens what is stored sealed; none: nothing is.
    pub sealer: Option<Sealer>,
    /// Gives access back.
    pub revoker: Option<Revoker>,
    pub hub: Hub,
    pub log: LogWriter,
    /// Names this process in `locked_by`.
    pub worker: String,
    /// Places for generations at once.
    pub places: Arc<Semaphore>,
    /// Turns for the server's own work: a service outside that is silent must not fill the places of learners.
    pub chores: Semaphore,
    /// A job may wait.
    pub wake: Notify,
    /// Whether notices of other processes arrive.
    pub hearing: AtomicBool,
    /// No new work; streams say good-bye.
    pub stopping: CancellationToken,
    /// Running generations hand over.
    pub hand_over: CancellationToken,
    /// Generations.
    pub tasks: TaskTracker,
    running: Mutex<HashMap<Uuid, Running>>,
}

impl Engine {
    pub fn new(
        db: Db,
        clock: SharedClock,
        (catalogue, providers): (Arc<Catalogue>, Providers),
        (settings, outside): (GenerationSettings, Outside),
        log: LogWriter,
        hub: Hub,
    ) -> Self {
        let worker = format!("{}-{}", std::process::id(), crate::ids::new::<Uuid>().simple());
        let places = Arc::new(Semaphore::new(settings.workers));
        Self {
            db,
            clock,
            catalogue,
            providers,
            settings,
            till: outside.till,
            clerk: outside.clerk,
            sealer: outside.sealer,
            revoker: outside.revoker,
            hub,
            log,
            worker,
            places,
            chores: Semaphore::new(CHORES),
            wake: Notify::new(),
            hearing: AtomicBool::new(false),
            stopping: CancellationToken::new(),
            hand_over: CancellationToken::new(),
            tasks: TaskTracker::new(),
            running: Mutex::default(),
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Uuid, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a job runs here; returns the token that stops it when its fence moves.
    pub fn enter(&self, held: Held) -> CancellationToken {
        let fenced = CancellationToken::new();
        self.running().insert(held.id.0, Running { held, fenced: fenced.clone() });
        fenced
    }

    /// Notes that a job no longer runs here under this fence.
    pub fn leave(&self, held: Held) {
        let mut running = self.running();
        if running.get(&held.id.0).is_some_and(|entry| entry.held == held) {
            running.remove(&held.id.0);
        }
    }

    /// Every job that runs here.
    pub fn all_running(&self) -> Vec<Running> {
        self.running().values().cloned().collect()
    }

    /// Stops a job whose fence has moved, if it runs here.
    pub fn fence(&self, job: Uuid) {
        if let Some(entry) = self.running().get(&job) {
            entry.fenced.cancel();
        }
    }
}

/// Looks at the queue again when a job that was put back falls due, instead of at the next poll.
pub(crate) fn wake_after(engine: &Arc<Engine>, delay: Duration) {
    let waker = Arc::clone(engine);
    engine.tasks.spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(delay) => waker.wake.notify_one(),
            () = waker.stopping.cancelled() => {}
        }
    });
}
