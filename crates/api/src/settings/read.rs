//! The one place that reads the environment and `.env`.

use super::{SettingProblem, SettingsError};
use std::collections::BTreeMap;

/// The variables of `.env` (if there is one), overlaid with the environment's.
pub fn environment() -> Result<BTreeMap<String, String>, SettingsError> {
    let mut vars = BTreeMap::new();
    match dotenvy::dotenv_iter() {
        Ok(lines) => {
            for line in lines {
                let (name, value) = line.map_err(|error| unreadable(&error))?;
                vars.insert(name, value);
            }
        }
        Err(error) if error.not_found() => {}
        Err(error) => return Err(unreadable(&error)),
    }
    // What is not Unicode cannot be one of ours.
    vars.extend(
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    );
    Ok(vars)
}

fn unreadable(error: &dotenvy::Error) -> SettingsError {
    // The library's text may quote the line, which may hold a secret.
    let message = match error {
        dotenvy::Error::LineParse(_, at) => format!("a line cannot be read (near character {at})"),
        other => other.to_string(),
    };
    SettingsError::new(vec![SettingProblem { name: ".env".to_owned(), message }])
}
