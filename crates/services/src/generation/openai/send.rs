//! Sends requests and judges how they were received. Used by the session and by the look-up of a call's cost.

use super::config::{Flavour, OpenAiConfig, OpenAiSetupError, RetryPolicy};
use super::dialect::Dialects;
use super::errors::{self, Refusal, broken};
use super::events::Events;
use super::money;
use super::request::Call;
use super::wire::Chunk;
use crate::clock::SharedClock;
use crate::generation::provider::{CostReport, ProviderError};
use futures_util::StreamExt;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// Most bytes read of an error answer.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;
/// Most bytes read of an answer that is not streamed.
const MAX_WHOLE_BYTES: usize = 4 * 1024 * 1024;
/// How long one look-up of a call's record may take.
const RECORD_TIMEOUT: Duration = Duration::from_secs(5);

/// One server, its connections and what is known of it.
pub(super) struct Sender {
    client: Client,
    headers: HeaderMap,
    completions: Url,
    generation: Url,
    flavour: Flavour,
    dialects: Dialects,
    clock: SharedClock,
    api_key: Option<SecretString>,
    pub(super) retry: RetryPolicy,
    pub(super) tail_grace: Duration,
}

/// An answer that began with 200.
pub(super) struct Opened {
    /// The provider's name for the call, when a header says it.
    pub(super) request_id: Option<String>,
    /// The answer.
    pub(super) body: Body,
}

/// How the answer comes.
pub(super) enum Body {
    /// As a stream of events.
    Events(Box<Events>),
    /// At once: a server that does not stream.
    Whole(Box<Chunk>),
}

impl Sender {
    pub(super) fn new(config: OpenAiConfig, clock: SharedClock) -> Result<Self, OpenAiSetupError> {
        Ok(Self {
            client: crate::http::model_client().map_err(OpenAiSetupError::Client)?,
            headers: headers(&config)?,
            completions: below(&config.base_url, &["chat", "completions"])?,
            generation: below(&config.base_url, &["generation"])?,
            flavour: config.flavour,
            dialects: Dialects::new(config.response_format),
            clock,
            retry: config.retry,
            tail_grace: config.tail_grace,
            api_key: config.api_key,
        })
    }

    /// Sends `call`, leaving out optional parts that the server turns out not to understand.
    ///
    /// # Errors
    /// Whatever kept the answer from beginning.
    pub(super) async fn open(&self, call: &Call) -> Result<Opened, ProviderError> {
        loop {
            let dialect = self.dialects.of(&call.model);
            let body = call.body(dialect, self.flavour);
            let sent = self.client.post(self.completions.clone()).headers(self.headers.clone()).json(&body).send();
            let response = sent.await.map_err(errors::transport)?;
            if response.status().is_success() {
                return opened(response).await;
            }
            let refusal = self.refusal(response).await;
            let Some(simpler) = dialect.after(&refusal) else { return Err(refusal.into_error()) };
            tracing::info!(model = %call.model, ?simpler, status = refusal.status, "the model's server refused an optional part of the request");
            self.dialects.remember(&call.model, simpler);
        }
    }

    async fn refusal(&self, response: Response) -> Refusal {
        let status = response.status().as_u16();
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|value| errors::retry_after(value, self.clock.now()));
        // A body that breaks off still has a status, which says enough.
        let body = prefix(response, MAX_REFUSAL_BYTES).await.unwrap_or_default();
        Refusal { status, body: self.without_key(&String::from_utf8_lossy(&body)), retry_after }
    }

    /// A provider's words without our key, which some repeat when they refuse it.
    pub(super) fn without_key(&self, words: &str) -> String {
        match self.api_key.as_ref().map(ExposeSecret::expose_secret) {
            Some(key) if !key.is_empty() => words.replace(key, "***"),
            _ => words.to_owned(),
        }
    }

    /// What a call cost, from the provider's record of it, asked once. The record appears some seconds after the call, and
    /// until then the answer is 404.
    pub(super) async fn generation_cost(&self, request_id: &str) -> CostReport {
        if self.flavour != Flavour::OpenRouter {
            return CostReport::Unsupported;
        }
        match tokio::time::timeout(RECORD_TIMEOUT, self.record(request_id)).await {
            Ok(Ok(report)) => report,
            Ok(Err(error)) => {
                tracing::debug!(%error, "a call's record could not be read");
                CostReport::NotYet
            }
            Err(_) => {
                tracing::debug!("a call's record took too long");
                CostReport::NotYet
            }
        }
    }

    async fn record(&self, request_id: &str) -> Result<CostReport, ProviderError> {
        let request =
            self.client.get(self.generation.clone()).query(&[("id", request_id)]).headers(self.headers.clone());
        let response = request.send().await.map_err(errors::transport)?;
        match response.status() {
            StatusCode::OK => {}
            // Words for an address that is not there; a record that is not there is 404.
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE | StatusCode::NOT_IMPLEMENTED => {
                return Ok(CostReport::Unsupported);
            }
            // A key without the right, a limit or a fault: all of that may be mended while the record is kept.
            status => {
                tracing::debug!(%status, "a call's record was not given");
                return Ok(CostReport::NotYet);
            }
        }
        let body = prefix(response, MAX_REFUSAL_BYTES).await?;
        let usage = serde_json::from_slice::<Value>(&body).ok().as_ref().and_then(money::generation_record);
        Ok(usage.map_or(CostReport::NotYet, CostReport::Known))
    }
}

