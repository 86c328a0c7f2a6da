//! The running application: the composed services behind an HTTP server. Started by `serve`, `demo`, tests and
//! measurements; stopped in an order that loses nothing.

use crate::edge::edge;
use crate::rate_limits::{RateLimiter, RateLimits};
use crate::routes;
use crate::state::AppState;
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZero;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use waymark_services::clock::SharedClock;
use waymark_services::{Services, ServicesConfig};

/// How HTTP is served.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Threads that serve, each with its own event loop.
    pub threads: usize,
    /// Limits kept in memory.
    pub rate_limits: RateLimits,
    /// How long a stop waits for requests under way; zero drops idle connections at once.
    pub patience: Duration,
}

impl HttpConfig {
    /// A free loopback port, as many threads as cores (at least two), the product's rate limits.
    pub fn loopback() -> Self {
        Self {
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
            threads: std::thread::available_parallelism().map_or(2, NonZero::get).max(2),
            rate_limits: RateLimits::default(),
            patience: Duration::from_secs(10),
        }
    }
}

/// What an application needs.
pub struct AppConfig {
    /// How HTTP is served.
    pub http: HttpConfig,
    /// Everything behind it.
    pub services: ServicesConfig,
}

/// Why an application did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The services did not start.
    #[error(transparent)]
    Services(#[from] waymark_services::StartError),
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A server that serves. Stop it with [`Application::stop`]; dropping it leaves it running.
pub struct Application {
    addr: SocketAddr,
    state: web::Data<AppState>,
    handle: ServerHandle,
    server: TaskTracker,
    patience: Duration,
}

impl Application {
    /// Starts the services, listens and serves. Needs a tokio runtime, on which the services' loops run.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(config: AppConfig, clock: SharedClock) -> Result<Self, StartError> {
        let AppConfig { http, services } = config;
        // Listened on first: an address in use is found before anything runs.
        let listener = std::net::TcpListener::bind(http.addr);
        let listener = listener.map_err(|source| StartError::Listen { addr: http.addr, source })?;
        let services = Services::start(services, clock.clone()).await?;
        let state = web::Data::new(AppState {
            services,
            clock,
            limiter: RateLimiter::new(&http.rate_limits),
            rate_limits: http.rate_limits,
            requests: TaskTracker::new(),
            stopping: CancellationToken::new(),
        });
        match serve(listener, &http, state.clone()) {
            Ok((addr, handle, server)) => Ok(Self { addr, state, handle, server, patience: http.patience }),
            Err(source) => {
                state.services.stop().await;
                Err(StartError::Listen { addr: http.addr, source })
            }
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://address`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The services behind it.
    pub fn services(&self) -> &Services {
        &self.state.services
    }

    /// Stops: no new connections, streams are told to come back, requests under way are answered, generations finish or
    /// are handed over, and then the connections are closed.
    pub async fn stop(self) {
        self.state.stopping.cancel();
        self.handle.pause().await;
        self.state.services.say_goodbye();
        self.state.requests.close();
        if tokio::time::timeout(self.patience, self.state.requests.wait()).await.is_err() {
            tracing::warn!(requests = self.state.requests.len(), "requests were still under way");
        }
        self.state.services.stop().await;
        self.handle.stop(!self.patience.is_zero()).await;
        self.server.wait().await;
    }
}

fn serve(
    listener: std::net::TcpListener,
    http: &HttpConfig,
    state: web::Data<AppState>,
) -> io::Result<(SocketAddr, ServerHandle, TaskTracker)> {
    let addr = listener.local_addr()?;
    let server =
        HttpServer::new(move || App::new().app_data(state.clone()).configure(routes::register).wrap(from_fn(edge)))
            .workers(http.threads)
            // An event of a stream leaves at once.
            .tcp_nodelay(true)
            .keep_alive(Duration::from_mins(1))
            .client_request_timeout(Duration::from_secs(10))
            .client_disconnect_timeout(Duration::from_secs(2))
            // Requests are waited for by `stop`; this is for idle connections and the last bytes of streams.
            .shutdown_timeout(1)
            .disable_signals()
            .listen(listener)?
            .run();
    let (handle, tracker) = (server.handle(), TaskTracker::new());
    tracker.spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the HTTP server ended");
        }
    });
    tracker.close();
    Ok((addr, handle, tracker))
}
