//! Sends requests to Stripe and repeats them where that is safe. Used by the client only.

use super::config::StripeConfig;
use super::error::{self, StripeError};
use super::retry::{self, Advice, Keys, Pauses};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, Response};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_shared::version::VERSION;
use url::Url;

/// Most bytes read of an answer; a page of a hundred subscriptions has about one million.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes read of a refusal.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// One Stripe account and the connections to it.
pub(super) struct Sender {
    client: Client,
    pub(super) config: StripeConfig,
}

/// An attempt that brought no answer to use.
struct Failure {
    error: StripeError,
    advice: Advice,
}

impl Failure {
    fn of_transport(error: reqwest::Error) -> Self {
        // A request that could not be made will not be made the next time.
        let unsendable = error.is_builder();
        let advice = Advice { should_retry: unsendable.then_some(false), ..Advice::default() };
        Self { error: error::of_transport(error), advice }
    }
}

impl Sender {
    pub(super) fn new(config: StripeConfig) -> reqwest::Result<Self> {
        let client = crate::http::client()?;
        // A base that is no address of HTTP and a key that no header can hold are found at start-up, not at the first sale.
        client.get(config.base.clone()).bearer_auth(config.key.expose_secret()).build()?;
        Ok(Self { client, config })
    }

    /// Reads something.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        what: &'static str,
        request: &RequestBuilder,
    ) -> Result<T, StripeError> {
        read(what, &self.send(request, None).await?)
    }

    /// Changes something; `key` makes sending it again safe.
    pub(super) async fn change<T: DeserializeOwned>(
        &self,
        what: &'static str,
        request: &RequestBuilder,
        key: &str,
    ) -> Result<T, StripeError> {
        read(what, &self.send(request, Some(key)).await?)
    }

    /// Sends until there is an answer, or no hope of one. Every attempt carries the same key, until Stripe turns out to keep
    /// a failure under it: that one would be replayed for a day.
    async fn send(&self, request: &RequestBuilder, key: Option<&str>) -> Result<Vec<u8>, StripeError> {
        let mut keys = key.map(Keys::new);
        let mut pauses = Pauses::new(&self.config);
        loop {
            let current = keys.as_ref().map(Keys::current);
            let Failure { error, advice } = match self.attempt(request, current.as_deref()).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            if advice.is_stored_failure() && keys.as_mut().is_some_and(Keys::advance) {
                tracing::info!(path = %request.path, "the payment provider replays a failure; going on with another key");
                continue;
            }
            let Some(pause) = pauses.after(advice) else { return Err(error) };
            tracing::info!(path = %request.path, status = advice.status, ?pause, "the payment provider is asked again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, request: &RequestBuilder, key: Option<&str>) -> Result<Vec<u8>, Failure> {
        let method = match request.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let mut sending = self
            .client
            .request(method, address(&self.config.base, request))
            .timeout(self.config.timeout)
            .bearer_auth(self.config.key.expose_secret())
            .header("stripe-version", VERSION.as_str());
        if let Some(key) = key {
            sending = sending.header("idempotency-key", key);
        }
        if let Some(body) = &request.body {
            sending = sending.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.clone());
        }
        let response = sending.send().await.map_err(Failure::of_transport)?;
        if response.status().is_success() {
            return whole(response).await;
        }
        Err(self.refusal(response).await)
    }

    async fn refusal(&self, response: Response) -> Failure {
        let status = response.status().as_u16();
        let advice = advice(status, response.headers());
        let body = beginning(response).await;
        Failure { error: error::of_answer(status, &body, self.config.key.expose_secret()), advice }
    }
}

/// Where `request` goes: below the base's own path, with and without a slash at its end.
fn address(base: &Url, request: &RequestBuilder) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/v1{}", base.path().trim_end_matches('/'), request.path));
    url.set_query(request.query.as_deref().filter(|query| !query.is_empty()));
    url
}

fn advice(status: u16, headers: &HeaderMap) -> Advice {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Advice {
        status: Some(status),
        should_retry: header("stripe-should-retry").and_then(|word| word.parse().ok()),
        retry_after: header(RETRY_AFTER.as_str()).and_then(retry::retry_after),
        replayed: header("idempotent-replayed") == Some("true"),
    }
}

/// A good answer's body. One that breaks off counts as no answer: the same key brings it again.
async fn whole(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(Failure::of_transport)? {
        if body.len() + piece.len() > MAX_BODY_BYTES {
            let advice = Advice { should_retry: Some(false), ..Advice::default() };
            return Err(Failure { error: StripeError::Malformed("an answer without end"), advice });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// A refusal's first bytes. A body that breaks off still has a status, which says enough.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        let room = MAX_REFUSAL_BYTES.saturating_sub(body.len());
        body.extend(piece.iter().take(room));
        if piece.len() >= room {
            break;
        }
    }
    body
}

fn read<T: DeserializeOwned>(what: &'static str, body: &[u8]) -> Result<T, StripeError> {
    serde_json::from_slice(body).map_err(|error| {
        // Not the error's own words: they may repeat a value.
        let (line, column, kind) = (error.line(), error.column(), error.classify());
        tracing::warn!(what, line, column, ?kind, "an answer of the payment provider cannot be read");
        StripeError::Malformed(what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(base: &str, request: &RequestBuilder) -> String {
        address(&base.parse().unwrap(), request).into()
    }

    #[test]
    fn an_address_follows_the_bases_path_with_and_without_a_slash() {
        let mut request = RequestBuilder::new(StripeMethod::Get, "/customers/cus_1");
        request.query = Some("limit=1".to_owned());
        for base in ["http://h:1/deep/stripe", "http://h:1/deep/stripe/"] {
            assert_eq!(target(base, &request), "http://h:1/deep/stripe/v1/customers/cus_1?limit=1");
        }
        let request = RequestBuilder::new(StripeMethod::Post, "/customers");
        for base in ["https://api.stripe.com", "https://api.stripe.com/"] {
            assert_eq!(target(base, &request), "https://api.stripe.com/v1/customers");
        }
    }

    #[test]
    fn a_key_that_no_header_can_hold_and_a_base_that_is_no_address_are_found_at_once() {
        let refused = |key: &str, base: &str| {
            let error = Sender::new(StripeConfig::new(key.into(), base.parse().unwrap())).err().unwrap();
            format!("{error} {error:?}")
        };
        assert!(!refused("sk_test_se\ncret", "https://api.stripe.com").contains("cret"));
        refused("sk_test_1", "mailto:a@b");
    }
}
