//! Query parameters: each known one at most once, unknown ones refused by name.

use crate::error::ApiError;
use std::fmt::Display;
use waymark_domain::validation::FieldErrors;

/// The parameters of a request that are not read yet, and the offences so far.
#[derive(Debug)]
pub struct Query {
    left: Vec<(String, String)>,
    /// The offences so far.
    pub errors: FieldErrors,
}

impl Query {
    /// Reads a query string, the part of the address after `?`.
    pub fn of(query: &str) -> Self {
        let mut left: Vec<(String, String)> = Vec::new();
        let mut errors = FieldErrors::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if left.iter().any(|(known, _)| *known == name) {
                errors.push(name, "is given twice");
            } else {
                left.push((name.into_owned(), value.into_owned()));
            }
        }
        Self { left, errors }
    }

    /// Reads a parameter that may be missing.
    pub fn take<T, E: Display>(&mut self, name: &str, rule: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let at = self.left.iter().position(|(known, _)| known == name)?;
        let (_, value) = self.left.swap_remove(at);
        self.errors.take(name, rule(&value))
    }

    /// Ends the reading; nothing may be left.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` with every offending parameter.
    pub fn finish(mut self) -> Result<(), ApiError> {
        self.refuse_unknown();
        if self.errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(self.errors)) }
    }

    /// Notes the parameters that nobody asked for.
    pub fn refuse_unknown(&mut self) {
        for (name, _) in std::mem::take(&mut self.left) {
            self.errors.push(name, "is not a known parameter");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_double_and_bad_parameters_are_named_at_once() {
        let mut query = Query::of("limit=x&limit=2&colour=red&status=ready");
        assert_eq!(query.take("status", |text| Ok::<_, String>(text.to_owned())), Some("ready".to_owned()));
        assert_eq!(query.take("limit", |text| text.parse::<u32>().map_err(|_| "must be a number")), None);
        query.refuse_unknown();
        let fields: Vec<&str> = query.errors.0.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["limit", "limit", "colour"]);
    }
}
