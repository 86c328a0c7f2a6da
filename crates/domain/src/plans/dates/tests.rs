//! First days and deadlines.

use super::{DateRuleError, PlanDates};
use chrono::{DateTime, Days, NaiveDate, Utc};
use proptest::prelude::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    "2027-03-10T06:00:00Z".parse().unwrap()
}

#[test]
fn a_plan_begins_today_and_lasts_two_weeks_unless_said_otherwise() {
    let dates = PlanDates::parse(None, None, now()).unwrap();
    assert_eq!((dates.start(), dates.deadline()), (date("2027-03-10"), date("2027-03-24")));
    assert_eq!((dates.days(), dates.weeks()), (14, 2));
}

#[test]
fn today_is_where_it_still_is_today() {
    assert!(PlanDates::parse(Some(date("2027-03-09")), None, now()).is_ok());
    let refused = PlanDates::parse(Some(date("2027-03-08")), None, now()).unwrap_err();
    assert_eq!(refused, [DateRuleError::StartInPast { today: date("2027-03-09") }]);
}

#[test]
fn a_year_ahead_counts_from_the_furthest_date_on_earth() {
    let evening: DateTime<Utc> = "2027-03-10T20:00:00Z".parse().unwrap();
    assert!(PlanDates::parse(None, Some(date("2028-03-11")), evening).is_ok());
    let refused = PlanDates::parse(None, Some(date("2028-03-12")), evening).unwrap_err();
    assert_eq!(refused, [DateRuleError::DeadlineTooFar { latest: date("2028-03-11") }]);
}

#[test]
fn every_broken_rule_is_told_at_once_with_its_member() {
    let refused = PlanDates::parse(Some(date("2020-01-02")), Some(date("2020-01-01")), now()).unwrap_err();
    let fields: Vec<_> = refused.iter().map(|rule| rule.field()).collect();
    assert_eq!(fields, ["startDate", "deadlineDate"]);
    let refused = PlanDates::parse(None, Some(date("2029-01-01")), now()).unwrap_err();
    assert!(matches!(refused[..], [DateRuleError::DeadlineTooFar { .. }]));
}

#[test]
fn a_plan_for_one_day_has_a_day_and_a_week() {
    let dates = PlanDates::parse(Some(date("2027-03-10")), Some(date("2027-03-10")), now()).unwrap();
    assert_eq!((dates.days(), dates.weeks()), (1, 1));
}

#[test]
fn the_ends_of_time_are_refused_and_do_not_panic() {
    let extremes = [None, Some(NaiveDate::MIN), Some(NaiveDate::MAX), Some(date("9999-12-31"))];
    for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, now()] {
        for start in extremes {
            for deadline in extremes {
                if let Ok(dates) = PlanDates::parse(start, deadline, now) {
                    assert!(dates.days() <= 368 && dates.weeks() <= 53, "{dates:?}");
                }
            }
        }
    }
}

/// `start` and `deadline` put over a plan stored for February 2027, in March.
fn over_february(start: Option<&str>, deadline: Option<&str>) -> Result<(NaiveDate, NaiveDate), DateRuleError> {
    let stored = (Some(date("2027-02-01")), Some(date("2027-02-28")));
    PlanDates::overridden(start.map(date), deadline.map(date), stored.0, stored.1, now())
        .map(|dates| (dates.start(), dates.deadline()))
}

#[test]
fn stored_dates_that_nobody_touches_stay_legal() {
    let february = (date("2027-02-01"), date("2027-02-28"));
    assert_eq!(over_february(None, None), Ok(february));
    assert_eq!(over_february(None, Some("2027-04-30")), Ok((february.0, date("2027-04-30"))));
    assert_eq!(PlanDates::stored(february.0, february.1).map(|dates| dates.days()), Some(27));
    assert_eq!(PlanDates::stored(february.1, february.0), None);
}

#[test]
fn dates_given_anew_obey_the_rules() {
    let today = date("2027-03-09");
    assert_eq!(over_february(Some("2027-03-09"), Some("2027-03-09")), Ok((today, today)));
    assert_eq!(over_february(Some("2027-03-08"), None), Err(DateRuleError::StartInPast { today }));
    assert_eq!(over_february(None, Some("2027-03-08")), Err(DateRuleError::DeadlineInPast { today }));
    let start = date("2027-03-20");
    assert_eq!(over_february(Some("2027-03-20"), None), Err(DateRuleError::DeadlineBeforeStart { start }));
    let latest = date("2028-03-10");
    assert_eq!(over_february(None, Some("2028-03-11")), Err(DateRuleError::DeadlineTooFar { latest }));
}

#[test]
fn a_stored_deadline_too_far_away_counts_once_another_date_is_given() {
    let (start, far) = (Some(date("2027-04-01")), Some(date("2029-01-01")));
    let latest = date("2028-03-10");
    assert!(PlanDates::overridden(None, None, start, far, now()).is_ok());
    let refused = PlanDates::overridden(start, None, start, far, now());
    assert_eq!(refused, Err(DateRuleError::DeadlineTooFar { latest }));
}

#[test]
fn dates_never_stored_are_filled_in() {
    let dates = PlanDates::overridden(None, None, None, None, now());
    assert_eq!(dates, PlanDates::parse(None, None, now()).map_err(|broken| broken[0]));
    let dates = PlanDates::overridden(Some(date("2027-05-01")), None, None, None, now()).unwrap();
    assert_eq!((dates.start(), dates.deadline()), (date("2027-05-01"), date("2027-05-15")));
}

proptest! {
    #[test]
    fn accepted_dates_are_in_order_and_within_a_year(first in 0_u64..800, length in 0_u64..800, given in any::<[bool; 2]>()) {
        let base = date("2026-06-01");
        let start = base + Days::new(first);
        let parsed = PlanDates::parse(given[0].then_some(start), given[1].then(|| start + Days::new(length)), now());
        if let Ok(dates) = parsed {
            prop_assert!(dates.start() <= dates.deadline());
            prop_assert!(dates.start() >= date("2027-03-09") && dates.deadline() <= date("2028-03-10"));
            prop_assert!((1..=367).contains(&dates.days()) && dates.weeks() * 7 >= dates.days());
        }
    }
}
