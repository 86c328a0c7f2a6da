//! Subscription tiers and states, as the owner's schema names them.

closed_enum! {
    /// What a learner pays for; decides every limit in [`crate::quota`].
    SubscriptionTier { Free = "free", Starter = "starter", Pro = "pro" }
}

closed_enum! {
    /// The payment provider's state, mapped to the four that matter here.
    SubscriptionStatus { Active = "active", Canceled = "canceled", PastDue = "past_due", Trialing = "trialing" }
}
