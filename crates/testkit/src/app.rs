//! The application on a free port, with a database of its own, and the people who use it.

use crate::actor::Actor;
use crate::clerk_server::ClerkServer;
use crate::database::TestDb;
use crate::model_server::ModelServer;
use crate::outside::Outside;
use crate::stripe_server::StripeServer;
use chrono::Utc;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use waymark_api::app::{AppConfig, Application, HttpConfig};
use waymark_api::rate_limits::RateLimits;
use waymark_domain::generation::ModelId;
use waymark_services::DbOptions;
use waymark_services::accounts::local_issuer::{DEFAULT_TTL, LocalIssuer};
use waymark_services::accounts::tokens::TokenVerifier;
use waymark_services::clock::SystemClock;
use waymark_services::generation::catalogue::Catalogue;
use waymark_services::generation::openai::{Flavour, OpenAiConfig, OpenAiProvider, RetryPolicy};
use waymark_services::generation::outline::{OutlinePace, OutlineProvider};
use waymark_services::generation::{GenerationSettings, Providers, Timeouts};
use waymark_services::sweeper::SweeperSettings;
use waymark_services::{Services, ServicesConfig};

/// The model of [`Options::model`].
const MODEL: &str = "test/model";

/// What one process of an application is made of. Everything in it can be handed to another process.
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) request_url: String,
    pub(crate) service_url: String,
    pub(crate) keys: PathBuf,
    pub(crate) model: Option<String>,
    pub(crate) generation: GenerationSettings,
    pub(crate) deaf: bool,
    pub(crate) statement_cache: usize,
    pub(crate) rate_limits: RateLimits,
    pub(crate) metered: bool,
    pub(crate) outside: Outside,
}

impl Options {
    /// What an application on this database is made of; tokens are signed with the key in the folder `keys`.
    pub fn new(db: &TestDb, keys: &Path) -> Self {
        Self::bare(db.request_url(), db.service_url(), keys.to_owned())
    }

    pub(crate) fn bare(request_url: String, service_url: String, keys: PathBuf) -> Self {
        Self {
            request_url,
            service_url,
            keys,
            model: None,
            generation: GenerationSettings {
                hourly_generations: None,
                drain: Duration::ZERO,
                first_pause: Duration::from_millis(10),
                ..GenerationSettings::default()
            },
            deaf: false,
            statement_cache: 256,
            rate_limits: RateLimits::off(),
            metered: false,
            outside: Outside::default(),
        }
    }

    /// Generates with this server instead of the outline.
    #[must_use]
    pub fn model(mut self, server: &ModelServer) -> Self {
        self.model = Some(server.base_url());
        self
    }

    /// Takes the model server for `OpenRouter`: models with prices for those who pay, and a record of each call's cost.
    #[must_use]
    pub fn metered(mut self) -> Self {
        self.metered = true;
        self
    }

    /// Bills through this server: prices [`crate::outside::STARTER`] and [`crate::outside::PRO`].
    #[must_use]
    pub fn stripe(mut self, server: &StripeServer) -> Self {
        self.outside.stripe(server);
        self
    }

    /// Takes the payment provider's events by these secrets instead of the server's own.
    #[must_use]
    pub fn stripe_secrets(mut self, secrets: &[&str]) -> Self {
        self.outside.stripe_secrets(secrets);
        self
    }

    /// Gives up on a silent payment provider within half a second a try.
    #[must_use]
    pub fn impatient_billing(mut self) -> Self {
        self.outside.impatient();
        self
    }

    /// Takes this server's events for the identity provider's, and asks it for addresses when `asks`.
    #[must_use]
    pub fn clerk(mut self, server: &ClerkServer, asks: bool) -> Self {
        self.outside.clerk(server, asks);
        self
    }

    /// Takes the identity provider's events by these secrets instead of the server's own.
    #[must_use]
    pub fn clerk_secrets(mut self, secrets: &[&str]) -> Self {
        self.outside.clerk_secrets(secrets);
        self
    }

    /// Seals tokens with [`crate::outside::SEALING_KEY`] and gives access back at this address.
    #[must_use]
    pub fn revoke(mut self, base: &url::Url) -> Self {
        self.outside.revoke(base);
        self
    }

