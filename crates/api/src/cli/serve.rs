//! `waymark serve`: HTTP for good, with the worker unless told otherwise.

use super::signals::Signals;
use super::{Outcome, output, session};
use crate::app::{Application, HttpConfig};
use crate::compose::{self, Trust};
use crate::settings::Settings;
use std::net::SocketAddr;
use waymark_services::accounts::local_issuer::DEFAULT_TTL;

/// How to serve.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leave the generating to other processes.
    #[arg(long)]
    no_worker: bool,
    /// Where to listen, instead of `WAYMARK_HTTP_ADDR`.
    #[arg(long)]
    addr: Option<SocketAddr>,
}

/// Serves until a signal comes.
pub async fn run(args: Args, settings: Settings) -> Outcome {
    let addr = args.addr.unwrap_or(settings.http_addr);
    if settings.is_local() && !addr.ip().is_loopback() {
        let reason = "without CLERK_ISSUER only the local key is trusted, so only loopback is served";
        return Err(format!("{reason}; {addr} is not loopback").into());
    }
    let mut signals = Signals::listen()?;
    let http = HttpConfig { addr, rate_limits: settings.rate_limits, ..HttpConfig::loopback() };
    let workers = if args.no_worker { 0 } else { settings.workers };
    let session = tokio::select! {
        started = session::application(&settings, http, Trust::Settings, workers) => started?,
        // Whatever was started is dropped, and the private database with it.
        () = signals.next() => return Ok(()),
    };
    session::report(&settings, session.running.services());
    greet(&settings, &session.running).await?;
    signals.next().await;
    tracing::info!("stopping");
    session.stop(&mut signals, Application::stop).await;
    Ok(())
}

/// Says where it serves and, with the local key, how to try it.
async fn greet(settings: &Settings, application: &Application) -> Outcome {
    let base = application.base_url();
    output::say(&format!("Waymark serves {base}/api (reference: {base}/api/docs/openapi.json)"));
    if settings.is_local() {
        let issuer = compose::local_issuer(settings).await?;
        let email = Some("you@example.com");
        let token = issuer.sign("local_user", email, None, DEFAULT_TTL, session::clock().now());
        output::say("\nTo try it, in another terminal (`waymark token` signs more tokens; this one lasts 12 hours):\n");
        output::say(&try_it(&base, &token));
    }
    Ok(())
}

/// Lines for a shell that create a plan and list what is there.
pub fn try_it(base: &str, token: &str) -> String {
    format!(
        "  export TOKEN={token}\n  \
         curl -N {base}/api/v1/plans/stream -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n    \
         -d '{{\"topic\": \"Rust\", \"skillLevel\": \"beginner\", \"weeklyHours\": 6, \"learningStyle\": \"mixed\"}}'\n  \
         curl {base}/api/v1/plans -H \"Authorization: Bearer $TOKEN\""
    )
}
