//! The table of settings: name, meaning, default, whether it is secret, and how its value is read.

use super::Settings;
use super::values::{encryption_keys, list, number, postgres, prefixed, secrets, web};
use crate::rate_limits::RateLimits;
use std::time::Duration;
use waymark_domain::generation::ModelId;
use waymark_domain::quota::Limits;
use waymark_services::accounts::jwks::jwks_address;
use waymark_services::sweeper::SweeperSettings;
use waymark_services::webhooks::svix::is_usable;

/// One setting.
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// What holds without it.
    pub default: &'static str,
    /// Whether its value is never shown.
    pub secret: bool,
    /// Reads a value.
    pub(super) apply: Apply,
}

type Apply = fn(&mut Settings, &str) -> Result<(), String>;

const fn plain(name: &'static str, default: &'static str, meaning: &'static str, apply: Apply) -> Setting {
    Setting { name, meaning, default, secret: false, apply }
}

const fn secret(name: &'static str, meaning: &'static str, apply: Apply) -> Setting {
    Setting { name, meaning, default: "", secret: true, apply }
}

/// Every setting, in the order in which `doctor` shows them.
pub const TABLE: &[Setting] = &[
    secret("DATABASE_URL", "login waymark_request; without it a private PostgreSQL is started", |s, v| {
        s.database_url = Some(postgres(v)?.into());
        Ok(())
    }),
    secret(
        "DATABASE_SERVICE_URL",
        "login waymark_service; without it DATABASE_URL's login must do for both",
        |s, v| {
            s.database_service_url = Some(postgres(v)?.into());
            Ok(())
        },
    ),
    secret("DATABASE_DIRECT_URL", "an address past the pooler, for LISTEN; without it polling takes over", |s, v| {
        s.database_direct_url = Some(postgres(v)?.into());
        Ok(())
    }),
    secret("DATABASE_OWNER_URL", "the owner's login; used by the migration command line only", |_, v| {
        postgres(v).map(drop)
    }),
    plain(
        "DATABASE_STATEMENT_CACHE",
        "256",
        "statements prepared per connection; 0 for PgBouncer before 1.21",
        |s, v| {
            s.statement_cache = number(v, 0..=10_000)?;
            Ok(())
        },
    ),
    plain("WAYMARK_HTTP_ADDR", "127.0.0.1:8080", "where HTTP is served", |s, v| {
        s.http_addr = v.parse().map_err(|_| "must be an address and port such as 127.0.0.1:8080")?;
        Ok(())
    }),
    plain("WAYMARK_DATA_DIR", ".waymark", "folder of the private PostgreSQL and the local key", |s, v| {
        s.data_dir = v.into();
        Ok(())
    }),
    plain("APP_URL", "", "the web application's address", |s, v| {
        s.app_url = Some(web(v)?);
        Ok(())
    }),
    plain("AI_BASE_URL", "", "a server of the OpenAI chat dialect; OpenRouter when only a key is given", |s, v| {
        s.ai.base_url = Some(web(v)?);
        Ok(())
    }),
    secret(
        "AI_API_KEY",
        "the model server's key; with neither key nor address the built-in outline answers",
        |s, v| {
            s.ai.api_key = Some(v.into());
            Ok(())
        },
    ),
    plain("AI_DEFAULT_MODEL", "", "the model used when nobody asks for another", |s, v| {
        s.ai.default_model = Some(ModelId::parse(v).map_err(|error| error.to_string())?);
        Ok(())
    }),
    plain("AI_TIMEOUT_FIRST_MS", "30000", "milliseconds until the first module", |s, v| {
        s.ai.timeouts.first_module = millis(v)?;
        Ok(())
    }),
    plain("AI_TIMEOUT_IDLE_MS", "30000", "then, milliseconds without any byte", |s, v| {
        s.ai.timeouts.idle = millis(v)?;
        Ok(())
    }),
    plain("AI_TIMEOUT_TOTAL_MS", "180000", "milliseconds in all", |s, v| {
        s.ai.timeouts.total = millis(v)?;
        Ok(())
    }),
    plain("CLERK_ISSUER", "", "the identity provider; without it only the local key is trusted", |s, v| {
        jwks_address(v, None).map_err(|error| error.to_string())?;
        s.clerk.issuer = Some(v.to_owned());
        Ok(())
    }),
    plain("CLERK_JWKS_URL", "{issuer}/.well-known/jwks.json", "where its keys are", |s, v| {
        jwks_address("", Some(v)).map_err(|error| error.to_string())?;
        s.clerk.jwks_url = Some(v.to_owned());
        Ok(())
    }),
    plain("CLERK_AUTHORIZED_PARTIES", "", "origins that may have asked for a token, with commas", |s, v| {
        let parties = list(v)?;
        parties.iter().try_for_each(|party| web(party).map(drop))?;
        s.clerk.authorized_parties = parties;
        Ok(())
    }),
    secret("CLERK_SECRET_KEY", "the identity provider's API key: addresses are asked for", |s, v| {
        prefixed(v, &["sk_"])?;
        s.clerk.secret_key = Some(v.into());
        Ok(())
    }),
    plain("CLERK_API_BASE", "https://api.clerk.com", "the identity provider's API", |s, v| {
        s.clerk.api_base = Some(web(v)?);
        Ok(())
    }),
    secret("CLERK_WEBHOOK_SECRET", "signs the identity provider's webhooks; several with commas", |s, v| {
        let given = secrets(v)?;
        if !given.iter().all(is_usable) {
            return Err("must be whsec_ and Base64, as the identity provider shows it".to_owned());
        }
        s.clerk.webhook_secrets = given;
        Ok(())
    }),
    secret("STRIPE_SECRET_KEY", "the payment provider's API key", |s, v| {
        prefixed(v, &["sk_", "rk_"])?;
        s.stripe.secret_key = Some(v.into());
        Ok(())
    }),
    plain("STRIPE_API_BASE", "https://api.stripe.com", "the payment provider's API", |s, v| {
        s.stripe.api_base = Some(web(v)?);
        Ok(())
    }),
    secret("STRIPE_WEBHOOK_SECRETS", "sign the payment provider's webhooks, with commas", |s, v| {
        s.stripe.webhook_secrets = secrets(v)?;
        Ok(())
    }),
    plain("STRIPE_STARTER_PRICE_IDS", "", "prices of the tier starter, with commas", |s, v| {
        s.stripe.prices.starter = list(v)?;
        Ok(())
    }),
    plain("STRIPE_PRO_PRICE_IDS", "", "prices of the tier pro, with commas", |s, v| {
        s.stripe.prices.pro = list(v)?;
        Ok(())
    }),
    secret(
        "OAUTH_ENCRYPTION_KEYS",
        "seal stored tokens: id:64 hexadecimal digits, with commas, newest first",
        |s, v| {
            s.sealing_keys = encryption_keys(v)?;
            Ok(())
        },
    ),
    plain("NOTION_CLIENT_ID", "", "the Notion integration", |s, v| {
        s.integrations.notion_client_id = Some(v.to_owned());
        Ok(())
    }),
    secret("NOTION_CLIENT_SECRET", "the Notion integration's secret", |s, v| {
        s.integrations.notion_client_secret = Some(v.into());
        Ok(())
    }),
    plain("NOTION_API_BASE", "https://api.notion.com", "Notion's API", |s, v| {
        s.integrations.notion_base = Some(web(v)?);
        Ok(())
    }),
    plain("GOOGLE_CLIENT_ID", "", "the Google OAuth client", |_, _| Ok(())),
    secret("GOOGLE_CLIENT_SECRET", "the Google OAuth client's secret", |_, _| Ok(())),
    plain("GOOGLE_API_BASE", "https://www.googleapis.com", "Google's API", |_, v| web(v).map(drop)),
    plain("GOOGLE_OAUTH_BASE", "https://oauth2.googleapis.com", "Google's OAuth", |s, v| {
        s.integrations.google_oauth_base = Some(web(v)?);
        Ok(())
    }),
    plain("TIER_LIMITS", "", "single limits anew, such as free.activePlans=5,pro.exports=null", |s, v| {
        s.limits = Limits::default().with_overrides(v).map_err(|error| error.to_string())?;
        Ok(())
    }),
    plain("RATE_LIMITS", "", "`off`, or single limits anew, such as reads=1000,mutations=600", |s, v| {
        s.rate_limits = RateLimits::parse(v)?;
        Ok(())
    }),
    plain("LEASE_SECONDS", "30", "how long a generation is held without a heartbeat", |s, v| {
        s.lease = Duration::from_secs(number(v, 1..=3600)?);
        Ok(())
    }),
    plain("RETENTION", "", "how many days things are kept, such as events=14,failedJobs=90", |s, v| {
        s.sweeper = SweeperSettings::default().with_retention(v).map_err(|error| error.to_string())?;
        Ok(())
    }),
    plain("WORKERS", "64", "generations at once in a process", |s, v| {
        s.workers = number(v, 1..=10_000)?;
        Ok(())
    }),
    plain("RUST_LOG", "info", "what is logged", |s, v| {
        v.parse::<tracing_subscriber::EnvFilter>().map_err(|error| error.to_string())?;
        s.log_filter = Some(v.to_owned());
        Ok(())
    }),
    plain("LOG_FORMAT", "text on a terminal, else json", "`text` or `json`", |s, v| {
        s.log_json = Some(match v {
            "json" => true,
            "text" => false,
            _ => return Err("must be text or json".to_owned()),
        });
        Ok(())
    }),
];

fn millis(text: &str) -> Result<Duration, String> {
    number(text, 1..=3_600_000).map(Duration::from_millis)
}

/// The setting with this name.
pub fn find(name: &str) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.name == name)
}

/// Names that begin like ours are taken for misspelt settings.
const PREFIXES: [&str; 13] = [
    "WAYMARK_",
    "DATABASE_",
    "AI_",
    "CLERK_",
    "STRIPE_",
    "NOTION_",
    "GOOGLE_",
    "OAUTH_ENCRYPTION_",
    "TIER_LIMIT",
    "RATE_LIMIT",
    "LEASE_SECOND",
    "RETENTION",
    "APP_URL",
];

/// Variables that other programs know by these names.
const FOREIGN: [&str; 2] = ["GOOGLE_APPLICATION_", "GOOGLE_CLOUD_"];

/// Whether an unknown name is probably meant for this program.
pub fn looks_like_ours(name: &str) -> bool {
    let begins = |prefix: &&str| name.starts_with(prefix);
    PREFIXES.iter().any(begins) && !FOREIGN.iter().any(begins)
}
