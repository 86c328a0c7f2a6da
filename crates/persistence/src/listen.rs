//! NOTIFY as a hint between processes: who hears nothing still polls. Needs a direct address (no transaction pooler).

use crate::error::StoreError;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use uuid::Uuid;
use waymark_domain::ids::PlanId;

/// Channel: a job waits.
pub(crate) const JOBS: &str = "waymark_jobs";
/// Channel: a plan's log has grown; payload is the plan's id.
pub(crate) const EVENTS: &str = "waymark_events";
/// Channel: a job was taken from its worker; payload is the job's id.
pub(crate) const FENCED: &str = "waymark_fenced";

/// What another process hints at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// A job waits.
    JobWaits,
    /// A plan's log has grown.
    PlanEvents(PlanId),
    /// A job was taken from its worker.
    JobFenced(Uuid),
    /// The connection was lost and is back: anything may have been missed.
    Reconnected,
}

/// A connection that listens.
pub struct Listener(PgListener);

impl Listener {
    /// Connects and listens on every channel.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the address does not answer.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let wrap = |error: sqlx::Error| {
            StoreError::from(sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(std::sync::Arc::new(error))))
        };
        let options: PgConnectOptions = url.parse().map_err(wrap)?;
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with(options.application_name("waymark-listen"));
        let mut listener = PgListener::connect_with(&pool).await.map_err(wrap)?;
        listener.listen_all([JOBS, EVENTS, FENCED]).await.map_err(wrap)?;
        Ok(Self(listener))
    }

    /// Waits for the next notice. Cancel safe.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the connection is gone and does not come back at once.
    pub async fn next(&mut self) -> Result<Notice, StoreError> {
        loop {
            let received = self.0.try_recv().await.map_err(|error| {
                StoreError::from(sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(std::sync::Arc::new(error))))
            })?;
            let Some(notification) = received else { return Ok(Notice::Reconnected) };
            let id = || notification.payload().parse::<Uuid>().ok();
            match notification.channel() {
                JOBS => return Ok(Notice::JobWaits),
                EVENTS => {
                    if let Some(id) = id() {
                        return Ok(Notice::PlanEvents(PlanId(id)));
                    }
                }
                FENCED => {
                    if let Some(id) = id() {
                        return Ok(Notice::JobFenced(id));
                    }
                }
                _ => {}
            }
        }
    }
}
