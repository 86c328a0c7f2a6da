//! `waymark doctor`: the settings in force, and whether what they lead to works.

use super::{Outcome, output, session};
use crate::settings::{Settings, TABLE};
use comfy_table::{ContentArrangement, Table, presets};
use waymark_localpg::Binaries;

/// Shows and checks; fails when something is wrong.
pub async fn run(settings: Settings) -> Outcome {
    output::say(&table(&settings).to_string());
    output::say("");
    let mut problems = 0;
    let mut tell = |result: Result<String, String>| match result {
        Ok(fine) => output::say(&format!("ok       {fine}")),
        Err(wrong) => {
            problems += 1;
            output::say(&format!("PROBLEM  {wrong}"));
        }
    };
    tell(address(&settings));
    tell(Ok(settings.ai.sentence()));
    tell(binaries(&settings));
    for result in database(&settings).await {
        tell(result);
    }
    for (feature, lacks) in settings.features_off() {
        output::say(&format!("off      {} ({} not set)", feature.name, lacks.join(", ")));
    }
    if problems == 0 { Ok(()) } else { Err(format!("{problems} found").into()) }
}

fn table(settings: &Settings) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for setting in TABLE {
        let value = match settings.value(setting.name) {
            Some(_) if setting.secret => "(set, hidden)",
            Some(value) => value,
            None if setting.default.is_empty() => "(not set)",
            None => setting.default,
        };
        table.add_row([setting.name, value, setting.meaning]);
    }
    table
}

fn address(settings: &Settings) -> Result<String, String> {
    let addr = settings.http_addr;
    if settings.is_local() && !addr.ip().is_loopback() {
        return Err(format!("{addr} is not loopback, and without CLERK_ISSUER only loopback may be served"));
    }
    let who = if settings.is_local() { "tokens of the local key" } else { "the identity provider's tokens" };
    Ok(format!("`serve` listens on {addr} and believes {who}"))
}

fn binaries(settings: &Settings) -> Result<String, String> {
    match Binaries::find() {
        Ok(found) => Ok(format!("PostgreSQL {} in {}", found.version(), found.bindir().display())),
        Err(_) if settings.database_url.is_some() => {
            Ok("no PostgreSQL on this machine; DATABASE_URL is set".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Opens the database as a server would: schema, roles, the logins' powers.
async fn database(settings: &Settings) -> Vec<Result<String, String>> {
    if settings.database_url.is_none() && !settings.data_dir.join("pg.password").exists() {
        return vec![Ok(format!(
            "no private database yet; `serve` or `demo` makes it in {}",
            settings.data_dir.display()
        ))];
    }
    let session = match session::services(settings, 0).await {
        Ok(session) => session,
        Err(error) => return vec![Err(with_causes(error.as_ref()))],
    };
    let mut results =
        vec![Ok("the schema is current, row level security is forced, the logins have no more powers than they need"
            .to_owned())];
    if let Err(error) = session.running.ready().await {
        results.push(Err(with_causes(&error)));
    }
    results.extend(session.running.warnings().iter().cloned().map(Err));
    if let Ok(mut signals) = super::signals::Signals::listen() {
        session.stop(&mut signals, async |services| services.stop().await).await;
    }
    results
}

fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    crate::error::with_causes(error)
}
