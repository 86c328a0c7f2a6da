//! A pool for each runtime. A connection's socket is watched by the runtime that opened it, so a statement sent from
//! another one costs two more wake-ups a round trip; every HTTP thread is a runtime of its own. Used by [`crate::connect`].

use crate::error::StoreError;
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::{Handle, Id};

/// Pools with the same options, made as runtimes ask.
#[derive(Clone)]
pub(crate) struct Pools {
    options: Arc<ConnectOptions>,
    made: Arc<Mutex<HashMap<Id, DatabaseConnection>>>,
}

impl Pools {
    /// None yet. The options must connect lazily, so that making a pool takes no time.
    pub fn new(options: ConnectOptions) -> Self {
        Self { options: Arc::new(options), made: Arc::default() }
    }

    /// The pool of the runtime this is called on.
    ///
    /// # Errors
    /// An address that cannot be read.
    pub async fn here(&self) -> Result<DatabaseConnection, StoreError> {
        let runtime = Handle::current().id();
        if let Some(pool) = self.made().get(&runtime) {
            return Ok(pool.clone());
        }
        let pool = Database::connect(ConnectOptions::clone(&self.options)).await?;
        // Two tasks may come here at once; the pool that is not taken has opened nothing.
        Ok(self.made().entry(runtime).or_insert(pool).clone())
    }

    /// Closes every pool and waits for what is in use.
    pub async fn close(&self) {
        let pools: Vec<_> = self.made().values().cloned().collect();
        for pool in pools {
            if let Err(error) = pool.close().await {
                tracing::warn!(%error, "a pool did not close");
            }
        }
    }

    fn made(&self) -> MutexGuard<'_, HashMap<Id, DatabaseConnection>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The options hold the password.
impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pools").field("made", &self.made().len()).finish_non_exhaustive()
    }
}
