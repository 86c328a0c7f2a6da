//! Local time on days when clocks are changed: which instant a local time is, and what the clock shows at an instant.

use chrono::{DateTime, Duration, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// A day and a few hours: the longest jump of any clock (a day left out on the date line), and some.
const LONGEST_GAP_MINUTES: i64 = 26 * 60;

/// The instant of a local time. A time that does not exist becomes the first existing minute after it; of a time that
/// comes twice the earlier one is meant. None at the ends of the calendar.
pub fn instant(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    (0..=LONGEST_GAP_MINUTES).find_map(|minutes| {
        let later = local.checked_add_signed(Duration::minutes(minutes))?;
        match zone.from_local_datetime(&later) {
            MappedLocalTime::Single(instant) => Some(instant.to_utc()),
            MappedLocalTime::Ambiguous(one, other) => Some(one.to_utc().min(other.to_utc())),
            MappedLocalTime::None => None,
        }
    })
}

/// Seconds that the clock is ahead of UTC at an instant.
pub fn offset(zone: Tz, instant: DateTime<Utc>) -> Duration {
    Duration::seconds(i64::from(zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc()))
}

/// What the clock shows at an instant.
pub fn local(zone: Tz, instant: DateTime<Utc>) -> NaiveDateTime {
    instant.naive_utc().checked_add_signed(offset(zone, instant)).unwrap_or(instant.naive_utc())
}

/// The instant at which a date is over.
pub fn midnight_after(zone: Tz, date: NaiveDate) -> Option<DateTime<Utc>> {
    instant(zone, date.succ_opt()?.and_time(NaiveTime::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn utc(zone: Tz, text: &str) -> String {
        instant(zone, at(text)).unwrap().to_rfc3339()
    }

    #[test]
    fn a_time_in_a_gap_becomes_the_first_minute_after_it() {
        assert_eq!(utc(Tz::Europe__Berlin, "2026-03-29T02:30:00"), "2026-03-29T01:00:00+00:00");
        assert_eq!(utc(Tz::Australia__Lord_Howe, "2026-10-04T02:10:00"), "2026-10-03T15:30:00+00:00");
    }

    #[test]
    fn of_a_time_that_comes_twice_the_earlier_is_meant() {
        assert_eq!(utc(Tz::Europe__Berlin, "2026-10-25T02:30:00"), "2026-10-25T00:30:00+00:00");
    }

    #[test]
    fn a_day_that_a_country_left_out_becomes_the_next() {
        assert_eq!(utc(Tz::Pacific__Apia, "2011-12-30T09:00:00"), "2011-12-30T10:00:00+00:00");
        assert_eq!(local(Tz::Pacific__Apia, "2011-12-30T10:00:00Z".parse().unwrap()), at("2011-12-31T00:00:00"));
    }

    #[test]
    fn a_date_is_over_when_the_next_begins() {
        let over = |zone, date: &str| midnight_after(zone, date.parse().unwrap()).unwrap().to_rfc3339();
        // Beirut puts its clocks forward at midnight, from 00:00 to 01:00.
        assert_eq!(over(Tz::Asia__Beirut, "2026-03-28"), "2026-03-28T22:00:00+00:00");
        assert_eq!(over(Tz::UTC, "2026-03-28"), "2026-03-29T00:00:00+00:00");
    }
}
