//! Every setting in one place: read once from the environment and `.env`, checked completely, and shown by `doctor`.
//! Nothing else in the program reads the environment.

mod features;
mod problems;
mod read;
mod table;
mod values;

pub use features::{Feature, is_openrouter};
pub use problems::{SettingProblem, SettingsError};
pub use table::{Setting, TABLE};

use crate::rate_limits::RateLimits;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use url::Url;
use waymark_domain::billing::PriceTiers;
use waymark_domain::generation::ModelId;
use waymark_domain::quota::Limits;
use waymark_services::generation::Timeouts;
use waymark_services::sweeper::SweeperSettings;

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `DATABASE_URL`; none: a private PostgreSQL.
    pub database_url: Option<SecretString>,
    /// `DATABASE_SERVICE_URL`
    pub database_service_url: Option<SecretString>,
    /// `DATABASE_DIRECT_URL`
    pub database_direct_url: Option<SecretString>,
    /// `DATABASE_STATEMENT_CACHE`: statements prepared per connection.
    pub statement_cache: usize,
    /// `WAYMARK_HTTP_ADDR`
    pub http_addr: SocketAddr,
    /// `WAYMARK_DATA_DIR`
    pub data_dir: PathBuf,
    /// `APP_URL`
    pub app_url: Option<Url>,
    /// `AI_*`
    pub ai: AiSettings,
    /// `CLERK_*`
    pub clerk: ClerkSettings,
    /// `STRIPE_*`
    pub stripe: StripeSettings,
    /// `OAUTH_ENCRYPTION_KEYS`, newest first.
    pub sealing_keys: Vec<(String, [u8; 32])>,
    /// `NOTION_*` and `GOOGLE_*`
    pub integrations: IntegrationSettings,
    /// `TIER_LIMITS` over the product's numbers.
    pub limits: Limits,
    /// `RATE_LIMITS` over the product's numbers.
    pub rate_limits: RateLimits,
    /// `LEASE_SECONDS`
    pub lease: Duration,
    /// `RETENTION` over the usual times.
    pub sweeper: SweeperSettings,
    /// `WORKERS`: generations at once in a process.
    pub workers: usize,
    /// `LOG_FORMAT=json`, whatever standard error is.
    pub log_json: Option<bool>,
    /// `RUST_LOG`
    pub log_filter: Option<String>,
    /// What was given, by name, for `doctor` and for the features that are to come.
    given: BTreeMap<&'static str, String>,
}

/// The model server.
#[derive(Debug, Clone, Default)]
pub struct AiSettings {
    /// `AI_BASE_URL`
    pub base_url: Option<Url>,
    /// `AI_API_KEY`
    pub api_key: Option<SecretString>,
    /// `AI_DEFAULT_MODEL`
    pub default_model: Option<ModelId>,
    /// `AI_TIMEOUT_*_MS`
    pub timeouts: Timeouts,
}

/// The identity provider.
#[derive(Debug, Clone, Default)]
pub struct ClerkSettings {
    /// `CLERK_ISSUER`; none: the local key is trusted.
    pub issuer: Option<String>,
    /// `CLERK_JWKS_URL`
    pub jwks_url: Option<String>,
    /// `CLERK_AUTHORIZED_PARTIES`
    pub authorized_parties: Vec<String>,
    /// `CLERK_SECRET_KEY`
    pub secret_key: Option<SecretString>,
    /// `CLERK_API_BASE`
    pub api_base: Option<Url>,
    /// `CLERK_WEBHOOK_SECRET`
    pub webhook_secrets: Vec<SecretString>,
}

/// The payment provider.
#[derive(Debug, Clone, Default)]
pub struct StripeSettings {
    /// `STRIPE_SECRET_KEY`
    pub secret_key: Option<SecretString>,
    /// `STRIPE_API_BASE`
    pub api_base: Option<Url>,
    /// `STRIPE_WEBHOOK_SECRETS`
    pub webhook_secrets: Vec<SecretString>,
    /// `STRIPE_STARTER_PRICE_IDS` and `STRIPE_PRO_PRICE_IDS`
    pub prices: PriceTiers,
}