    /// Other time-outs of an attempt.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.generation.timeouts = timeouts;
        self
    }

    /// Another pause before a second attempt.
    #[must_use]
    pub fn first_pause(mut self, pause: Duration) -> Self {
        self.generation.first_pause = pause;
        self
    }

    /// Sweeps, and looks after costs, this often.
    #[must_use]
    pub fn sweeps(mut self, every: Duration, clerk_every: Duration) -> Self {
        self.generation.sweeper.every = every;
        self.generation.sweeper.clerk_every = clerk_every;
        self
    }

    /// Gives up early on what says nothing.
    #[must_use]
    pub fn impatient(mut self) -> Self {
        let timeout = Duration::from_millis(700);
        self.generation.timeouts =
            Timeouts { first_module: timeout, idle: timeout, total: Duration::from_millis(1_500) };
        self
    }

    /// So many generations at once; 0 for a process that only serves.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.generation.workers = workers;
        self
    }

    /// Another lease.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.generation.lease = lease;
        self
    }

    /// Sweeps at other times, or keeps other things.
    #[must_use]
    pub fn sweeper(mut self, settings: SweeperSettings) -> Self {
        self.generation.sweeper = settings;
        self
    }

    /// Lets running generations finish for so long when the process stops.
    #[must_use]
    pub fn drain(mut self, drain: Duration) -> Self {
        self.generation.drain = drain;
        self
    }

    /// So many generations an hour for each learner.
    #[must_use]
    pub fn hourly_generations(mut self, limit: u32) -> Self {
        self.generation.hourly_generations = Some(limit);
        self
    }

    /// No LISTEN: only polling.
    #[must_use]
    pub fn deaf(mut self) -> Self {
        self.deaf = true;
        self
    }

    /// Prepared statements kept per connection.
    #[must_use]
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.statement_cache = statements;
        self
    }

    /// The product's rate limits, which tests otherwise do without.
    #[must_use]
    pub fn rate_limits(mut self) -> Self {
        self.rate_limits = RateLimits::default();
        self
    }

    /// A token of the learner with this name.
    pub fn token(&self, subject: &str) -> String {
        let email = format!("{subject}@example.com");
        self.issuer().sign(subject, Some(&email), None, DEFAULT_TTL, Utc::now())
    }

    /// A token of the learner with this name that carries no address, as the identity provider's own are.
    pub fn token_without_email(&self, subject: &str) -> String {
        self.issuer().sign(subject, None, None, DEFAULT_TTL, Utc::now())
    }

    fn issuer(&self) -> LocalIssuer {
        LocalIssuer::open(&self.keys).expect("the local key can be read or made")
    }

    fn services(&self) -> ServicesConfig {
        let outline = Arc::new(OutlineProvider::new(OutlinePace::UNPACED));
        let mut db = DbOptions::new(self.request_url.clone(), Some(self.service_url.clone()));
        db.statement_cache = self.statement_cache;
        let (catalogue, configured) = match &self.model {
            None => (Catalogue::builtin(), None),
            Some(url) => {
                let id = ModelId::parse(MODEL).expect("a model's id");
                let mut config = OpenAiConfig::new(url.parse().expect("an address"), None);
                config.retry = RetryPolicy {
                    first_wait: Duration::from_millis(5),
                    longest_wait: Duration::from_millis(20),
                    ..config.retry
                };
                let catalogue = if self.metered {
                    config.flavour = Flavour::OpenRouter;
                    Catalogue::openrouter(&config.name, None)
                } else {
                    Catalogue::compatible(&config.name, id)
                };
                let provider = OpenAiProvider::new(config, Arc::new(SystemClock)).expect("the adapter is set up");
                (catalogue, Some(Arc::new(provider) as Arc<_>))
            }
        };
        ServicesConfig {
            direct_url: (!self.deaf).then(|| db.request_url.clone()),
            db,
            tokens: TokenVerifier::local(&self.issuer()),
            catalogue,
            providers: Providers { outline, configured },
            generation: self.generation.clone(),
            billing: self.outside.billing(),
            clerk: self.outside.identity(),
            sealer: self.outside.sealer(),
            revoke: self.outside.revocation(),
        }
    }

    /// Starts an application in this process.
    pub async fn start(&self) -> Application {
        let http = HttpConfig {
            threads: 2,
            rate_limits: self.rate_limits,
            patience: Duration::ZERO,
            ..HttpConfig::loopback()
        };
        let config = AppConfig { http, services: self.services() };
        Application::start(config, Arc::new(SystemClock)).await.expect("the application starts")
    }
}

/// A running application with a database of its own.
pub struct App {
    application: Option<Application>,
    base: String,
    options: Options,
    keys: Arc<TempDir>,
    db: Arc<TestDb>,
}

impl App {
    /// An application that generates with the outline, unpaced.
    pub async fn start() -> Self {
        Self::with(|options| options).await
    }

    /// An application with other options.
    pub async fn with(change: impl FnOnce(Options) -> Options) -> Self {
        let db = Arc::new(TestDb::new().await);
        let keys = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let options = change(Options::new(&db, keys.path()));
        Self::run(options, db, keys).await
    }

    async fn run(options: Options, db: Arc<TestDb>, keys: Arc<TempDir>) -> Self {
        let application = options.start().await;
        Self { base: application.base_url(), application: Some(application), options, keys, db }
    }

    /// A second application on the same database and keys.
    pub async fn second_process(&self, change: impl FnOnce(Options) -> Options) -> Self {
        Self::run(change(self.options.clone()), Arc::clone(&self.db), Arc::clone(&self.keys)).await
    }

    /// `http://address`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The database behind it.
    pub fn db(&self) -> &TestDb {
        &self.db
    }

    /// The use cases, past HTTP.
    ///
    /// # Panics
    /// Once it has stopped.
    pub fn services(&self) -> &Services {
        self.application.as_ref().expect("the application runs").services()
    }

    /// What it was started with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// A learner.
    pub fn owner(&self) -> Actor {
        self.learner("user_owner")
    }

    /// Another learner.
    pub fn stranger(&self) -> Actor {
        self.learner("user_stranger")
    }

    /// Nobody.
    pub fn anonymous(&self) -> Actor {
        Actor::new(&self.base, None)
    }

    /// A learner of this name.
    pub fn learner(&self, subject: &str) -> Actor {
        Actor::new(&self.base, Some(self.token(subject)))
    }

    /// A learner's token.
    pub fn token(&self, subject: &str) -> String {
        self.options.token(subject)
    }

    /// Stops as a process that was asked to.
    pub async fn stop(mut self) {
        if let Some(application) = self.application.take() {
            application.stop().await;
        }
    }
}

impl Drop for App {
    /// A test that ends takes its application along; loops on a dropped database would slow the other tests down.
    fn drop(&mut self) {
        if let (Some(application), Ok(runtime)) = (self.application.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(application.stop());
        }
    }
}
