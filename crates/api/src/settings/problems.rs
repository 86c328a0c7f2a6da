//! What is wrong with the settings: all of it, in words for the person who starts the program.

use std::fmt::{self, Display, Formatter};

/// One setting that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// Its name.
    pub name: String,
    /// What is wrong. Never holds a secret's value.
    pub message: String,
}

impl SettingProblem {
    /// A name that no setting has.
    pub fn unknown(name: String) -> Self {
        Self { name, message: "is not a setting; `waymark doctor` lists them".to_owned() }
    }
}

/// Everything that is wrong, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(Vec<SettingProblem>);

impl SettingsError {
    /// Collects problems.
    pub fn new(mut problems: Vec<SettingProblem>) -> Self {
        problems.sort_by(|a, b| a.name.cmp(&b.name));
        Self(problems)
    }

    /// The problems, by name.
    pub fn problems(&self) -> &[SettingProblem] {
        &self.0
    }
}

impl Display for SettingsError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are wrong:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {}: {}", problem.name, problem.message))
    }
}

impl std::error::Error for SettingsError {}
