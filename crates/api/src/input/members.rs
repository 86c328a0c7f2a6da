//! A JSON object read member by member. Every offence is collected, of whatever kind: missing, wrong type, against a
//! rule, or unknown; so a client learns all of them at once.

use super::uuid;
use crate::error::ApiError;
use chrono::NaiveDate;
use serde_json::{Map, Value};
use std::fmt::Display;
use std::str::FromStr;
use uuid::Uuid;
use waymark_domain::plans::Order;
use waymark_domain::validation::FieldErrors;

/// The members of an object that are not read yet, and the offences so far.
#[derive(Debug)]
pub struct Members {
    left: Map<String, Value>,
    /// The offences so far.
    pub errors: FieldErrors,
}

impl Members {
    /// Starts reading an object.
    pub fn new(members: Map<String, Value>) -> Self {
        Self { left: members, errors: FieldErrors::default() }
    }

    /// Reads a member that must be there.
    pub fn required<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, String>) -> Option<T> {
        match self.left.remove(name) {
            None | Some(Value::Null) => {
                self.errors.push(name, "is required");
                None
            }
            Some(value) => self.errors.take(name, read(&value)),
        }
    }

    /// Reads a member that may be missing or null.
    pub fn optional<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, String>) -> Option<T> {
        match self.left.remove(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.errors.take(name, read(&value)),
        }
    }

    /// Reads a member for which null has a meaning of its own: missing is `None`, null is `Some(None)`.
    pub fn nullable<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, String>) -> Option<Option<T>> {
        match self.left.remove(name)? {
            Value::Null => Some(None),
            value => self.errors.take(name, read(&value)).map(Some),
        }
    }

    /// Reads a list of objects, each with `read`; an offence in one is noted as `name[index].member`.
    pub fn each<T>(
        &mut self,
        name: &str,
        (least, most): (usize, usize),
        mut read: impl FnMut(&mut Members) -> Option<T>,
    ) -> Option<Vec<T>> {
        let rule = || format!("must be a list of {least} to {most} objects");
        if least == 0 && !self.is_given(name) {
            return Some(Vec::new());
        }
        let items = self.required(name, |value| match value {
            Value::Array(items) if (least..=most).contains(&items.len()) => Ok(items.clone()),
            Value::Array(items) => Err(format!("{}, has {}", rule(), items.len())),
            other => Err(format!("{}, is {}", rule(), kind(other))),
        })?;
        let mut all = Some(Vec::with_capacity(items.len()));
        for (index, item) in items.into_iter().enumerate() {
            let one = self.inner(&format!("{name}[{index}]"), item, &mut read);
            all = all.zip(one).map(|(mut all, one)| {
                all.push(one);
                all
            });
        }
        all
    }

    /// Reads a list of at most `most` values, which may be missing; an offence in one is noted as `name[index]`.
    pub fn list<T>(&mut self, name: &str, most: usize, read: impl Fn(&Value) -> Result<T, String>) -> Option<Vec<T>> {
        if !self.is_given(name) {
            return Some(Vec::new());
        }
        let items = self.required(name, |value| match value {
            Value::Array(items) if items.len() <= most => Ok(items.clone()),
            Value::Array(items) => Err(format!("must have at most {most} values, has {}", items.len())),
            other => Err(format!("must be a list, is {}", kind(other))),
        })?;
        let read =
            items.iter().enumerate().map(|(index, item)| self.errors.take(&format!("{name}[{index}]"), read(item)));
        // All of them are looked at before one that is missing counts.
        let read: Vec<_> = read.collect();
        read.into_iter().collect()
    }

    /// As [`Members::object`], for an object for which null has a meaning of its own.
    pub fn nullable_object<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Members) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.left.remove(name)? {
            Value::Null => Some(None),
            value => self.inner(name, value, read).map(Some),
        }
    }

    fn is_given(&self, name: &str) -> bool {
        self.left.get(name).is_some_and(|value| !value.is_null())
    }

    /// Reads a member that is an object, if it is there; an offence in it is noted as `name.member`.
    pub fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Members) -> Option<T>) -> Option<T> {
        let value = self.optional(name, |value| Ok(value.clone()))?;
        self.inner(name, value, read)
    }

    fn inner<T>(&mut self, name: &str, value: Value, read: impl FnOnce(&mut Members) -> Option<T>) -> Option<T> {
        let Value::Object(members) = value else {
            self.errors.push(name, format!("must be an object, is {}", kind(&value)));
            return None;
        };
        let mut inner = Members::new(members);
        let read = read(&mut inner);
        inner.refuse_unknown();
        for error in inner.errors.0 {
            self.errors.push(format!("{name}.{}", error.field), error.message);
        }
        read
    }

    /// Notes that nothing is to be changed, unless a member is there that is.
    pub fn refuse_empty<T: Default + PartialEq>(&mut self, patch: &T) {
        if self.errors.is_empty() && *patch == T::default() {
            self.errors.push("body", "must have at least one member to change");
        }
    }

    /// Whether an offence of this member is noted.
    pub fn has_error(&self, name: &str) -> bool {
        self.errors.0.iter().any(|error| error.field == name)
    }

    /// Notes the members that nobody asked for.
    pub fn refuse_unknown(&mut self) {
        for name in std::mem::take(&mut self.left).keys() {
            self.errors.push(name, "is not a known member");
        }
    }

    /// The value that was read, or every offence.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` when anything was noted, or `value` is none.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, ApiError> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(ApiError::invalid(self.errors)),
        }
    }
}

