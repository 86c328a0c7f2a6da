//! A request's parameters, form-encoded in its body or in its query, checked as strictly as Stripe does.

use super::refusal::Refusal;
use crate::plain_http::Request;
use std::collections::BTreeMap;
use url::{Url, form_urlencoded};

/// Content type of every body.
const FORM: &str = "application/x-www-form-urlencoded";

/// Parameters by their names, such as `line_items[0][price]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Params(pub(super) BTreeMap<String, String>);

impl Params {
    /// What can be read of them, for the journal too.
    pub(super) fn read(request: &Request) -> Self {
        Self(pairs(request).collect())
    }

    /// Checks the request's form.
    pub(super) fn check_form(request: &Request) -> Result<(), Refusal> {
        let kind = request.header("content-type").unwrap_or_default();
        if !request.body.is_empty() && kind.split(';').next() != Some(FORM) {
            return Err(Refusal::invalid(format!("Invalid request: the content type is {kind:?}, not {FORM}.")));
        }
        let mut seen = BTreeMap::new();
        for (name, value) in pairs(request) {
            if seen.insert(name.clone(), value).is_some() {
                return Err(Refusal::invalid(format!("Invalid request: {name} is there twice.")));
            }
        }
        Ok(())
    }

    /// Refuses names that are not in the list; one that ends in `[*]` allows any single member.
    pub(super) fn only(&self, allowed: &[&str]) -> Result<(), Refusal> {
        for name in self.0.keys() {
            let known = allowed.iter().any(|allowed| match allowed.strip_suffix("[*]") {
                Some(group) => member(name, group).is_some(),
                None => name == allowed,
            });
            if !known {
                return Err(Refusal::parameter(
                    "parameter_unknown",
                    name,
                    format!("Received unknown parameter: {name}"),
                ));
            }
        }
        Ok(())
    }

    /// A parameter; an empty one counts as absent, as for Stripe.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        if let Some(value) = self.get(name) {
            return Ok(value);
        }
        if self.0.contains_key(name) {
            let message = format!("You passed an empty string for '{name}'.");
            return Err(Refusal::parameter("parameter_invalid_empty", name, message));
        }
        Err(Refusal::parameter("parameter_missing", name, format!("Missing required param: {name}.")))
    }

    /// A whole number of this range.
    pub(super) fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let message = || format!("Invalid integer for {name}: {text}");
        number.map(Some).ok_or_else(|| Refusal::parameter("parameter_invalid_integer", name, message()))
    }

    /// An absolute web address.
    pub(super) fn address(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let absolute = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if absolute { Ok(Some(text)) } else { Err(Refusal::parameter("url_invalid", name, "Not a valid URL")) }
    }

    /// The members of a group such as `metadata`.
    pub(super) fn group(&self, group: &str) -> BTreeMap<String, String> {
        let members = self.0.iter().filter_map(|(name, value)| Some((member(name, group)?, value)));
        members.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }
}

/// The `user_id` of `metadata[user_id]`.
fn member<'a>(name: &'a str, group: &str) -> Option<&'a str> {
    let inner = name.strip_prefix(group)?.strip_prefix('[')?.strip_suffix(']')?;
    (!inner.is_empty() && !inner.contains(['[', ']'])).then_some(inner)
}

fn pairs(request: &Request) -> impl Iterator<Item = (String, String)> {
    let (query, body) = (form_urlencoded::parse(request.query.as_bytes()), form_urlencoded::parse(&request.body));
    query.chain(body).map(|(name, value)| (name.into_owned(), value.into_owned()))
}
