//! Giving back access: tells a provider that a token must not work any more. Called by the erasure of an account and by
//! disconnecting, both from queued work, which tries again what is transient.
//!
//! | provider | request | given back already |
//! |---|---|---|
//! | Google | `POST {base}/revoke`, form `token` | 400 `invalid_token` |
//! | Notion | `POST {base}/v1/oauth/revoke` as the client (Basic), JSON `token` | 400 `invalid_grant` |
//!
//! Google takes an access or a refresh token and ends the learner's whole grant to this client, every scope of it.
//! Sources: <https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke>,
//! <https://developers.notion.com/reference/revoke-token>; RFC 7009, section 2.2: a client has nothing left to do about a
//! token that is not valid.

#[cfg(test)]
mod tests;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use url::form_urlencoded::Serializer;
use waymark_domain::integrations::IntegrationProvider;

/// For a whole request, connecting included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The version of Notion's API that this is written for; a request without one is refused.
const NOTION_VERSION: &str = "2026-03-11";
/// What is read of an answer that is not success, in bytes: an error object is far smaller.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// Where access is given back.
#[derive(Debug, Clone)]
pub struct RevokeConfig {
    /// `GOOGLE_OAUTH_BASE`, `https://oauth2.googleapis.com` unless told otherwise.
    pub google_oauth_base: Url,
    /// `NOTION_API_BASE`, the client's id and its secret; Notion revokes for the client that got the token only.
    pub notion: Option<(Url, String, SecretString)>,
}

/// Why access was not given back. No token is in any of it.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// Worth another try: no answer in time, or one that says so (408, 425, 429, 5xx).
    #[error("the provider cannot be asked to revoke")]
    Unavailable(#[source] Outage),
    /// Another try would end the same: a wrong client, a malformed token, a provider that is not configured.
    #[error("access cannot be given back: {0}")]
    Refused(String),
}

impl RevokeError {
    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// What kept a provider from answering.
#[derive(Debug, thiserror::Error)]
pub enum Outage {
    /// No connection, no answer within ten seconds, or half of one.
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    /// The status of an answer that asks to come back.
    #[error("the answer was {0}")]
    Status(u16),
}

/// Gives tokens back. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Revoker {
    config: Arc<RevokeConfig>,
    http: Client,
    timeout: Duration,
}

impl Revoker {
    /// Makes the client; sends nothing yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(config: RevokeConfig) -> Result<Self, reqwest::Error> {
        Ok(Self::with(config, crate::http::client()?, TIMEOUT))
    }

    fn with(config: RevokeConfig, http: Client, timeout: Duration) -> Self {
        Self { config: Arc::new(config), http, timeout }
    }

    /// Gives one token back; one that is not valid any more is given back already.
    ///
    /// # Errors
    /// [`RevokeError`]. May be repeated after any of them, an answer that was lost included.
    pub async fn revoke(&self, provider: IntegrationProvider, token: &str) -> Result<(), RevokeError> {
        let request = match provider {
            IntegrationProvider::GoogleCalendar => self.google(token),
            IntegrationProvider::Notion => self.notion(token)?,
        };
        let sent = request.timeout(self.timeout).send().await.map_err(failed)?;
        judge(provider, sent).await
    }

    fn google(&self, token: &str) -> RequestBuilder {
        // In the body, not in the address: addresses are logged on the way.
        let form = Serializer::new(String::new()).append_pair("token", token).finish();
        let request = self.http.post(below(&self.config.google_oauth_base, "revoke"));
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
    }

    fn notion(&self, token: &str) -> Result<RequestBuilder, RevokeError> {
        let Some((base, id, secret)) = &self.config.notion else {
            return Err(RevokeError::Refused("no client of this provider is configured".to_owned()));
        };
        let request = self.http.post(below(base, "v1/oauth/revoke")).basic_auth(id, Some(secret.expose_secret()));
        Ok(request.header("Notion-Version", NOTION_VERSION).json(&json!({ "token": token })))
    }
}

impl std::fmt::Debug for Revoker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revoker").field("config", &self.config).finish_non_exhaustive()
    }
}

/// `path` under `base`, with or without a slash at its end.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

async fn judge(provider: IntegrationProvider, answer: Response) -> Result<(), RevokeError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    if asks_to_come_back(status) {
        return Err(RevokeError::Unavailable(Outage::Status(status.as_u16())));
    }
    let code = error_code(answer).await?;
    let given_back_already = match provider {
        IntegrationProvider::GoogleCalendar => "invalid_token",
        IntegrationProvider::Notion => "invalid_grant",
    };
    match code.as_deref() {
        Some(code) if status == StatusCode::BAD_REQUEST && code == given_back_already => Ok(()),
        Some(code) => Err(RevokeError::Refused(format!("{} {code}", status.as_u16()))),
        None => Err(RevokeError::Refused(status.as_u16().to_string())),
    }
}

fn asks_to_come_back(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

/// An answer that says why: OAuth's form (RFC 6749, section 5.2) or Notion's own.
#[derive(Deserialize)]
struct Refusal {
    error: Option<Value>,
    code: Option<Value>,
}

/// The name of the error, if the answer has one. Names only: whatever else an answer repeats stays out of errors.
async fn error_code(mut answer: Response) -> Result<Option<String>, RevokeError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    let Ok(Refusal { error, code }) = serde_json::from_slice(&body) else { return Ok(None) };
    let names = [error, code].into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned));
    Ok(names.into_iter().find(|name| is_error_name(name)))
}

fn is_error_name(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn failed(error: reqwest::Error) -> RevokeError {
    if error.is_builder() {
        // An address or secret that cannot be sent: nothing that waiting mends.
        return RevokeError::Refused("the request cannot be made from the settings".to_owned());
    }
    RevokeError::Unavailable(Outage::Request(error))
}
