//! Asking the identity provider about a person: for the address that a session token does not carry.

use super::person::Person;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use url::Url;

/// A person's first request waits no longer for their address; the webhook brings it as well.
const PATIENCE: Duration = Duration::from_secs(3);
/// A user object is some kilobytes.
const LARGEST: usize = 256 * 1024;

/// Where the identity provider's API is.
#[derive(Debug, Clone)]
pub struct ClerkApiConfig {
    /// Its address, without `/v1`.
    pub base: Url,
    /// Its key.
    pub key: SecretString,
}

/// The identity provider's API.
#[derive(Clone)]
pub struct ClerkApi {
    config: ClerkApiConfig,
    http: reqwest::Client,
}

impl ClerkApi {
    /// The API at an address.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(config: ClerkApiConfig) -> Result<Self, reqwest::Error> {
        Ok(Self { config, http: crate::http::client()? })
    }

    /// A person; none when they are not known there, or nobody answers in time: nothing depends on it.
    pub(crate) async fn person(&self, subject: &str) -> Option<Person> {
        match tokio::time::timeout(PATIENCE, self.ask(subject)).await {
            Ok(Ok(person)) => person,
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the identity provider did not tell of a person"
                );
                None
            }
            Err(_) => {
                tracing::warn!("the identity provider did not tell of a person in time");
                None
            }
        }
    }

    async fn ask(&self, subject: &str) -> reqwest::Result<Option<Person>> {
        let mut url = self.config.base.clone();
        let Ok(mut path) = url.path_segments_mut() else { return Ok(None) };
        path.pop_if_empty().extend(["v1", "users", subject]);
        drop(path);
        let answer = self.http.get(url).bearer_auth(self.config.key.expose_secret()).send().await?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let mut answer = answer.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Ok(None);
            }
        }
        let person = serde_json::from_slice(&body).ok().and_then(Person::parse);
        Ok(person.filter(|person| person.subject == subject))
    }
}