/// Services that plans are exported to and synced with.
#[derive(Debug, Clone, Default)]
pub struct IntegrationSettings {
    /// `NOTION_CLIENT_ID`
    pub notion_client_id: Option<String>,
    /// `NOTION_CLIENT_SECRET`
    pub notion_client_secret: Option<SecretString>,
    /// `NOTION_API_BASE`
    pub notion_base: Option<Url>,
    /// `GOOGLE_OAUTH_BASE`
    pub google_oauth_base: Option<Url>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database_url: None,
            database_service_url: None,
            database_direct_url: None,
            statement_cache: 256,
            http_addr: (Ipv4Addr::LOCALHOST, 8080).into(),
            data_dir: PathBuf::from(".waymark"),
            app_url: None,
            ai: AiSettings::default(),
            clerk: ClerkSettings::default(),
            stripe: StripeSettings::default(),
            sealing_keys: Vec::new(),
            integrations: IntegrationSettings::default(),
            limits: Limits::default(),
            rate_limits: RateLimits::default(),
            lease: Duration::from_secs(30),
            sweeper: SweeperSettings::default(),
            workers: 64,
            log_json: None,
            log_filter: None,
            given: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Reads the environment and `.env`; the environment wins.
    ///
    /// # Errors
    /// Every bad value and every unknown name at once.
    pub fn load() -> Result<Self, SettingsError> {
        read::environment().and_then(Self::from_vars)
    }

    /// Reads these variables instead of the environment. An empty value counts as not given.
    ///
    /// # Errors
    /// Every bad value and every unknown name at once.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, SettingsError> {
        let (mut settings, mut problems) = (Self::default(), Vec::new());
        for (name, value) in vars {
            let value = value.trim();
            match table::find(&name) {
                Some(_) if value.is_empty() => {}
                Some(setting) => match (setting.apply)(&mut settings, value) {
                    Ok(()) => _ = settings.given.insert(setting.name, value.to_owned()),
                    Err(message) => problems.push(SettingProblem { name, message }),
                },
                None if table::looks_like_ours(&name) => problems.push(SettingProblem::unknown(name)),
                None => {}
            }
        }
        problems.extend(settings.contradictions());
        if problems.is_empty() { Ok(settings) } else { Err(SettingsError::new(problems)) }
    }

    /// Whether a setting was given.
    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// What was given for a setting.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// Whether this installation's own key is trusted, because no identity provider is set.
    pub fn is_local(&self) -> bool {
        self.clerk.issuer.is_none()
    }

    /// Settings that are sound alone and wrong together.
    fn contradictions(&self) -> Vec<SettingProblem> {
        let needs = |name: &str, other: &str| {
            (self.has(name) && !self.has(other))
                .then(|| SettingProblem { name: name.to_owned(), message: format!("needs {other}, which is not set") })
        };
        let mut problems: Vec<SettingProblem> = [
            needs("DATABASE_SERVICE_URL", "DATABASE_URL"),
            needs("DATABASE_DIRECT_URL", "DATABASE_URL"),
            needs("CLERK_JWKS_URL", "CLERK_ISSUER"),
            needs("CLERK_AUTHORIZED_PARTIES", "CLERK_ISSUER"),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let Some(price) = self.stripe.prices.ambiguous() {
            let message = format!("names {price}, which STRIPE_STARTER_PRICE_IDS names as well");
            problems.push(SettingProblem { name: "STRIPE_PRO_PRICE_IDS".to_owned(), message });
        }
        if self.ai.needs_model() {
            let message = "must name one of the server's models: AI_BASE_URL is not OpenRouter's address, \
                           and only for OpenRouter is a default known"
                .to_owned();
            problems.push(SettingProblem { name: "AI_DEFAULT_MODEL".to_owned(), message });
        }
        problems
    }
}

#[cfg(test)]
mod tests;
