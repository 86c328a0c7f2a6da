//! Subscriptions from what was bought: mapping, grace, and the order of what is found.

use super::*;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn bought(id: &str, status: ProviderStatus, tier: Option<SubscriptionTier>, days: i64) -> PaidSubscription {
    PaidSubscription {
        id: id.to_owned(),
        status,
        tier,
        period_end: Some(now() + TimeDelta::days(days)),
        cancels_at_period_end: false,
        created: now() - TimeDelta::days(30),
    }
}

const STARTER: Option<SubscriptionTier> = Some(SubscriptionTier::Starter);
const PRO: Option<SubscriptionTier> = Some(SubscriptionTier::Pro);

#[test]
fn each_status_of_the_provider_means_one_of_ours_and_grants_what_it_should() {
    use ProviderStatus as P;
    use SubscriptionStatus as S;
    for (status, ours, tier, live) in [
        (P::Active, Some(S::Active), SubscriptionTier::Pro, true),
        (P::Trialing, Some(S::Trialing), SubscriptionTier::Pro, true),
        (P::PastDue, Some(S::PastDue), SubscriptionTier::Pro, true),
        (P::Unpaid, Some(S::PastDue), SubscriptionTier::Free, true),
        (P::Paused, Some(S::Canceled), SubscriptionTier::Free, true),
        (P::Canceled, Some(S::Canceled), SubscriptionTier::Free, false),
        (P::IncompleteExpired, Some(S::Canceled), SubscriptionTier::Free, false),
        (P::Incomplete, None, SubscriptionTier::Free, false),
    ] {
        let has = Subscription::of(&[bought("sub_1", status, PRO, 3)], now()).unwrap();
        assert_eq!((has.status, has.effective_tier(now()), has.is_live()), (ours, tier, live), "{status}");
        assert_eq!(has.provider_status, Some(status));
    }
}

#[test]
fn arrears_keep_the_tier_until_the_period_ends_and_not_a_second_longer() {
    let has = Subscription::of(&[bought("sub_1", ProviderStatus::PastDue, STARTER, 1)], now()).unwrap();
    let end = has.period_end.unwrap();
    assert_eq!(has.effective_tier(end - TimeDelta::seconds(1)), SubscriptionTier::Starter);
    assert_eq!(has.effective_tier(end), SubscriptionTier::Free);
    assert_eq!(Subscription { period_end: None, ..has }.effective_tier(now()), SubscriptionTier::Free);
}

#[test]
fn a_paid_subscription_does_not_end_by_the_clock() {
    let has = Subscription::of(&[bought("sub_1", ProviderStatus::Active, STARTER, -9)], now()).unwrap();
    assert_eq!(has.effective_tier(now()), SubscriptionTier::Starter, "the renewal's event is merely late");
}

#[test]
fn an_old_subscription_that_ended_takes_nothing_from_one_that_lives() {
    let mut old = bought("sub_9", ProviderStatus::Canceled, PRO, 300);
    old.created = now();
    let has = Subscription::of(&[old, bought("sub_1", ProviderStatus::Active, STARTER, 3)], now()).unwrap();
    assert_eq!((has.subscription_id.as_deref(), has.tier), (Some("sub_1"), SubscriptionTier::Starter));
}

#[test]
fn arrears_that_have_run_out_do_not_hide_what_is_paid() {
    let owed = bought("sub_9", ProviderStatus::PastDue, PRO, -1);
    let has = Subscription::of(&[owed, bought("sub_1", ProviderStatus::Active, STARTER, 3)], now()).unwrap();
    assert_eq!(has.effective_tier(now()), SubscriptionTier::Starter);
}

#[test]
fn of_two_that_are_paid_the_higher_tier_counts() {
    let both =
        [bought("sub_9", ProviderStatus::Active, STARTER, 300), bought("sub_1", ProviderStatus::Trialing, PRO, 3)];
    assert_eq!(Subscription::of(&both, now()).unwrap().tier, SubscriptionTier::Pro);
}

#[test]
fn a_price_nobody_knows_is_an_error_only_while_it_bills() {
    let unknown = bought("sub_1", ProviderStatus::Active, None, 3);
    let error = Subscription::of(&[unknown, bought("sub_2", ProviderStatus::Active, PRO, 3)], now()).unwrap_err();
    assert_eq!(error.subscription, "sub_1");
    let ended = bought("sub_1", ProviderStatus::Canceled, None, 3);
    assert_eq!(Subscription::of(&[ended], now()).unwrap().tier, SubscriptionTier::Free);
}

#[test]
fn nothing_bought_is_free() {
    assert_eq!(Subscription::of(&[], now()).unwrap(), Subscription::default());
    assert!(!Subscription::default().is_live());
}

#[test]
fn prices_belong_to_one_tier() {
    let prices = PriceTiers { starter: vec!["price_s".to_owned()], pro: vec!["price_p".to_owned()] };
    assert_eq!(prices.tier("price_s"), STARTER);
    assert_eq!(prices.tier("price_p"), PRO);
    assert_eq!(prices.tier("price_"), None);
    assert_eq!(prices.ambiguous(), None);
    let both = PriceTiers { starter: vec!["price_p".to_owned()], ..prices };
    assert_eq!(both.ambiguous(), Some("price_p"));
}

fn any_bought() -> impl Strategy<Value = PaidSubscription> {
    let tiers = prop_oneof![Just(STARTER), Just(PRO)];
    ("sub_[a-z]{1,3}", proptest::sample::select(ProviderStatus::ALL), tiers, -3..3_i64, -3..3_i64, any::<bool>())
        .prop_map(|(id, status, tier, days, made, cancels)| PaidSubscription {
            cancels_at_period_end: cancels,
            created: now() + TimeDelta::days(made),
            ..bought(&id, status, tier, days)
        })
}

proptest! {
    #[test]
    fn the_order_of_arrival_decides_nothing_and_the_best_counts(
        (all, shuffled) in proptest::collection::vec(any_bought(), 0..6)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    ) {
        let mut all = all;
        let mut shuffled = shuffled;
        // One key is one subscription.
        all.sort_by(|a, b| a.id.cmp(&b.id)); all.dedup_by(|a, b| a.id == b.id);
        shuffled.retain(|it| all.contains(it)); shuffled.dedup();
        prop_assume!(all.len() == shuffled.len());
        let has = Subscription::of(&all, now()).unwrap();
        prop_assert_eq!(&has, &Subscription::of(&shuffled, now()).unwrap());
        let best = all.iter()
            .filter_map(|it| Subscription::of(std::slice::from_ref(it), now()).ok())
            .map(|alone| alone.effective_tier(now()))
            .max();
        prop_assert_eq!(has.effective_tier(now()), best.unwrap_or(SubscriptionTier::Free));
    }
}
