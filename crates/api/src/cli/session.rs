//! What the commands share: a database, and the application or the services on it.

use super::Outcome;
use super::signals::Signals;
use crate::app::{AppConfig, Application, HttpConfig};
use crate::compose::{self, Trust};
use crate::database::Database;
use crate::settings::Settings;
use std::error::Error;
use std::sync::Arc;
use waymark_services::Services;
use waymark_services::clock::{SharedClock, SystemClock};

/// A database and whatever runs on it.
pub struct Session<T> {
    /// What runs.
    pub running: T,
    database: Database,
}

/// The machine's clock.
pub fn clock() -> SharedClock {
    Arc::new(SystemClock)
}

/// Starts an application on the database that the settings name.
pub async fn application(
    settings: &Settings,
    http: HttpConfig,
    trust: Trust,
    workers: usize,
) -> Result<Session<Application>, Box<dyn Error>> {
    let database = Database::open(settings).await?;
    let started = async {
        let services = compose::services(settings, &database.addresses, trust, workers, &clock()).await?;
        Ok::<_, Box<dyn Error>>(Application::start(AppConfig { http, services }, clock()).await?)
    };
    finish(started.await, database).await
}

/// Starts the services alone.
pub async fn services(settings: &Settings, workers: usize) -> Result<Session<Services>, Box<dyn Error>> {
    let database = Database::open(settings).await?;
    let started = async {
        let config = compose::services(settings, &database.addresses, Trust::Settings, workers, &clock()).await?;
        Ok::<_, Box<dyn Error>>(Services::start(config, clock()).await?)
    };
    finish(started.await, database).await
}

/// Does one thing with the services, which take no jobs, and stops them. A signal breaks it off with the words `broken_off`.
pub async fn once(
    settings: &Settings,
    broken_off: &'static str,
    work: impl AsyncFnOnce(&Services) -> Outcome,
) -> Outcome {
    let mut signals = Signals::listen()?;
    let session = tokio::select! {
        started = services(settings, 0) => started?,
        () = signals.next() => return Err("interrupted before anything was done".into()),
    };
    let outcome = tokio::select! {
        outcome = work(&session.running) => outcome,
        () = signals.next() => Err(broken_off.into()),
    };
    session.stop(&mut signals, async |services| services.stop().await).await;
    outcome
}

/// A start that fails leaves no private server behind.
async fn finish<T>(started: Result<T, Box<dyn Error>>, database: Database) -> Result<Session<T>, Box<dyn Error>> {
    match started {
        Ok(running) => Ok(Session { running, database }),
        Err(error) => {
            database.close().await;
            Err(error)
        }
    }
}

impl<T> Session<T> {
    /// Stops what runs, then gives the database back; a second signal cuts it short.
    pub async fn stop<F: Future<Output = ()>>(self, signals: &mut Signals, stop: impl FnOnce(T) -> F) {
        let Self { running, database } = self;
        signals.stop(stop(running)).await;
        signals.stop(database.close()).await;
    }
}

/// Tells the operator what was found at start.
pub fn report(settings: &Settings, services: &Services) {
    services.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    if !settings.is_local() && settings.clerk.authorized_parties.is_empty() {
        tracing::warn!("CLERK_AUTHORIZED_PARTIES is not set: tokens made for a neighbouring application are taken too");
    }
    tracing::info!("{}", settings.ai.sentence());
    if let Some(off) = settings.off_sentence() {
        tracing::info!("{off}");
    }
}
