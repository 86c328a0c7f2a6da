//! Every choice that is left to chance, from one seed: the same seed makes the same choices, ids and instants.

use chrono::{DateTime, TimeDelta, Utc};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// A stream of choices.
pub(super) struct Chance(fastrand::Rng);

impl Chance {
    /// The stream number `stream` of a seed. Streams have nothing to do with each other, so a learner is the same however
    /// many others there are.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(fastrand::Rng::with_seed(mixed(seed ^ mixed(stream.wrapping_add(1)))))
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, cases: u32) -> bool {
        self.0.u32(0..100) < cases
    }

    /// A number, both ends included.
    pub fn number(&mut self, range: RangeInclusive<u32>) -> u32 {
        self.0.u32(range)
    }

    /// So many seconds, to the millisecond.
    pub fn seconds(&mut self, range: RangeInclusive<i64>) -> TimeDelta {
        TimeDelta::milliseconds(self.0.i64(range.start() * 1_000..=range.end() * 1_000))
    }

    /// So many days, to the millisecond.
    pub fn days(&mut self, range: RangeInclusive<i64>) -> TimeDelta {
        self.seconds(range.start() * 86_400..=range.end() * 86_400)
    }

    /// An instant in `from..to`, to the millisecond; `from` when there is none.
    pub fn between(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> DateTime<Utc> {
        from + TimeDelta::milliseconds(self.0.i64(0..(to - from).num_milliseconds().max(1)))
    }

    /// One of `list`, or `otherwise` when it is empty.
    pub fn among<T: Copy>(&mut self, list: &[T], otherwise: T) -> T {
        self.0.choice(list).copied().unwrap_or(otherwise)
    }

    /// One of a list of words.
    pub fn word(&mut self, list: &[&'static str]) -> &'static str {
        self.among(list, "")
    }

    /// The list in another order.
    pub fn shuffled<T>(&mut self, list: impl IntoIterator<Item = T>) -> Vec<T> {
        let mut list: Vec<T> = list.into_iter().collect();
        self.0.shuffle(&mut list);
        list
    }

    /// Letters and digits, as in a provider's keys.
    pub fn token(&mut self, length: usize) -> String {
        std::iter::repeat_with(|| self.0.alphanumeric()).take(length).collect()
    }

    /// An id of something made at `at`: UUID v7.
    pub fn id<T: From<Uuid>>(&mut self, at: DateTime<Utc>) -> T {
        let mut random = [0; 10];
        self.0.fill(&mut random);
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
        T::from(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

/// Spreads neighbouring numbers apart. Source: the finaliser of `SplitMix64`.
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::{Variant, Version};

    #[test]
    fn the_same_seed_and_stream_make_the_same_choices_and_others_make_others() {
        let draw = |seed, stream| Chance::new(seed, stream).token(40);
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
    }

    #[test]
    fn ids_are_of_version_7_and_carry_their_instant() {
        let at = DateTime::from_timestamp_millis(1_700_000_000_123).unwrap();
        let id: Uuid = Chance::new(1, 0).id(at);
        assert_eq!((id.get_version(), id.get_variant()), (Some(Version::SortRand), Variant::RFC4122));
        assert_eq!(u128::from_be_bytes(*id.as_bytes()) >> 80, 1_700_000_000_123);
    }
}
