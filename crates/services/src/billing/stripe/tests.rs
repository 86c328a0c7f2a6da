//! The client against a scripted server, over TCP.

mod calls;
mod resends;
mod server;

use super::*;
use serde_json::{Value, json};
use server::{Reply, Server};
use std::collections::BTreeMap;
use std::time::Duration;

const KEY: &str = "sk_test_very_secret";
const USER: &str = "019ab000-0000-7000-8000-000000000001";

struct Scene {
    server: Server,
    stripe: Stripe,
}

impl Scene {
    async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(replies, |_| ()).await
    }

    async fn with(replies: impl IntoIterator<Item = Reply>, change: impl FnOnce(&mut StripeConfig)) -> Self {
        let server = Server::start(replies).await;
        let mut config = StripeConfig::new(KEY.into(), server.url.clone());
        config.first_pause = Duration::from_millis(1);
        change(&mut config);
        Self { server, stripe: Stripe::new(config).unwrap() }
    }
}

fn user() -> UserId {
    USER.parse().unwrap()
}

fn good(body: &Value) -> Reply {
    Reply::Answer(200, &[], body.to_string())
}

fn refusal(code: &str) -> String {
    json!({ "error": { "code": code, "type": "invalid_request_error", "message": "No." } }).to_string()
}

fn bad(status: u16, code: &str) -> Reply {
    Reply::Answer(status, &[], refusal(code))
}

fn members(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
