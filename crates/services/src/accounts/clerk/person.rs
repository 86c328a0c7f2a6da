//! A person as the identity provider describes them, in events and answers alike; only what is kept here is read.

use crate::accounts::{email, name};
use serde::Deserialize;
use serde_json::Value as Json;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The identity provider's key.
    pub subject: String,
    /// The primary address, when there is one that is not said to be unverified.
    pub email: Option<String>,
    /// First and last name, else the user name.
    pub name: Option<String>,
    /// Milliseconds; when this was true.
    pub updated_at: Option<i64>,
}

#[derive(Deserialize)]
struct Wire {
    id: String,
    #[serde(default)]
    primary_email_address_id: Option<String>,
    #[serde(default)]
    email_addresses: Option<Vec<WireEmail>>,
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    updated_at: Option<i64>,
}

#[derive(Deserialize)]
struct WireEmail {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    email_address: Option<String>,
    #[serde(default)]
    verification: Option<WireVerification>,
}

#[derive(Deserialize)]
struct WireVerification {
    #[serde(default)]
    status: Option<String>,
}

impl WireEmail {
    /// An address that somebody merely typed in may be anybody's.
    fn is_verified(&self) -> bool {
        let status = self.verification.as_ref().and_then(|verification| verification.status.as_deref());
        status.is_none_or(|status| status == "verified")
    }
}

impl Person {
    /// The person in a user object; none when it is no user object.
    pub(crate) fn parse(user: Json) -> Option<Self> {
        let wire: Wire = serde_json::from_value(user).ok().filter(|wire: &Wire| is_subject(&wire.id))?;
        let primary = wire.primary_email_address_id.as_deref().and_then(|primary| {
            wire.email_addresses.as_deref().unwrap_or_default().iter().find(|it| it.id.as_deref() == Some(primary))
        });
        let email = primary.filter(|it| it.is_verified()).and_then(|it| email(it.email_address.as_deref()?));
        let names: Vec<&str> = [wire.first_name.as_deref(), wire.last_name.as_deref()].into_iter().flatten().collect();
        let name = name(&names.join(" ")).or_else(|| name(wire.username.as_deref()?));
        Some(Self { email: email.map(str::to_lowercase), name, updated_at: wire.updated_at, subject: wire.id })
    }
}

/// Whether a text can be the key of a person.
pub(super) fn is_subject(text: &str) -> bool {
    (1..=255).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn person(mut user: Json) -> Person {
        user["id"] = json!("user_1");
        Person::parse(user).unwrap()
    }

    #[test]
    fn the_primary_address_is_looked_up_in_the_list() {
        let two = json!([
            {"id": "idn_1", "email_address": "old@example.com", "verification": {"status": "verified"}},
            {"id": "idn_2", "email_address": "Ada@Example.com", "verification": {"status": "verified", "strategy": "x"}},
        ]);
        let found = |primary: Json| person(json!({"email_addresses": two, "primary_email_address_id": primary})).email;
        assert_eq!(found(json!("idn_2")).as_deref(), Some("ada@example.com"));
        assert_eq!(found(json!("idn_1")).as_deref(), Some("old@example.com"));
        assert_eq!(found(json!("idn_3")), None);
        assert_eq!(found(Json::Null), None, "who signs in by telephone has none");
        assert_eq!(person(json!({"email_addresses": null})).email, None);
    }

    #[test]
    fn an_address_that_is_not_verified_or_is_none_is_left_out() {
        let with = |address: &str, verification: Json| {
            let list = json!([{"id": "i", "email_address": address, "verification": verification}]);
            person(json!({"email_addresses": list, "primary_email_address_id": "i"})).email
        };
        assert_eq!(with("a@example.com", json!({"status": "unverified"})), None);
        assert_eq!(with("a@example.com", Json::Null).as_deref(), Some("a@example.com"));
        assert_eq!(with("nonsense", json!({"status": "verified"})), None);
    }

    #[test]
    fn names_come_from_what_is_there() {
        let named = |user: Json| person(user).name;
        assert_eq!(named(json!({"first_name": "Ada", "last_name": "Lovelace"})).as_deref(), Some("Ada Lovelace"));
        assert_eq!(named(json!({"first_name": null, "last_name": "Lovelace"})).as_deref(), Some("Lovelace"));
        assert_eq!(named(json!({"username": "ada"})).as_deref(), Some("ada"));
        assert_eq!(named(json!({"first_name": " "})), None);
    }

    #[test]
    fn what_is_no_user_is_none() {
        for user in [json!({}), json!({"id": ""}), json!({"id": 7}), json!([]), json!(null), json!({"id": "a\0"})] {
            assert_eq!(Person::parse(user.clone()), None, "{user}");
        }
    }
}
