//! The database a process uses: the one the settings name, or a private PostgreSQL that is started, migrated and left as
//! it was found. Opened by every command that needs data.

use crate::settings::Settings;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use url::Url;
use waymark_localpg::{Cluster, Options};
use waymark_migration::MigrateError;

/// The private database's name.
const NAME: &str = "waymark";

/// Where the restricted logins connect.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// `waymark_request`
    pub request: SecretString,
    /// `waymark_service`; none: the request login serves both.
    pub service: Option<SecretString>,
    /// Past any pooler, for LISTEN; none: polling.
    pub direct: Option<SecretString>,
}

/// A database in use. Close it, so that a private server nobody uses any more stops.
#[derive(Debug)]
pub struct Database {
    /// Where to connect.
    pub addresses: Addresses,
    private: Option<Cluster>,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The private server did not start.
    #[error(transparent)]
    Private(#[from] waymark_localpg::Error),
    /// The database does not answer, or not to this login.
    #[error("the database cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The private database could not be brought up to date, or the configured one could not be asked.
    #[error("the schema could not be checked or brought up to date")]
    Migrate(#[source] MigrateError),
    /// The configured database lacks migrations; only its owner may apply them.
    #[error("the database's schema is behind this program: run `migration up` with the owner's address first")]
    Behind,
    /// The blocking work was torn down.
    #[error("starting the private database was interrupted")]
    Interrupted,
    /// The private server's address cannot be read.
    #[error("the private database has no usable address")]
    Address,
}

impl Database {
    /// Opens the configured database, or starts the private one.
    ///
    /// # Errors
    /// [`DatabaseError`]
    pub async fn open(settings: &Settings) -> Result<Self, DatabaseError> {
        match &settings.database_url {
            Some(request) => configured(settings, request.clone()).await,
            None => private(settings.data_dir.clone()).await,
        }
    }

    /// Gives the private server back; the last process to do so stops it.
    pub async fn close(self) {
        let Some(cluster) = self.private else { return };
        match tokio::task::spawn_blocking(move || cluster.stop()).await {
            Ok(Ok(stop)) => tracing::debug!(?stop, "gave the private database back"),
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the private database did not stop");
            }
            Err(error) => tracing::warn!(%error, "the private database did not stop"),
        }
    }
}

impl From<MigrateError> for DatabaseError {
    fn from(error: MigrateError) -> Self {
        match error {
            // Its own words speak of the owner's address, which is not the one that was used here.
            MigrateError::Connect(source) => Self::Unreachable(source.into()),
            error => Self::Migrate(error),
        }
    }
}

async fn configured(settings: &Settings, request: SecretString) -> Result<Database, DatabaseError> {
    let service = settings.database_service_url.clone();
    let asked = service.as_ref().unwrap_or(&request);
    if !waymark_migration::is_current(asked.expose_secret()).await? {
        return Err(DatabaseError::Behind);
    }
    let addresses = Addresses { request, service, direct: settings.database_direct_url.clone() };
    Ok(Database { addresses, private: None })
}

async fn private(folder: PathBuf) -> Result<Database, DatabaseError> {
    let started = tokio::task::spawn_blocking(move || Cluster::start(&Options::new(folder))).await;
    let cluster = started.map_err(|_| DatabaseError::Interrupted)??;
    let owner = cluster.superuser_url(NAME);
    let (request, service) = (Login::of(&owner, "waymark_request")?, Login::of(&owner, "waymark_service")?);
    // As a rule the service login gets in and all is well. If it does not, it is found out in order what is missing.
    if !matches!(waymark_migration::is_current(&service.address).await, Ok(true)) {
        waymark_migration::ensure_database(&cluster.superuser_url("postgres"), NAME).await?;
        waymark_migration::up(&owner).await?;
        waymark_migration::set_login_passwords(&owner, &request.password, &service.password).await?;
    }
    let addresses = Addresses {
        request: request.address.into(),
        direct: Some(service.address.clone().into()),
        service: Some(service.address.into()),
    };
    Ok(Database { addresses, private: Some(cluster) })
}

/// A restricted login of the private database.
struct Login {
    password: String,
    address: String,
}

impl Login {
    /// The login's password follows from the superuser's, which only we can read: nothing more to keep, processes that
    /// start at once agree, and nothing leads back from it.
    fn of(owner: &str, name: &str) -> Result<Self, DatabaseError> {
        let mut url = Url::parse(owner).map_err(|_| DatabaseError::Address)?;
        let seed = url.password().ok_or(DatabaseError::Address)?;
        let password = hex::encode(Sha256::digest(format!("{name}:{seed}")));
        let changed = url.set_username(name).and_then(|()| url.set_password(Some(&password)));
        changed.map_err(|()| DatabaseError::Address)?;
        Ok(Self { password, address: url.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_login_has_its_own_password_that_does_not_show_the_superusers() {
        let owner = "postgres://postgres:0123abcd@127.0.0.1:5433/waymark";
        let [request, service] = ["waymark_request", "waymark_service"].map(|name| Login::of(owner, name).unwrap());
        assert_ne!(request.password, service.password);
        assert!(!request.address.contains("0123abcd"));
        assert_eq!(request.address, format!("postgres://waymark_request:{}@127.0.0.1:5433/waymark", request.password));
        assert_eq!(Login::of(owner, "waymark_request").unwrap().password, request.password);
    }
}