async fn opened(response: Response) -> Result<Opened, ProviderError> {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let request_id = header("x-generation-id").filter(|id| !id.is_empty());
    let kind = header(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    let body = if kind.contains("json") {
        Body::Whole(Box::new(whole(response).await?))
    } else if kind.contains("html") {
        return Err(broken(false, "the answer is a web page; is the base address right?"));
    } else {
        // Anything else is taken for events: some servers send them as text/plain, or without a type.
        Body::Events(Box::new(Events::new(response.bytes_stream())))
    };
    Ok(Opened { request_id, body })
}

async fn whole(response: Response) -> Result<Chunk, ProviderError> {
    let body = prefix(response, MAX_WHOLE_BYTES).await?;
    let text = String::from_utf8_lossy(&body);
    Chunk::parse(&text).map_err(|error| broken(false, &format!("the answer is not JSON: {error}")))
}

/// The body's first `limit` bytes; the rest is not read.
async fn prefix(response: Response, limit: usize) -> Result<Vec<u8>, ProviderError> {
    let mut pieces = response.bytes_stream();
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(errors::transport)?;
        let room = limit.saturating_sub(body.len());
        body.extend(piece.iter().take(room));
        if piece.len() >= room {
            break;
        }
    }
    Ok(body)
}

fn below(base: &Url, path: &[&str]) -> Result<Url, OpenAiSetupError> {
    let mut url = base.clone();
    url.path_segments_mut().map_err(|()| OpenAiSetupError::BaseUrl)?.pop_if_empty().extend(path);
    Ok(url)
}

fn headers(config: &OpenAiConfig) -> Result<HeaderMap, OpenAiSetupError> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &config.api_key {
        headers.insert(AUTHORIZATION, bearer(key)?);
    }
    if config.flavour == Flavour::OpenRouter {
        let mut set = |name: &'static str, value: &Option<String>| -> Result<(), OpenAiSetupError> {
            if let Some(value) = value {
                let value = HeaderValue::from_str(value).map_err(|_| OpenAiSetupError::Header(name))?;
                headers.insert(HeaderName::from_static(name), value);
            }
            Ok(())
        };
        set("http-referer", &config.referer)?;
        set("x-openrouter-title", &config.title)?;
    }
    Ok(headers)
}

fn bearer(key: &SecretString) -> Result<HeaderValue, OpenAiSetupError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
        .map_err(|_| OpenAiSetupError::Header("the API key"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_completions_follows_the_base_with_and_without_a_slash() {
        for base in ["http://h/api/v1", "http://h/api/v1/"] {
            let url = below(&Url::parse(base).unwrap(), &["chat", "completions"]).unwrap();
            assert_eq!(url.as_str(), "http://h/api/v1/chat/completions");
        }
        let url = below(&Url::parse("https://h/v1?api-version=2").unwrap(), &["chat", "completions"]).unwrap();
        assert_eq!(url.as_str(), "https://h/v1/chat/completions?api-version=2");
        assert!(below(&Url::parse("mailto:a@b").unwrap(), &["x"]).is_err());
    }

    #[test]
    fn attribution_goes_to_openrouter_alone_and_the_key_is_marked_sensitive() {
        let mut config =
            OpenAiConfig::new(Url::parse("https://openrouter.ai/api/v1").unwrap(), Some("sk-secret".into()));
        config.referer = Some("https://example.org".to_owned());
        let sent = headers(&config).unwrap();
        assert_eq!(sent.get("http-referer").unwrap(), "https://example.org");
        assert_eq!(sent.get("x-openrouter-title").unwrap(), "Waymark");
        assert!(!format!("{sent:?}").contains("sk-secret"));
        config.flavour = Flavour::Compatible;
        assert_eq!(headers(&config).unwrap().len(), 1);
    }

    #[test]
    fn a_key_that_no_header_can_hold_is_refused_without_being_shown() {
        let config = OpenAiConfig::new(Url::parse("http://h/v1").unwrap(), Some("se\ncret".into()));
        let error = headers(&config).unwrap_err().to_string();
        assert_eq!(error, "the API key cannot stand in an HTTP header");
    }
}
