//! `waymark token`: a session token signed with this installation's own key.

use super::{Outcome, output, session};
use crate::compose;
use crate::settings::Settings;
use waymark_services::accounts::local_issuer::DEFAULT_TTL;

/// Whose token.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The person's key; the first token of a new one makes an account.
    #[arg(long, value_parser = subject)]
    sub: String,
    /// The person's e-mail address.
    #[arg(long, value_parser = email)]
    email: String,
    /// The person's name.
    #[arg(long, value_parser = name)]
    name: Option<String>,
}

// A token lives for hours and its account for good, so what no account could hold is refused before anything is signed.

/// A key that a person can have: identity providers' are far shorter than 255 characters.
fn subject(text: &str) -> Result<String, &'static str> {
    let fits = !text.trim().is_empty() && text.chars().count() <= 255 && !text.contains(char::is_control);
    fits.then(|| text.to_owned()).ok_or("a person's key has 1 to 255 characters and is not blank")
}

/// An address with something on both sides of its last `@`; only its owner can tell whether it exists.
fn email(text: &str) -> Result<String, &'static str> {
    let parts = text.rsplit_once('@').is_some_and(|(person, host)| !person.is_empty() && !host.is_empty());
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    let fits = parts && plain && text.chars().count() <= 320;
    fits.then(|| text.to_owned()).ok_or("an e-mail address is written somebody@example.com, in at most 320 characters")
}

/// A name as long as an account's may be.
fn name(text: &str) -> Result<String, &'static str> {
    let fits = text.chars().count() <= 200 && !text.contains(char::is_control);
    fits.then(|| text.to_owned()).ok_or("a name has at most 200 characters")
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

#[cfg(test)]
mod tests {
    use crate::cli::Cli;
    use clap::Parser;

    fn refusal(sub: &str, email: &str) -> Option<String> {
        let args = ["waymark", "token", "--sub", sub, "--email", email];
        Cli::try_parse_from(args).err().map(|error| error.to_string())
    }

    #[test]
    fn a_key_that_nobody_can_have_is_refused() {
        for wrong in ["", "  ", "a\nb", &"x".repeat(256)] {
            let text = refusal(wrong, "a@example.com").unwrap();
            assert!(text.contains("--sub") && text.contains("1 to 255 characters"), "{text}");
        }
        assert_eq!(refusal(&"é".repeat(255), "a@example.com"), None);
    }

    #[test]
    fn an_email_that_is_no_address_is_refused() {
        for wrong in ["", "nonsense", "@example.com", "a@", "a b@example.com", &format!("{}@x", "a".repeat(319))] {
            let text = refusal("user_1", wrong).unwrap();
            assert!(text.contains("--email") && text.contains("somebody@example.com"), "{text}");
        }
        assert_eq!(refusal("user_1", "Ada.Lovelace+rust@example.com"), None);
    }
}
