//! Where a server of the dialect is and how to speak to it. Filled from the settings at start-up.

use secrecy::SecretString;
use std::time::Duration;
use url::{Host, Url};

/// Which extras of the dialect a server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// `OpenRouter`: attribution headers, `provider.require_parameters`, costs by call.
    OpenRouter,
    /// Any other server: the dialect alone.
    Compatible,
}

impl Flavour {
    /// Tells the flavour from the address.
    pub fn of(base_url: &Url) -> Self {
        match base_url.host() {
            Some(Host::Domain(host)) if host == "openrouter.ai" || host.ends_with(".openrouter.ai") => Self::OpenRouter,
            _ => Self::Compatible,
        }
    }
}

/// How the adapter repeats a call by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often one call is sent again, at most.
    pub resends: usize,
    /// The first wait; each later one is twice as long. Up to as much again is added by chance.
    pub first_wait: Duration,
    /// A provider that asks for a longer wait than this is not asked again within the attempt.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { resends: 2, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(10) }
    }
}

/// A server of the dialect. Its `Debug` form hides the key.
#[derive(Debug, Clone)]
pub struct OpenAiConfig {
    /// The address in front of `/chat/completions`, such as `https://openrouter.ai/api/v1`.
    pub base_url: Url,
    /// Sent as a bearer token.
    pub api_key: Option<SecretString>,
    /// The name recorded with costs, such as `openrouter`.
    pub name: String,
    /// Which extras the server knows.
    pub flavour: Flavour,
    /// Attribution: the product's address (`OpenRouter` only).
    pub referer: Option<String>,
    /// Attribution: the product's name (`OpenRouter` only).
    pub title: Option<String>,
    /// Whether to ask for the plan's JSON schema. Servers that refuse are asked without it, whatever stands here.
    pub response_format: bool,
    /// How a call is repeated.
    pub retry: RetryPolicy,
    /// After its finish reason a model owes us only usage and `[DONE]`; servers that send neither and keep the connection
    /// open must not hold a complete answer back for longer than this.
    pub tail_grace: Duration,
}

impl OpenAiConfig {
    /// The usual settings for the server at `base_url`; flavour and name follow from its host.
    pub fn new(base_url: Url, api_key: Option<SecretString>) -> Self {
        let flavour = Flavour::of(&base_url);
        let name = match (flavour, base_url.host_str()) {
            (Flavour::OpenRouter, _) => "openrouter",
            (Flavour::Compatible, Some("api.openai.com")) => "openai",
            (Flavour::Compatible, _) => "openai-compatible",
        };
        Self {
            base_url,
            api_key,
            name: name.to_owned(),
            flavour,
            referer: None,
            title: Some("Waymark".to_owned()),
            response_format: true,
            retry: RetryPolicy::default(),
            tail_grace: Duration::from_secs(3),
        }
    }
}

/// Settings no call can be made with.
#[derive(Debug, thiserror::Error)]
pub enum OpenAiSetupError {
    /// Such as `mailto:`.
    #[error("the base address cannot have a path")]
    BaseUrl,
    /// A header's value has characters that no header may have.
    #[error("{0} cannot stand in an HTTP header")]
    Header(&'static str),
    /// TLS or the resolver could not be set up.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(base: &str) -> OpenAiConfig {
        OpenAiConfig::new(Url::parse(base).unwrap(), Some(SecretString::from("sk-very-secret")))
    }

    #[test]
    fn the_flavour_follows_from_the_host_and_not_from_a_look_alike() {
        assert_eq!(config("https://openrouter.ai/api/v1").flavour, Flavour::OpenRouter);
        assert_eq!(config("https://eu.openrouter.ai/api/v1").flavour, Flavour::OpenRouter);
        assert_eq!(config("https://notopenrouter.ai/api/v1").flavour, Flavour::Compatible);
        assert_eq!(config("http://127.0.0.1:11434/v1").flavour, Flavour::Compatible);
        assert_eq!(config("https://api.openai.com/v1").name, "openai");
    }

    #[test]
    fn the_key_is_not_in_the_debug_form() {
        assert!(!format!("{:?}", config("http://localhost/v1")).contains("very-secret"));
    }
}
