//! Accounts and what the identity provider tells of them: its events, the address that is asked for, and erasure.

mod asking;
mod erased;
mod erasure;
mod events;
mod exchange;
mod first_token;
mod identity;
mod own_jobs;
mod signatures;
mod working;

use serde_json::{Value, json};
use waymark_testkit::app::{App, Options};
use waymark_testkit::clerk_server::{ClerkEvent, ClerkServer};

/// The subject of [`App::owner`].
const OWNER: &str = "user_owner";

/// The body of the second process that other tests start and kill.
#[tokio::test]
#[ignore = "the body of a process that other tests start"]
async fn second_process() {
    waymark_testkit::process::body().await;
}

/// The full path of [`second_process`].
const SECOND_PROCESS: &str = "accounts::second_process";

/// An application that hears from the identity provider.
struct Stage {
    clerk: ClerkServer,
    app: App,
}

impl Stage {
    async fn new() -> Self {
        Self::with(|options| options).await
    }

    async fn with(change: impl FnOnce(Options) -> Options) -> Self {
        let clerk = ClerkServer::start().await;
        let app = App::with(|options| change(options.clerk(&clerk, false))).await;
        Self { clerk, app }
    }

    /// An event about a person of this address, true since `at` by the identity provider's clock.
    fn event(&self, kind: &str, subject: &str, email: Option<&str>, at: i64) -> ClerkEvent {
        self.clerk.event(kind, &self.person(subject, email, at))
    }

    /// A person of this address, true since `at`.
    fn person(&self, subject: &str, email: Option<&str>, at: i64) -> Value {
        let mut person = self.clerk.user(subject, email);
        person["updated_at"] = json!(1_780_000_000_000 + at);
        person
    }

    fn deletion(&self, subject: &str) -> ClerkEvent {
        self.clerk.event("user.deleted", &self.clerk.delete_user(subject))
    }

    /// Delivers an event, which is taken in.
    async fn tell(&self, event: &ClerkEvent) {
        assert_eq!(self.clerk.deliver(self.app.base(), event).await, 200, "{}", event.payload);
    }

    async fn count(&self, what: &str) -> i64 {
        self.app.db().number(&format!("select count(*) from {what}")).await
    }

    /// A person's address and name, if there is an account of theirs.
    async fn identity(&self, subject: &str) -> Option<(Option<String>, Option<String>)> {
        let sql = format!("select email, name from users where clerk_user_id = '{subject}'");
        let rows = self.app.db().rows(&sql).await;
        rows.first().map(|row| (row.try_get("", "email").unwrap(), row.try_get("", "name").unwrap()))
    }

    async fn email(&self, subject: &str) -> Option<String> {
        self.identity(subject).await.unwrap_or_else(|| panic!("{subject} has an account")).0
    }
}
