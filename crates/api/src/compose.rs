//! From settings to the parts they describe: who is believed, which models there are, how this process generates.
//! Called by the command line before it starts an application.

use crate::database::Addresses;
use crate::rate_limits::RateClass;
use crate::settings::{AiSettings, Settings, is_openrouter};
use secrecy::ExposeSecret;
use std::path::PathBuf;
use std::sync::Arc;
use waymark_services::accounts::clerk::{ClerkApiConfig, ClerkSettings};
use waymark_services::accounts::jwks::{JwksAddressError, JwksCache, jwks_address};
use waymark_services::accounts::local_issuer::{LocalIssuer, LocalKeyError};
use waymark_services::accounts::tokens::{ClerkTrust, TokenVerifier};
use waymark_services::billing::BillingSettings;
use waymark_services::billing::stripe::StripeConfig;
use waymark_services::clock::SharedClock;
use waymark_services::generation::catalogue::Catalogue;
use waymark_services::generation::openai::{OpenAiConfig, OpenAiProvider, OpenAiSetupError};
use waymark_services::generation::outline::OutlineProvider;
use waymark_services::generation::{GenerationSettings, Providers};
use waymark_services::integrations::revoke::RevokeConfig;
use waymark_services::secrets::{SealError, Sealer};
use waymark_services::{DbOptions, ServicesConfig};

