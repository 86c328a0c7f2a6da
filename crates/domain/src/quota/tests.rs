//! The table of limits, its overrides, and what is decided from it.

use super::{LimitOverrideError, Limits, ModelAccess, QuotaRefusal};
use crate::billing::SubscriptionTier;
use crate::plans::PlanDates;
use chrono::{DateTime, Days};
use proptest::prelude::*;

fn dates(days: u64) -> PlanDates {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let start = now.date_naive();
    PlanDates::parse(Some(start), start.checked_add_days(Days::new(days)), now).unwrap()
}

#[test]
fn a_tier_admits_plans_below_its_limit() {
    let limits = Limits::default();
    assert_eq!(limits.free.admit_plan(2), Ok(()));
    assert_eq!(limits.free.admit_plan(3), Err(QuotaRefusal::ActivePlans { limit: 3, used: 3 }));
    assert_eq!(limits.starter.admit_plan(10), Err(QuotaRefusal::ActivePlans { limit: 10, used: 10 }));
    assert_eq!(limits.pro.admit_plan(u32::MAX), Ok(()));
}

#[test]
fn a_free_plan_lasts_two_weeks_to_the_day() {
    let limits = Limits::default();
    assert_eq!(limits.free.admit_duration(&dates(14)), Ok(()));
    assert_eq!(limits.free.admit_duration(&dates(15)), Err(QuotaRefusal::Duration { limit: 2, used: 3 }));
    assert_eq!(limits.starter.admit_duration(&dates(57)), Err(QuotaRefusal::Duration { limit: 8, used: 9 }));
    assert_eq!(limits.pro.admit_duration(&dates(366)), Ok(()));
    let start = dates(14).start();
    assert_eq!(limits.free.last_day(start), Some(dates(14).deadline()));
    assert_eq!((limits.starter.last_day(start), limits.pro.last_day(start)), (Some(dates(56).deadline()), None));
}

#[test]
fn a_model_call_starts_only_below_the_months_budget() {
    let free = Limits::default().free;
    assert_eq!(free.admit_spend(499_999, 0), Ok(()));
    assert_eq!(free.admit_spend(500_000, 0), Err(QuotaRefusal::Budget { limit: 500_000, used: 500_000 }));
    assert_eq!(free.admit_spend(400_000, 100_000), Ok(()), "what may be spent at most still fits");
    assert_eq!(free.admit_spend(400_000, 100_001), Err(QuotaRefusal::Budget { limit: 500_000, used: 400_000 }));
    assert_eq!(free.admit_regeneration(4), Ok(()));
    assert_eq!(free.admit_regeneration(5), Err(QuotaRefusal::Regenerations { limit: 5, used: 5 }));
}

#[test]
fn unlimited_is_null_for_clients() {
    let json = serde_json::to_value(Limits::default().pro).unwrap();
    assert_eq!((&json["activePlans"], &json["models"]), (&serde_json::Value::Null, &"all".into()));
}

#[test]
fn single_limits_can_be_set_apart_from_the_table() {
    let text =
        " free.activePlans=5, pro.aiSpendMicrousd = 20000000,starter.exports=null,free.models=all,pro.jobPriority=90,";
    let limits = Limits::default().with_overrides(text).unwrap();
    assert_eq!((limits.free.active_plans, limits.free.models), (Some(5), ModelAccess::All));
    assert_eq!((limits.pro.ai_spend_microusd, limits.pro.job_priority), (20_000_000, 90));
    assert_eq!(limits.starter.exports, None);
    assert_eq!(limits.starter.active_plans, Limits::default().starter.active_plans);
    assert_eq!(Limits::default().with_overrides(" "), Ok(Limits::default()));
}

#[test]
fn an_override_that_names_no_limit_is_named_in_the_error() {
    let refused = |text: &str| Limits::default().with_overrides(text).unwrap_err();
    assert_eq!(refused("free"), LimitOverrideError::Shape("free".into()));
    assert_eq!(refused("free=3"), LimitOverrideError::Shape("free=3".into()));
    assert_eq!(refused("gold.exports=3"), LimitOverrideError::UnknownTier("gold".into()));
    let unknown = refused("free.activePlan=3");
    assert_eq!(unknown, LimitOverrideError::UnknownLimit("free.activePlan".into()));
    assert!(unknown.to_string().contains("free.activePlan"));
    for text in
        ["free.exports=-1", "free.aiSpendMicrousd=null", "free.models=most", "free.jobPriority=101", "pro.exports="]
    {
        assert!(matches!(refused(text), LimitOverrideError::Value { .. }), "{text}");
    }
}

proptest! {
    #[test]
    fn any_override_text_is_taken_or_refused(text in "[a-zA-Z.=,0-9 ]{0,60}") {
        let _ = Limits::default().with_overrides(&text);
    }

    #[test]
    fn an_override_changes_its_limit_and_no_other(tier in prop::sample::select(SubscriptionTier::ALL), limit: u32) {
        let limits = Limits::default().with_overrides(&format!("{tier}.planWeeks={limit}")).unwrap();
        for &other in SubscriptionTier::ALL {
            let mut expected = *Limits::default().of(other);
            if other == tier {
                expected.plan_weeks = Some(limit);
            }
            prop_assert_eq!(*limits.of(other), expected);
        }
    }
}
