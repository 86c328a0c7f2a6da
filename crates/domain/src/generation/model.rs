//! A model's name as its provider spells it.

use serde::{Deserialize, Serialize};

/// A model's id in the catalogue, such as `vendor/model:variant`: 1 to 120 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelId(String);

/// A text that cannot be a model's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a model id has 1 to 120 printable ASCII characters without spaces")]
pub struct ModelIdError;

impl ModelId {
    /// Checks a model's id.
    ///
    /// # Errors
    /// Empty, too long, or with other than printable ASCII.
    pub fn parse(text: &str) -> Result<Self, ModelIdError> {
        let fits = (1..=120).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.to_owned())).ok_or(ModelIdError)
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ModelId {
    type Error = ModelIdError;

    fn try_from(text: String) -> Result<Self, ModelIdError> {
        Self::parse(&text)
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.0
    }
}

impl std::fmt::Display for ModelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
