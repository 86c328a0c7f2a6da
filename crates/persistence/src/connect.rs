//! The two kinds of pools: one may become a learner, the other the server. Opened once, at start.

use crate::error::StoreError;
use crate::pools::Pools;
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use std::time::Duration;

/// Where the database is and how many connections may be held.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// Address of the request login (`waymark_request`): may become `authenticated` or `anonymous`.
    pub request_url: String,
    /// Address of the service login (`waymark_service`): may become `service`. None: the request login serves both.
    pub service_url: Option<String>,
    /// Most connections of each runtime's request pool; every HTTP thread is a runtime.
    pub request_connections: u32,
    /// Most connections of the service pool.
    pub service_connections: u32,
    /// Prepared statements kept per connection. 0 for a transaction pooler that does not know them (`PgBouncer` before
    /// 1.21): nothing prepared outlives its transaction, at the price of a round trip each.
    pub statement_cache: usize,
}

impl DbOptions {
    /// Options with the sizes that suit one process: about 16 request connections over its HTTP threads, which are as
    /// many as cores. More of them were measured to be slower, since they take each other's cores.
    pub fn new(request_url: impl Into<String>, service_url: Option<String>) -> Self {
        let cores =
            std::thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX));
        Self {
            request_url: request_url.into(),
            service_url,
            request_connections: (16 / cores).clamp(4, 8),
            service_connections: 8,
            statement_cache: 256,
        }
    }
}

/// The database, as the application may use it: only through the doors of [`crate::session`].
#[derive(Debug, Clone)]
pub struct Db {
    pub(crate) request: Pools,
    pub(crate) service: DatabaseConnection,
    /// The driver names statements also when it keeps none, and other clients of a pooler use the same names: each
    /// transaction begins by dropping what it finds.
    pub(crate) drops_names: bool,
}

impl Db {
    /// Opens the pools (lazily: the first statement connects). Call [`Db::check_powers`] next.
    ///
    /// # Errors
    /// An address that cannot be read.
    pub async fn connect(options: &DbOptions) -> Result<Self, StoreError> {
        let cache = options.statement_cache;
        let request = pool(&options.request_url, options.request_connections, cache, "waymark-request");
        let request = Pools::new(request);
        // Made here, so that a bad address is found out at once.
        request.here().await?;
        let service_url = options.service_url.as_ref().unwrap_or(&options.request_url);
        let service = pool(service_url, options.service_connections, cache, "waymark-service");
        let service = Database::connect(service).await?;
        Ok(Self { request, service, drops_names: cache == 0 })
    }

    /// Closes the pools and waits for what is in use.
    pub async fn close(&self) {
        self.request.close().await;
        if let Err(error) = self.service.close_by_ref().await {
            tracing::warn!(%error, "a pool did not close");
        }
    }
}

/// Options of a pool that connects when it is first used.
fn pool(url: &str, most: u32, cache: usize, name: &'static str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(most)
        .min_connections(0)
        .acquire_timeout(Duration::from_secs(10))
        .idle_timeout(Duration::from_mins(10))
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .connect_lazy(true)
        // A ping before each use would cost a round trip; the doors open a broken connection's work anew instead.
        .test_before_acquire(false)
        .map_sqlx_postgres_opts(move |options| options.statement_cache_capacity(cache).application_name(name));
    options
}
