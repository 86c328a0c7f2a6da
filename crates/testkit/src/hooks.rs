//! Sends webhooks as the outside services do. Called by `stripe_server` and `clerk_server`.

use aws_lc_rs::hmac;
use reqwest::redirect::Policy;
use std::sync::OnceLock;
use std::time::Duration;

/// HMAC-SHA256.
pub(crate) fn mac(key: &[u8], content: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), content).as_ref().to_vec()
}

/// How long a sender waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The sender of every test. It keeps no connection: the runtime that drives one ends with its test.
fn client() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(TIMEOUT);
        client.pool_max_idle_per_host(0).build().expect("a client")
    })
}

/// Posts a payload and returns the status; None when there was no answer. A redirect is an answer like any other, as it is
/// for the senders.
pub(crate) async fn post(base_url: &str, path: &str, headers: &[(&str, String)], payload: &str) -> Option<u16> {
    let url = format!("{}{path}", base_url.trim_end_matches('/'));
    let mut request = client().post(url);
    request = request.header("content-type", "application/json; charset=utf-8");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let response = request.body(payload.to_owned()).send().await.ok()?;
    Some(response.status().as_u16())
}