/// Why the parts do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// There is no local key to sign and believe.
    #[error(transparent)]
    LocalKey(#[from] LocalKeyError),
    /// The identity provider's keys have no usable address.
    #[error("CLERK_JWKS_URL cannot be used")]
    Jwks(#[from] JwksAddressError),
    /// The model server's settings are no good.
    #[error("the model server's settings cannot be used")]
    Provider(#[from] OpenAiSetupError),
    /// The keys that seal tokens are no good.
    #[error("OAUTH_ENCRYPTION_KEYS cannot be used")]
    Seal(#[from] SealError),
    /// An address of ours is none.
    #[error("an address cannot be read")]
    Address(#[from] url::ParseError),
    /// There is no HTTP client.
    #[error("the HTTP client could not be set up")]
    Client(#[from] reqwest::Error),
}

/// Whose tokens a process believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// What the settings say.
    Settings,
    /// This installation's own key, whatever the settings say: the demo, which talks only to itself.
    LocalKey,
}

/// Everything a process needs to start, but the HTTP side.
///
/// # Errors
/// [`ComposeError`]
pub async fn services(
    settings: &Settings,
    addresses: &Addresses,
    trust: Trust,
    workers: usize,
    clock: &SharedClock,
) -> Result<ServicesConfig, ComposeError> {
    let (catalogue, providers) = models(settings, clock)?;
    let sealer = (!settings.sealing_keys.is_empty()).then(|| Sealer::new(settings.sealing_keys.clone())).transpose()?;
    Ok(ServicesConfig {
        db: DbOptions {
            statement_cache: settings.statement_cache,
            ..DbOptions::new(
                addresses.request.expose_secret(),
                addresses.service.as_ref().map(|url| url.expose_secret().to_owned()),
            )
        },
        direct_url: addresses.direct.as_ref().map(|url| url.expose_secret().to_owned()),
        tokens: tokens(settings, trust, clock).await?,
        catalogue,
        providers,
        generation: GenerationSettings {
            timeouts: settings.ai.timeouts,
            lease: settings.lease,
            workers,
            limits: settings.limits,
            sweeper: settings.sweeper,
            hourly_generations: settings.rate_limits.of(RateClass::AiGeneration),
            ..GenerationSettings::default()
        },
        billing: billing(settings)?,
        clerk: clerk(settings)?,
        revoke: sealer.is_some().then(|| revocation(settings)).transpose()?,
        sealer,
    })
}

/// How this installation bills: with a key and the secrets of the events, without which nobody would learn what was paid.
fn billing(settings: &Settings) -> Result<Option<BillingSettings>, ComposeError> {
    let stripe = &settings.stripe;
    let Some(key) = stripe.secret_key.clone().filter(|_| !stripe.webhook_secrets.is_empty()) else { return Ok(None) };
    Ok(Some(BillingSettings {
        stripe: StripeConfig::new(key, address(stripe.api_base.as_ref(), "https://api.stripe.com")?),
        webhook_secrets: stripe.webhook_secrets.clone(),
        prices: stripe.prices.clone(),
        app_url: settings.app_url.clone(),
    }))
}

fn clerk(settings: &Settings) -> Result<ClerkSettings, ComposeError> {
    let clerk = &settings.clerk;
    let base = address(clerk.api_base.as_ref(), "https://api.clerk.com")?;
    let api = clerk.secret_key.clone().map(|key| ClerkApiConfig { base, key });
    Ok(ClerkSettings { webhook_secrets: clerk.webhook_secrets.clone(), api })
}

fn revocation(settings: &Settings) -> Result<RevokeConfig, ComposeError> {
    let it = &settings.integrations;
    let notion = address(it.notion_base.as_ref(), "https://api.notion.com")?;
    let client = it.notion_client_id.clone().zip(it.notion_client_secret.clone());
    Ok(RevokeConfig {
        google_oauth_base: address(it.google_oauth_base.as_ref(), "https://oauth2.googleapis.com")?,
        notion: client.map(|(id, secret)| (notion, id, secret)),
    })
}

fn address(given: Option<&url::Url>, usual: &str) -> Result<url::Url, ComposeError> {
    Ok(given.map_or_else(|| usual.parse(), |given| Ok(given.clone()))?)
}

/// The key with which this installation signs its own tokens.
///
/// # Errors
/// [`ComposeError::LocalKey`]
pub async fn local_issuer(settings: &Settings) -> Result<LocalIssuer, ComposeError> {
    let folder = settings.data_dir.clone();
    let opened = tokio::task::spawn_blocking(move || LocalIssuer::open(&folder)).await;
    let folder: PathBuf = settings.data_dir.clone();
    let ended = |error: tokio::task::JoinError| LocalKeyError::Read { path: folder, source: error.into() };
    Ok(opened.map_err(ended)??)
}

async fn tokens(settings: &Settings, trust: Trust, clock: &SharedClock) -> Result<TokenVerifier, ComposeError> {
    let clerk = &settings.clerk;
    match (&clerk.issuer, trust) {
        (Some(issuer), Trust::Settings) => {
            let url = jwks_address(issuer, clerk.jwks_url.as_deref())?;
            let keys = JwksCache::new(url, waymark_services::http::client()?, clock.clone());
            let authorized_parties = clerk.authorized_parties.clone();
            Ok(TokenVerifier::clerk(ClerkTrust { issuer: issuer.clone(), authorized_parties }, keys))
        }
        (None, _) | (Some(_), Trust::LocalKey) => Ok(TokenVerifier::local(&local_issuer(settings).await?)),
    }
}

fn models(settings: &Settings, clock: &SharedClock) -> Result<(Catalogue, Providers), ComposeError> {
    let outline = Arc::new(OutlineProvider::default());
    let Some(url) = settings.ai.server() else {
        return Ok((Catalogue::builtin(), Providers { outline, configured: None }));
    };
    let mut config = OpenAiConfig::new(url.clone(), settings.ai.api_key.clone());
    config.referer = settings.app_url.as_ref().map(url::Url::to_string);
    let default = settings.ai.default_model.clone();
    let catalogue = match default {
        default if is_openrouter(&url) => Catalogue::openrouter(&config.name, default),
        Some(default) => Catalogue::compatible(&config.name, default),
        // Refused when the settings were read.
        None => Catalogue::builtin(),
    };
    let configured = Arc::new(OpenAiProvider::new(config, clock.clone())?);
    Ok((catalogue, Providers { outline, configured: Some(configured) }))
}

impl AiSettings {
    /// Which models answer, in a sentence.
    pub fn sentence(&self) -> String {
        match self.server() {
            None => {
                "no AI_BASE_URL or AI_API_KEY is set: the built-in outline lays out plans, without a language model"
                    .to_owned()
            }
            Some(url) => format!("plans come from the model server at {}", url.host_str().unwrap_or("?")),
        }
    }
}
