//! Reading JSON that only roughly has the shape asked for. Used by the raw pieces of a plan.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Something read from an object member by member.
pub(super) trait Record: Default {
    /// Takes the value of member `name` (folded: lower case, letters and digits only) from `map`, whatever it is.
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;

    /// What a bare text in the record's place means; nothing unless said otherwise.
    fn from_text(_text: &str) -> Option<Self> {
        None
    }
}

/// Keeps the first value that says something.
pub(super) fn fill<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}

/// A member's name, folded so that `estimatedMinutes`, `estimated_minutes` and `Estimated-Minutes` are one.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Fold;
        impl Visitor<'_> for Fold {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Name, E> {
                let kept = text.chars().filter(char::is_ascii_alphanumeric);
                Ok(Name(kept.map(|c| c.to_ascii_lowercase()).collect()))
            }
        }
        source.deserialize_identifier(Fold)
    }
}

/// Reads a record from an object and from nothing else.
pub(super) struct Whole<R>(PhantomData<R>);

impl<R> Whole<R> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, R: Record> Visitor<'de> for Whole<R> {
    type Value = R;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<R, A::Error> {
        let mut record = R::default();
        while let Some(Name(name)) = map.next_key()? {
            record.member(&name, &mut map)?;
        }
        Ok(record)
    }
}

/// A text, a number, or nothing of use (lists and objects are read over).
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Text(String),
    Number(f64),
    Nothing,
}

impl Scalar {
    /// The text; a number is written out.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string()),
            Self::Nothing => None,
        }
    }

    /// Minutes: a number, or a text such as `45`, `45 min`, `1.5 hours` or `1h 30m`.
    pub(super) fn minutes(self) -> Option<f64> {
        match self {
            Self::Text(text) => minutes_in(&text),
            Self::Number(number) => Some(number),
            Self::Nothing => None,
        }
    }
}

fn minutes_in(text: &str) -> Option<f64> {
    let (first, rest) = leading_number(text)?;
    let rest = rest.trim_start();
    if !rest.starts_with(['h', 'H']) {
        return Some(first);
    }
    let rest = rest.trim_start_matches(|c: char| c.is_alphabetic());
    Some(first.mul_add(60.0, leading_number(rest).map_or(0.0, |(more, _)| more)))
}

/// The number that `text` begins with, and what follows it.
fn leading_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let end = text
        .char_indices()
        .find(|&(at, c)| !(c.is_ascii_digit() || c == '.' || (at == 0 && c == '-')))
        .map_or(text.len(), |(at, _)| at);
    let (number, rest) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, rest))
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "minutes beyond 2^53 are clamped anyway")]
    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "minutes beyond 2^53 are clamped anyway")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
        IgnoredAny::deserialize(MapAccessDeserializer::new(map)).map(|_| Scalar::Nothing)
    }
}

/// Any number of records: a list (lists inside are flattened), a single object or text, or anything else for none.
pub(super) struct Many<R>(pub(super) Vec<R>);

impl<'de, R: Record> Deserialize<'de> for Many<R> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(ManyVisitor(PhantomData)).map(Self)
    }
}

struct ManyVisitor<R>(PhantomData<R>);

impl<'de, R: Record> Visitor<'de> for ManyVisitor<R> {
    type Value = Vec<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<R>, A::Error> {
        let mut all = Vec::new();
        while let Some(Many(some)) = seq.next_element()? {
            all.extend(some);
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<R>, A::Error> {
        Whole::new().visit_map(map).map(|record| vec![record])
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<R>, E> {
        Ok(R::from_text(text).into_iter().collect())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Vec<R>, E> {
        Ok(Vec::new())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Vec<R>, E> {
        Ok(Vec::new())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Vec<R>, E> {
        Ok(Vec::new())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Vec<R>, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<R>, E> {
        Ok(Vec::new())
    }
}