/// A text, handed to a rule.
pub fn text<T, E: Display>(rule: impl FnOnce(&str) -> Result<T, E>) -> impl FnOnce(&Value) -> Result<T, String> {
    |value| match value {
        Value::String(text) => rule(text).map_err(|error| error.to_string()),
        other => Err(format!("must be a string, is {}", kind(other))),
    }
}

/// A whole number, handed to a rule.
pub fn whole<T, E: Display>(rule: impl FnOnce(i64) -> Result<T, E>) -> impl FnOnce(&Value) -> Result<T, String> {
    |value| match value {
        Value::Number(number) => {
            // Beyond 64 bits is beyond every rule; the rule says which numbers it takes.
            let beyond = || number.is_u64().then_some(i64::MAX);
            let number = number.as_i64().or_else(beyond).ok_or("must be a whole number")?;
            rule(number).map_err(|error| error.to_string())
        }
        other => Err(format!("must be a whole number, is {}", kind(other))),
    }
}

/// One of an enum's values.
pub fn one_of<T: FromStr>(allowed: &'static [&'static str]) -> impl FnOnce(&Value) -> Result<T, String> {
    text(move |text: &str| text.parse().map_err(|_| format!("must be one of: {}", allowed.join(", "))))
}

/// A day, written `YYYY-MM-DD`.
pub fn date(value: &Value) -> Result<NaiveDate, String> {
    text(|text: &str| {
        let day = (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
        day.ok_or("must be a date, written YYYY-MM-DD")
    })(value)
}

/// Yes or no.
pub fn flag(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("must be true or false, is {}", kind(value)))
}

/// An id in its usual form.
pub fn id<T: From<Uuid>>(value: &Value) -> Result<T, String> {
    text(|text: &str| uuid(text).map(T::from).ok_or("must be a UUID"))(value)
}

/// A place in a list, from 1; beyond every list is the end of it.
pub fn place(value: &Value) -> Result<Order, String> {
    whole(|number| {
        let number = u32::try_from(number.min(u32::MAX.into())).ok();
        number.and_then(Order::new).ok_or("must be a whole number from 1")
    })(value)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(body: &Value) -> Members {
        Members::new(body.as_object().unwrap().clone())
    }

    #[test]
    fn offences_in_a_list_say_which_element_has_them() {
        let mut body = members(&json!({ "items": [{ "n": 1 }, { "n": "x", "m": 2 }, 3] }));
        let read = body.each("items", (1, 3), |one| one.required("n", whole(Ok::<_, String>)));
        assert_eq!(read, None);
        let fields: Vec<_> = body.errors.0.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["items[1].n", "items[1].m", "items[2]"]);
        let mut body = members(&json!({ "items": [{ "n": 1 }] }));
        assert_eq!(body.each("items", (2, 3), |_| Some(())), None);
        assert_eq!(body.errors.0[0].message, "must be a list of 2 to 3 objects, has 1");
    }

    #[test]
    fn places_count_from_one_and_any_number_beyond_is_the_end() {
        assert_eq!(place(&json!(3)).unwrap().get(), 3);
        assert_eq!(place(&json!(u64::MAX)).unwrap().get(), u32::MAX);
        assert!(place(&json!(0)).is_err() && place(&json!(-1)).is_err() && place(&json!(1.5)).is_err());
    }

    #[test]
    fn a_patch_without_members_is_refused() {
        let mut body = members(&json!({}));
        body.refuse_empty(&None::<u8>);
        assert_eq!(body.errors.0[0].field, "body");
        let mut body = members(&json!({}));
        body.refuse_empty(&Some(1));
        assert!(body.errors.is_empty());
    }
}
