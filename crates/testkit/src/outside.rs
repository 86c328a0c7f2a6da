//! The services outside that accounts and money depend on, as an application under test is told of them.

use crate::clerk_server::ClerkServer;
use crate::stripe_server::StripeServer;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;
use waymark_domain::billing::PriceTiers;
use waymark_services::accounts::clerk::{ClerkApiConfig, ClerkSettings};
use waymark_services::billing::BillingSettings;
use waymark_services::billing::stripe::StripeConfig;
use waymark_services::integrations::revoke::RevokeConfig;
use waymark_services::secrets::Sealer;

/// The price of the tier starter in [`Outside::billing`].
pub const STARTER: &str = "price_starter";
/// The price of the tier pro.
pub const PRO: &str = "price_pro";
/// Where learners come back to.
pub const APP_URL: &str = "https://app.example.com";
/// The key that seals tokens.
pub const SEALING_KEY: (&str, [u8; 32]) = ("test", [7; 32]);

/// What is set up of them; goes to other processes as JSON.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Outside {
    stripe: Option<(String, String, Vec<String>)>,
    clerk_secrets: Vec<String>,
    clerk_api: Option<(String, String)>,
    revoke: Option<String>,
    impatient: bool,
}

impl Outside {
    pub fn stripe(&mut self, server: &StripeServer) {
        self.stripe =
            Some((server.url().to_string(), server.key().to_owned(), vec![server.webhook_secret().to_owned()]));
    }

    pub fn stripe_secrets(&mut self, secrets: &[&str]) {
        if let Some((_, _, known)) = &mut self.stripe {
            *known = secrets.iter().map(|&secret| secret.to_owned()).collect();
        }
    }

    pub fn clerk(&mut self, server: &ClerkServer, asks: bool) {
        self.clerk_secrets = vec![server.webhook_secret().to_owned()];
        self.clerk_api = asks.then(|| (server.url().to_string(), server.key().to_owned()));
    }

    pub fn clerk_secrets(&mut self, secrets: &[&str]) {
        self.clerk_secrets = secrets.iter().map(|&secret| secret.to_owned()).collect();
    }

    pub fn revoke(&mut self, base: &Url) {
        self.revoke = Some(base.to_string());
    }

    pub fn impatient(&mut self) {
        self.impatient = true;
    }

    pub fn billing(&self) -> Option<BillingSettings> {
        let (url, key, secrets) = self.stripe.clone()?;
        let mut stripe = StripeConfig::new(SecretString::from(key), url.parse().expect("an address"));
        stripe.first_pause = Duration::from_millis(10);
        if self.impatient {
            stripe.timeout = Duration::from_millis(500);
        }
        Some(BillingSettings {
            stripe,
            webhook_secrets: secrets.into_iter().map(SecretString::from).collect(),
            prices: PriceTiers { starter: vec![STARTER.to_owned()], pro: vec![PRO.to_owned()] },
            app_url: Some(APP_URL.parse().expect("an address")),
        })
    }

    pub fn identity(&self) -> ClerkSettings {
        ClerkSettings {
            webhook_secrets: self.clerk_secrets.iter().cloned().map(SecretString::from).collect(),
            api: self.clerk_api.clone().map(|(base, key)| ClerkApiConfig {
                base: base.parse().expect("an address"),
                key: SecretString::from(key),
            }),
        }
    }

    pub fn sealer(&self) -> Option<Sealer> {
        let (id, key) = SEALING_KEY;
        self.revoke.as_ref().map(|_| Sealer::new(vec![(id.to_owned(), key)]).expect("a key"))
    }

    pub fn revocation(&self) -> Option<RevokeConfig> {
        let base: Url = self.revoke.as_ref()?.parse().expect("an address");
        let notion = Some((base.clone(), "client".to_owned(), SecretString::from("secret")));
        Some(RevokeConfig { google_oauth_base: base, notion })
    }
}
