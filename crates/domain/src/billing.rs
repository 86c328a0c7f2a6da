//! Subscription tiers and states: what the payment provider's word means here, and what a learner has at a moment.

mod prices;
mod subscription;

pub use prices::PriceTiers;
pub use subscription::{PaidSubscription, Subscription, UnknownPrice};

closed_enum! {
    /// What a learner pays for; decides every limit in [`crate::quota`].
    SubscriptionTier { Free = "free", Starter = "starter", Pro = "pro" }
}

closed_enum! {
    /// The payment provider's state, mapped to the four that matter here.
    SubscriptionStatus { Active = "active", Canceled = "canceled", PastDue = "past_due", Trialing = "trialing" }
}

closed_enum! {
    /// The payment provider's state, in its own words. Source: Stripe's Subscription object, member `status`.
    ProviderStatus {
        /// The first payment is pending; given up after 23 hours.
        Incomplete = "incomplete",
        /// The first payment never came.
        IncompleteExpired = "incomplete_expired",
        /// Not paid for yet, by agreement.
        Trialing = "trialing",
        /// Paid.
        Active = "active",
        /// A renewal was not paid, and is tried again.
        PastDue = "past_due",
        /// Over for good.
        Canceled = "canceled",
        /// A renewal was not paid and is not tried again; paying brings it back.
        Unpaid = "unpaid",
        /// The trial ended without a way to pay; adding one brings it back.
        Paused = "paused",
    }
}

impl ProviderStatus {
    /// The state among our four; none when nothing has begun. A subscription that could come back is not `canceled`.
    pub const fn status(self) -> Option<SubscriptionStatus> {
        match self {
            Self::Active => Some(SubscriptionStatus::Active),
            Self::Trialing => Some(SubscriptionStatus::Trialing),
            Self::PastDue | Self::Unpaid => Some(SubscriptionStatus::PastDue),
            Self::Canceled | Self::IncompleteExpired | Self::Paused => Some(SubscriptionStatus::Canceled),
            Self::Incomplete => None,
        }
    }

    /// Whether what was paid for may be used; past due only until the period ends, see [`Subscription::effective_tier`].
    pub const fn is_entitled(self) -> bool {
        matches!(self, Self::Active | Self::Trialing | Self::PastDue)
    }

    /// Whether it bills or can come to bill again without another checkout: a second one beside it would be paid twice. A first
    /// payment that is pending is none yet: it is canceled when another checkout begins.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::Trialing | Self::PastDue | Self::Unpaid | Self::Paused)
    }
}

#[cfg(test)]
mod tests;
