//! Making an account what the payment provider says it is.
//!
//! A reading of the provider's state takes a number first, from a sequence of the database, then asks, then writes, and it
//! writes only if no reading with a greater number was written. So no lock is held while the provider is asked, and the end is
//! right whatever order things happen in: whoever is told of the provider's last change takes a number after that change; every
//! reading with that number or a greater one began after it and has seen it; and no reading with a smaller one is written over it.

use super::stripe::{StripeError, StripeSubscription};
use super::{Billing, Till};
use crate::generation::engine::Engine;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use uuid::Uuid;
use waymark_domain::billing::{PaidSubscription, ProviderStatus, Subscription, SubscriptionTier};
use waymark_domain::ids::UserId;
use waymark_persistence::{AuditEntry, Customer, ServiceTx, StoreError};

/// What a change is put down to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cause<'a> {
    /// `stripe`, `operator`, `waymark`, or a learner's subject.
    pub actor: &'a str,
    /// An event's key, a command, a job's key.
    pub subject: &'a str,
    /// The event's type, if it is one.
    pub kind: Option<&'a str>,
}

/// The provider's state of one customer, as read at once.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    /// The customer is deleted.
    Gone,
    /// What the customer has bought.
    Bought {
        subscriptions: Vec<PaidSubscription>,
        /// Whom the provider was told they are for.
        user: Option<UserId>,
    },
    /// It has something to say that nobody here understands; nothing may be concluded.
    Strange(String),
}

impl Reading {
    /// How many subscriptions bill, or can come to.
    fn live(&self) -> usize {
        match self {
            Self::Bought { subscriptions, .. } => subscriptions.iter().filter(|it| it.status.is_live()).count(),
            Self::Gone | Self::Strange(_) => 0,
        }
    }
}

/// A reading and its number.
#[derive(Debug, Clone)]
pub(super) struct Numbered {
    pub number: i64,
    pub reading: Reading,
}

/// What became of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    /// It is what the account has now.
    Current(Box<Change>),
    /// A later reading was there first, and has seen more.
    Older,
    /// No account is this customer.
    Nobody,
    /// Nothing could be concluded from it, so nothing was changed; it is in the log.
    Unclear,
}

/// What an account had and has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub user: UserId,
    pub before: Subscription,
    pub after: Subscription,
    /// The customer it is no longer, or has become.
    pub customer_changed: bool,
}

impl Change {
    pub fn is_none(&self) -> bool {
        self.before == self.after && !self.customer_changed
    }
}

/// Tiers of prices that the settings do not name, as their products tell; asked once a reading, or once a night.
pub(super) type Products = HashMap<String, Option<SubscriptionTier>>;

impl Till {
    /// What one of the provider's subscriptions is here; the error says what nobody understands.
    pub(super) async fn understand(
        &self,
        it: &StripeSubscription,
        products: &mut Products,
    ) -> Result<Result<PaidSubscription, String>, StripeError> {
        let Ok(status) = it.status.parse::<ProviderStatus>() else {
            return Ok(Err(format!("subscription {} has the unknown status {:?}", it.id, it.status)));
        };
        let tier = if status.is_entitled() { self.tier(it, products).await? } else { None };
        Ok(Ok(PaidSubscription {
            id: it.id.clone(),
            status,
            tier,
            period_end: it.period_end,
            cancels_at_period_end: it.cancels_at_period_end,
            created: it.created,
        }))
    }

    /// The highest tier that any of its prices buys: by the settings, else by the product's metadata.
    async fn tier(
        &self,
        it: &StripeSubscription,
        products: &mut Products,
    ) -> Result<Option<SubscriptionTier>, StripeError> {
        let mut best = None;
        for price in &it.prices {
            let tier = match (self.prices.tier(&price.id), &price.product) {
                (Some(tier), _) => Some(tier),
                (None, Some(product)) => self.product_tier(product, products).await?,
                (None, None) => None,
            };
            best = best.max(tier);
        }
        Ok(best)
    }

    async fn product_tier(
        &self,
        product: &str,
        products: &mut Products,
    ) -> Result<Option<SubscriptionTier>, StripeError> {
        if let Some(tier) = products.get(product) {
            return Ok(*tier);
        }
        let tier = self.stripe.product_tier(product).await?.and_then(|tier| tier.parse().ok());
        products.insert(product.to_owned(), tier);
        Ok(tier)
    }

