//! What an account has bought, as its row keeps it, and the tier that follows from it.

use crate::error::StoreError;
use crate::rows::{get, parse, parse_option};
use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use waymark_domain::billing::{Subscription, SubscriptionTier};

/// The columns of a subscription, for a statement in which `users` is called `u`; with the moment at which they are read.
pub(crate) const SUBSCRIPTION: &str =
    "u.subscription_tier::text, u.subscription_status::text, u.stripe_subscription_status,
    u.stripe_subscription_id, u.subscription_period_end, u.cancel_at_period_end, now() as read_at";

/// The subscription in a row that was read with [`SUBSCRIPTION`].
pub(crate) fn subscription(row: &QueryResult) -> Result<Subscription, StoreError> {
    Ok(Subscription {
        tier: parse(row, "users", "subscription_tier")?,
        status: parse_option(row, "users", "subscription_status")?,
        provider_status: parse_option(row, "users", "stripe_subscription_status")?,
        subscription_id: get(row, "stripe_subscription_id")?,
        period_end: get(row, "subscription_period_end")?,
        cancel_at_period_end: get(row, "cancel_at_period_end")?,
    })
}

/// The tier whose limits hold at the moment of the reading.
pub(crate) fn tier(row: &QueryResult) -> Result<SubscriptionTier, StoreError> {
    let now: DateTime<Utc> = get(row, "read_at")?;
    Ok(subscription(row)?.effective_tier(now))
}
