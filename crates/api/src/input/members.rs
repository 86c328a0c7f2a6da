//! A JSON object read member by member. Every offence is collected, of whatever kind: missing, wrong type, against a
//! rule, or unknown; so a client learns all of them at once.

use crate::error::ApiError;
use chrono::NaiveDate;
use serde_json::{Map, Value};
use std::fmt::Display;
use std::str::FromStr;
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
