//! Logs go to standard error: text on a terminal, JSON lines otherwise, unless `LOG_FORMAT` says which.

use crate::settings::Settings;
use std::error::Error;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Sets up logging for the process, once.
///
/// # Errors
/// When it is set up already.
pub fn start(settings: &Settings, usual: &str) -> Result<(), Box<dyn Error>> {
    let filter: EnvFilter = settings.log_filter.as_deref().unwrap_or(usual).parse()?;
    let terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if settings.log_json.unwrap_or(!terminal) {
        log.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    } else {
        log.with_ansi(terminal).with_target(false).try_init()
    };
    started.map_err(|error| -> Box<dyn Error> { error })
}
