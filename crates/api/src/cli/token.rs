//! `waymark token`: a session token signed with this installation's own key.

use super::{Outcome, output, session};
use crate::compose;
use crate::settings::Settings;
use waymark_services::accounts::local_issuer::DEFAULT_TTL;

/// Whose token.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The person's key; the first token of a new one makes an account.
    #[arg(long)]
    sub: String,
    /// The person's e-mail address.
    #[arg(long)]
    email: String,
    /// The person's name.
    #[arg(long)]
    name: Option<String>,
}

/// Prints the token alone, so that a shell can take it.
pub async fn run(args: Args, settings: Settings) -> Outcome {
    if !settings.is_local() {
        return Err("CLERK_ISSUER is set, so a server believes its tokens only; unset it to use the local key".into());
    }
    let issuer = compose::local_issuer(&settings).await?;
    let now = session::clock().now();
    output::say(&issuer.sign(&args.sub, Some(&args.email), args.name.as_deref(), DEFAULT_TTL, now));
    Ok(())
}
