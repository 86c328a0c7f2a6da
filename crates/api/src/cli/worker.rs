//! `waymark worker`: generates what other processes accept.

use super::signals::Signals;
use super::{Outcome, output, session};
use crate::settings::Settings;

/// Works until a signal comes.
pub async fn run(settings: Settings) -> Outcome {
    let mut signals = Signals::listen()?;
    let session = tokio::select! {
        started = session::services(&settings, settings.workers) => started?,
        () = signals.next() => return Ok(()),
    };
    session::report(&settings, &session.running);
    output::say(&format!("The worker takes up to {} generations at once.", settings.workers));
    signals.next().await;
    tracing::info!("stopping");
    session.stop(&mut signals, async |services| services.stop().await).await;
    Ok(())
}
