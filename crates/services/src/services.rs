//! Everything composed: pools, models, loops. Started once a process, stopped once.

use crate::accounts::Accounts;
use crate::accounts::clerk::{Clerk as IdentityProvider, ClerkSettings};
use crate::accounts::tokens::TokenVerifier;
use crate::billing::{Billing, BillingSettings, Till, nightly};
use crate::clock::SharedClock;
use crate::costs::Clerk;
use crate::generation::GenerationSettings;
use crate::generation::catalogue::Catalogue;
use crate::generation::engine::{Engine, Outside, Providers};
use crate::generation::hub::Hub;
use crate::generation::log_writer::LogWriter;
use crate::generation::worker;
use crate::integrations::revoke::{RevokeConfig, Revoker};
use crate::jobs::Jobs;
use crate::plans::Plans;
use crate::quota::Quota;
use crate::rate_limits::ExactLimits;
use crate::schedules::Schedules;
use crate::secrets::Sealer;
use crate::seed::Seeder;
use crate::sweeper::{self, Sweeper};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use waymark_persistence::{Db, DbOptions, PowerError, StoreError};

/// What a process needs to start.
pub struct ServicesConfig {
    /// The two logins' addresses.
    pub db: DbOptions,
    /// A direct address for LISTEN; none: polling takes over.
    pub direct_url: Option<String>,
    /// Who is believed.
    pub tokens: TokenVerifier,
    /// The models.
    pub catalogue: Catalogue,
    /// Who serves them.
    pub providers: Providers,
    /// How this process generates.
    pub generation: GenerationSettings,
    /// How this installation bills; none: it does not.
    pub billing: Option<BillingSettings>,
    /// How it hears from the identity provider.
    pub clerk: ClerkSettings,
    /// Seals what is stored for integrations; none: they are off.
    pub sealer: Option<Sealer>,
    /// Where access to integrations is given back.
    pub revoke: Option<RevokeConfig>,
}

/// Why a process did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A login that is refused, or an unprotected table.
    #[error(transparent)]
    Powers(#[from] PowerError),
    /// The database did not answer.
    #[error("the database did not answer")]
    Store(#[from] StoreError),
    /// There is no HTTP client.
    #[error("the HTTP client could not be set up")]
    Client(#[from] reqwest::Error),
}

/// The use cases, ready to be called. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    engine: Arc<Engine>,
    accounts: Accounts,
    plans: Plans,
    loops: TaskTracker,
    end: CancellationToken,
    warnings: Arc<[String]>,
}

impl Services {
    /// Connects, checks the logins' powers, and starts the loops.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(config: ServicesConfig, clock: SharedClock) -> Result<Self, StartError> {
        let db = Db::connect(&config.db).await?;
        let warnings = db.check_powers().await?;
        let hub = Hub::default();
        let (log, writer) = LogWriter::new(db.clone(), hub.clone());
        let catalogue = Arc::new(config.catalogue);
        let working = config.generation.workers > 0;
        let outside = Outside {
            till: config.billing.map(Till::new).transpose()?.map(Arc::new),
            clerk: IdentityProvider::new(config.clerk)?,
            sealer: config.sealer,
            revoker: config.revoke.map(Revoker::new).transpose()?,
        };
        let settings = (config.generation, outside);
        let engine = Arc::new(Engine::new(db, clock, (catalogue, config.providers), settings, log, hub));
        let accounts = Accounts::new(Arc::clone(&engine), config.tokens);
        let plans = Plans { engine: Arc::clone(&engine) };
        let (loops, end) = (TaskTracker::new(), CancellationToken::new());
        let services = Self { engine, accounts, plans, loops, end, warnings: warnings.into() };
        services.run(writer);
        services.run(worker::hear(Arc::clone(&services.engine), config.direct_url));
        services.run(worker::compare(Arc::clone(&services.engine)));
        if working {
            services.run(worker::beat(Arc::clone(&services.engine)));
            services.run(worker::work(Arc::clone(&services.engine)));
            services.run(services.sweep());
            services.see_to_the_night().await?;
        }
        Ok(services)
    }

    /// Runs a loop until this process has drained.
    fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        let end = self.end.clone();
        self.loops.spawn(async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Queues the nightly comparison with the payment provider, if none waits; each one queues the next.
    async fn see_to_the_night(&self) -> Result<(), StoreError> {
        if self.engine.till.is_none() {
            return Ok(());
        }
        let job = nightly(self.engine.clock.now());
        match self.engine.db.service(async |tx| tx.jobs().enqueue(&job).await).await {
            Err(error) if error.violates("job_queue_job_type_key") => Ok(()),
            other => other,
        }
    }

    /// The loop that looks after what has had its time and what is found out late.
    fn sweep(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let (db, clock, settings) = (&self.engine.db, &self.engine.clock, &self.engine.settings);
        let sweeper = Sweeper::new(db.clone(), Arc::clone(clock), settings.sweeper);
        let clerk = Clerk::new(db.clone(), Arc::clone(clock), self.engine.providers.clone(), settings.lease);
        sweeper::run(sweeper, clerk)
    }

    /// Accounts.
    pub const fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Plans.
    pub const fn plans(&self) -> &Plans {
        &self.plans
    }

    /// Billing; none when it is not configured.
    pub fn billing(&self) -> Option<Billing> {
        let till = Arc::clone(self.engine.till.as_ref()?);
        Some(Billing { engine: Arc::clone(&self.engine), till })
    }

    /// Limits that hold across all processes.
    pub fn exact_limits(&self) -> ExactLimits {
        ExactLimits { engine: Arc::clone(&self.engine) }
    }

    /// Schedules.
    pub fn schedules(&self) -> Schedules {
        Schedules { plans: self.plans.clone() }
    }

    /// Jobs.
    pub fn jobs(&self) -> Jobs {
        Jobs { engine: Arc::clone(&self.engine) }
    }

    /// Quota.
    pub fn quota(&self) -> Quota {
        let (db, clock, settings) = (&self.engine.db, &self.engine.clock, &self.engine.settings);
        Quota::new(db.clone(), Arc::clone(clock), settings.limits, settings.hourly_generations)
    }

    /// Made-up learners.
    pub fn seeder(&self) -> Seeder {
        Seeder::new(self.engine.db.clone(), self.engine.settings.limits)
    }

    /// The models.
    pub fn catalogue(&self) -> &Catalogue {
        &self.engine.catalogue
    }

    /// The limits by tier.
    pub fn limits(&self) -> &waymark_domain::quota::Limits {
        &self.engine.settings.limits
    }

    /// What an operator should know, found at start.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Busy`]
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.engine.db.ping().await
    }

    /// First half of stopping: no new work is taken, streams are told to come back.
    pub fn say_goodbye(&self) {
        self.engine.stopping.cancel();
    }

    /// Stops: running generations finish within the drain time or are handed over; then the pools close.
    pub async fn stop(&self) {
        self.say_goodbye();
        self.engine.tasks.close();
        if tokio::time::timeout(self.engine.settings.drain, self.engine.tasks.wait()).await.is_err() {
            self.engine.hand_over.cancel();
            let patience = self.engine.settings.lease;
            if tokio::time::timeout(patience, self.engine.tasks.wait()).await.is_err() {
                tracing::warn!("some generations are left to their leases");
            }
        }
        self.end.cancel();
        self.loops.close();
        self.loops.wait().await;
        self.engine.db.close().await;
    }
}
