//! Usage months.

use super::UsageMonth;
use chrono::{DateTime, Datelike, Utc};
use proptest::prelude::*;

#[test]
fn a_month_ends_when_the_next_begins() {
    let month = UsageMonth::of("2027-12-31T23:59:59Z".parse().unwrap());
    assert_eq!(month.to_string(), "2027-12");
    assert_eq!(month.resets_at().to_rfc3339(), "2028-01-01T00:00:00+00:00");
}

#[test]
fn only_year_and_month_are_a_month() {
    for text in ["2027-13", "2027-00", "2027-1", "27-01", "2027-01-01", "-027-01", "2027/01", "", "2027-+1", "٢٠٢٧-01"]
    {
        assert!(text.parse::<UsageMonth>().is_err(), "{text}");
    }
}

#[test]
fn the_last_month_of_time_does_not_panic() {
    let month = UsageMonth::of(DateTime::<Utc>::MAX_UTC);
    assert_eq!(month.resets_at().year(), chrono::NaiveDate::MAX.year());
}

proptest! {
    #[test]
    fn a_month_reads_back_as_written(seconds in -62_135_596_800_i64..253_402_300_799) {
        let instant = DateTime::from_timestamp(seconds, 0).unwrap();
        let month = UsageMonth::of(instant);
        prop_assert_eq!(month.to_string().parse(), Ok(month));
        prop_assert!(instant < month.resets_at());
        prop_assert_eq!(month.resets_at().day(), 1);
    }

    #[test]
    fn any_text_is_a_month_or_refused(text in prop_oneof![any::<String>(), "[0-9-]{5,9}"]) {
        if let Ok(month) = text.parse::<UsageMonth>() {
            prop_assert_eq!(month.to_string(), text);
        }
    }
}
