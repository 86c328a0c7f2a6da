//! Where Stripe is and how patiently it is asked. Filled from the settings at start-up.

use secrecy::SecretString;
use std::time::Duration;
use url::Url;

/// How to reach Stripe. Its `Debug` form hides the key.
#[derive(Debug, Clone)]
pub struct StripeConfig {
    /// The secret or restricted key, sent as a bearer token.
    pub key: SecretString,
    /// The address in front of `/v1`, such as `https://api.stripe.com`; may have a path.
    pub base: Url,
    /// How long one attempt may take, from connecting to the answer's last byte.
    pub timeout: Duration,
    /// How often one call is sent, at most; answers replayed from storage do not count.
    pub attempts: u32,
    /// The pause before the second attempt; each later one is twice as long. Up to as much again is added by chance.
    pub first_pause: Duration,
}

impl StripeConfig {
    /// Three attempts of ten seconds each.
    pub fn new(key: SecretString, base: Url) -> Self {
        Self { key, base, timeout: Duration::from_secs(10), attempts: 3, first_pause: Duration::from_millis(500) }
    }
}
