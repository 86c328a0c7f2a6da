//! The two learners of every tenancy test, and the ids of what is theirs. Ids follow from names, so that a test can
//! write down a row's id without having read it.

use uuid::Uuid;

/// A learner with data of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// Whose rows are looked at.
    Owner,
    /// Another learner, who attacks.
    Stranger,
}

pub const EVERYBODY: [Person; 2] = [Person::Owner, Person::Stranger];

impl Person {
    /// The identity provider's key.
    pub fn subject(self) -> &'static str {
        match self {
            Self::Owner => "user_owner",
            Self::Stranger => "user_stranger",
        }
    }

    /// Our key.
    pub fn user_id(self) -> Uuid {
        id("users", self, 1)
    }

    /// What the door puts into `request.jwt.claims`.
    pub fn claims(self) -> String {
        format!(r#"{{"sub":"{}","uid":"{}"}}"#, self.subject(), self.user_id())
    }
}

/// Id of a person's `number`-th row in a table.
pub fn id(table: &str, person: Person, number: u32) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{table}/{person:?}/{number}").as_bytes())
}
