//! Which features have the settings they need. Those that lack some answer 503 `NOT_CONFIGURED`; start-up says so.

use super::{AiSettings, Settings};

/// The address used when only a key is given.
const OPENROUTER: &str = "https://openrouter.ai/api/v1";

/// A feature that needs settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Its name for people.
    pub name: &'static str,
    /// What it needs.
    pub needs: &'static [&'static str],
}

/// The features that are off without their settings.
const FEATURES: [Feature; 6] = [
    Feature { name: "Clerk sign-in", needs: &["CLERK_ISSUER"] },
    Feature { name: "Clerk webhooks", needs: &["CLERK_WEBHOOK_SECRET"] },
    Feature { name: "Stripe billing", needs: &["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS"] },
    Feature { name: "Stripe checkout and portal", needs: &["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS", "APP_URL"] },
    Feature { name: "Notion export", needs: &["NOTION_CLIENT_ID", "NOTION_CLIENT_SECRET", "OAUTH_ENCRYPTION_KEYS"] },
    Feature { name: "Google Calendar", needs: &["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "OAUTH_ENCRYPTION_KEYS"] },
];

impl Settings {
    /// Features that are off, each with the settings it lacks.
    pub fn features_off(&self) -> impl Iterator<Item = (Feature, Vec<&'static str>)> {
        FEATURES.into_iter().filter_map(|feature| {
            let lacks: Vec<_> = feature.needs.iter().copied().filter(|name| !self.has(name)).collect();
            (!lacks.is_empty()).then_some((feature, lacks))
        })
    }

    /// What is off and which settings it lacks, in one line for the log; none when everything is on.
    pub fn off_sentence(&self) -> Option<String> {
        let off: Vec<_> =
            self.features_off().map(|(feature, lacks)| format!("{} ({})", feature.name, lacks.join(", "))).collect();
        (!off.is_empty()).then(|| format!("off: {}", off.join(", ")))
    }
}

impl AiSettings {
    /// The model server's address, `OpenRouter`'s when only a key is given; none: the built-in outline.
    pub fn server(&self) -> Option<url::Url> {
        let default = || self.api_key.as_ref().and_then(|_| OPENROUTER.parse().ok());
        self.base_url.clone().or_else(default)
    }

    /// Whether the server has no default model of its own and none was set.
    pub fn needs_model(&self) -> bool {
        self.default_model.is_none() && self.server().is_some_and(|url| !is_openrouter(&url))
    }
}

/// Whether the server is `OpenRouter`.
pub fn is_openrouter(url: &url::Url) -> bool {
    waymark_services::generation::openai::Flavour::of(url) == waymark_services::generation::openai::Flavour::OpenRouter
}