    /// Asks for a customer's state.
    async fn read(&self, customer: &str) -> Result<Reading, StripeError> {
        let found = match self.stripe.subscriptions(customer).await {
            Ok(found) => found,
            Err(StripeError::NotFound) => Vec::new(),
            Err(error) => return Err(error),
        };
        let (mut subscriptions, mut products) = (Vec::with_capacity(found.len()), Products::new());
        for it in &found {
            match self.understand(it, &mut products).await? {
                Ok(subscription) => subscriptions.push(subscription),
                Err(strange) => return Ok(Reading::Strange(strange)),
            }
        }
        let mut user = found.iter().find_map(|it| it.user_id.as_deref());
        // Whoever has something that lives is there; a deleted customer's subscriptions are over.
        let record;
        if !subscriptions.iter().any(|it| it.status.is_live()) || user.is_none() {
            match self.stripe.customer(customer).await? {
                Some(known) if known.deleted => return Ok(Reading::Gone),
                Some(known) => {
                    record = known;
                    user = user.or(record.user_id.as_deref());
                }
                // One that is deleted is still known as such: this is another account's key, or the other mode's, and every
                // customer would seem to be gone.
                None => return Ok(Reading::Strange("the payment provider knows no such customer".to_owned())),
            }
        }
        let user = user.and_then(|user| user.parse::<Uuid>().ok()).map(UserId);
        Ok(Reading::Bought { subscriptions, user })
    }
}

impl Billing {
    /// Takes a number and asks for a customer's state.
    pub(super) async fn reading(&self, customer: &str) -> Result<Numbered, super::BillingError> {
        let number = self.engine.db.service(async |tx| tx.billing().next_snapshot().await).await?;
        crate::crash::point("billing.numbered");
        let reading = self.till.read(customer).await?;
        crate::crash::point("billing.read");
        Ok(Numbered { number, reading })
    }
}

/// Writes a reading, unless a later one was written, and says so in the trail when something changes.
pub(super) async fn write(
    engine: &Engine,
    tx: &ServiceTx,
    customer: &str,
    numbered: &Numbered,
    cause: Cause<'_>,
) -> Result<Written, StoreError> {
    let Some((account, linked)) = account(tx, customer, numbered).await? else { return Ok(Written::Nobody) };
    if numbered.number <= account.snapshot {
        return Ok(Written::Older);
    }
    let after = match &numbered.reading {
        Reading::Gone => Subscription::default(),
        Reading::Bought { subscriptions, .. } => match Subscription::of(subscriptions, engine.clock.now()) {
            Ok(after) => after,
            Err(unknown) => {
                tracing::error!(user = %account.user_id, customer, cause = cause.subject, "{unknown}; nothing is changed");
                return Ok(Written::Unclear);
            }
        },
        Reading::Strange(strange) => {
            tracing::error!(user = %account.user_id, customer, cause = cause.subject, "{strange}; nothing is changed");
            return Ok(Written::Unclear);
        }
    };
    let gone = matches!(numbered.reading, Reading::Gone);
    if gone {
        tx.billing().set_customer(account.user_id, None).await?;
    } else if linked {
        tx.billing().set_customer(account.user_id, Some(customer)).await?;
    }
    let change =
        Change { user: account.user_id, before: account.subscription, after, customer_changed: gone || linked };
    if !change.is_none() {
        record(tx, &change, customer, cause).await?;
    }
    if numbered.reading.live() > 1 {
        tracing::error!(user = %change.user, customer, "more than one subscription lives, and each is paid");
    }
    tx.billing().write(change.user, numbered.number, &change.after).await?;
    Ok(Written::Current(Box::new(change)))
}

/// The locked account of a customer; also the one that the provider was told of, when it is no customer yet: then it becomes
/// this one (true), for the answer to its making was lost.
async fn account(tx: &ServiceTx, customer: &str, numbered: &Numbered) -> Result<Option<(Customer, bool)>, StoreError> {
    if let Some(account) = tx.billing().lock_customer(customer).await? {
        return Ok(Some((account, false)));
    }
    let Reading::Bought { user: Some(user), .. } = numbered.reading else { return Ok(None) };
    let Some(account) = tx.billing().lock(user).await? else { return Ok(None) };
    // Another event may have made it this customer while this one waited for the lock.
    Ok(match account.customer_id.as_deref() {
        None => Some((account, true)),
        Some(other) => (other == customer).then_some((account, false)),
    })
}

async fn record(tx: &ServiceTx, change: &Change, customer: &str, cause: Cause<'_>) -> Result<(), StoreError> {
    let data = json!({
        "customer": customer,
        "from": words(&change.before),
        "to": words(&change.after),
        "type": cause.kind,
    });
    let entry = AuditEntry {
        id: crate::ids::new(),
        user_id: Some(change.user),
        actor: cause.actor,
        action: "subscription.changed",
        subject: Some(cause.subject),
        data,
    };
    tx.audit().record(entry).await
}

/// A subscription for the trail.
fn words(it: &Subscription) -> Json {
    json!({
        "tier": it.tier,
        "status": it.status,
        "providerStatus": it.provider_status,
        "subscription": it.subscription_id,
        "periodEnd": it.period_end,
        "cancelAtPeriodEnd": it.cancel_at_period_end,
    })
}
