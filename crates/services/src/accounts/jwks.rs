//! The issuer's published keys, fetched once for many requests. Called by the token verifier; made once at start.
//!
//! A stranger chooses the key id in a token, so nothing that a token says may cause more than one fetch in ten seconds,
//! and no key id is remembered. An issuer that is down costs nobody a session whose key is already known.

mod fetch;
#[cfg(test)]
mod tests;

use super::tokens::TokenError;
use super::tokens::key_set::KeySet;
use crate::clock::SharedClock;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use url::{Host, Url};

/// Keys older than this are fetched again behind the requests' backs. The interval of Clerk's own libraries.
const REFRESH_AFTER: TimeDelta = TimeDelta::minutes(5);
/// Keys older than this (the server was idle) make a request wait for the fetch, so that a withdrawn key is not believed
/// for as long as nobody asks. If the fetch fails they are used all the same.
const WAIT_AFTER: TimeDelta = TimeDelta::hours(1);
/// The least time between two fetches while there are keys, whatever key ids tokens name.
const FETCH_INTERVAL: TimeDelta = TimeDelta::seconds(10);
/// The least time between two fetches while there are none.
const FIRST_FETCH_INTERVAL: TimeDelta = TimeDelta::seconds(1);
/// For a whole fetch, connecting included.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// A setting that cannot be an address of keys.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JwksAddressError {
    /// Not an absolute address.
    #[error("{0:?} is not an absolute URL")]
    NotAUrl(String),
    /// Keys that travel in the open can be swapped on the way.
    #[error("{0:?} must use https (plain http is for loopback only)")]
    NotEncrypted(String),
}

/// Where an issuer's keys are: `explicit` if given, else `{issuer}/.well-known/jwks.json`.
pub fn jwks_address(issuer: &str, explicit: Option<&str>) -> Result<Url, JwksAddressError> {
    let address = match explicit {
        Some(address) => address.to_owned(),
        None => format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')),
    };
    let Ok(url) = Url::parse(&address) else { return Err(JwksAddressError::NotAUrl(address)) };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(JwksAddressError::NotEncrypted(address)),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A shared cache of published keys; clones share everything.
#[derive(Clone)]
pub struct JwksCache {
    shared: Arc<Shared>,
}

struct Shared {
    url: Url,
    http: reqwest::Client,
    clock: SharedClock,
    timeout: Duration,
    tasks: TaskTracker,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The last good answer and when it came.
    keys: Option<(Arc<KeySet>, DateTime<Utc>)>,
    /// When the last fetch ended, well or badly.
    tried_at: Option<DateTime<Utc>>,
    flight: Flight,
}

/// A fetch under way: its task holds the sender, and drops it when `State` is up to date. If the task dies the sender
/// goes with it, so nobody waits for ever.
#[derive(Clone, Default)]
struct Flight(Option<watch::Receiver<()>>);

impl Flight {
    fn is_running(&self) -> bool {
        self.0.as_ref().is_some_and(|end| end.has_changed().is_ok())
    }

    async fn landed(self) {
        if let Some(mut end) = self.0 {
            while end.changed().await.is_ok() {}
        }
    }
}

/// What a request for a key comes to.
enum Lookup {
    Found(Arc<DecodingKey>),
    Refused(TokenError),
    Wait(Flight),
}

impl JwksCache {
    /// A cache that is empty until the first request. `clock` tells the ages; `http` must not follow redirects.
    pub fn new(url: Url, http: reqwest::Client, clock: SharedClock) -> Self {
        Self::with_timeout(url, http, clock, FETCH_TIMEOUT)
    }

    fn with_timeout(url: Url, http: reqwest::Client, clock: SharedClock, timeout: Duration) -> Self {
        let (tasks, state) = (TaskTracker::new(), Mutex::default());
        Self { shared: Arc::new(Shared { url, http, clock, timeout, tasks, state }) }
    }

    /// The key with this id; without an id, the only key there is.
    ///
    /// # Errors
    /// `UnknownKey`, and `KeysUnavailable` while no fetch has ever succeeded.
    pub async fn key(&self, wanted: Option<&str>) -> Result<Arc<DecodingKey>, TokenError> {
        match self.look_up(wanted) {
            Lookup::Found(key) => Ok(key),
            Lookup::Refused(error) => Err(error),
            Lookup::Wait(flight) => {
                flight.landed().await;
                self.shared.with_state(|state| state.find(wanted))
            }
        }
    }

    fn look_up(&self, wanted: Option<&str>) -> Lookup {
        let now = self.shared.clock.now();
        self.shared.with_state(|state| {
            let found = state.find(wanted);
            let fetched_at = state.keys.as_ref().map(|(_, fetched_at)| *fetched_at);
            let older_than = |age| fetched_at.is_none_or(|since| has_passed(age, since, now));
            if found.is_err() || older_than(REFRESH_AFTER) {
                self.start_fetch_if_due(state, now);
            }
            let wait = found.is_err() || older_than(WAIT_AFTER);
            match found {
                _ if wait && state.flight.is_running() => Lookup::Wait(state.flight.clone()),
                Ok(key) => Lookup::Found(key),
                Err(error) => Lookup::Refused(error),
            }
        })
    }

    /// One fetch at a time, and none too soon after the last.
    fn start_fetch_if_due(&self, state: &mut State, now: DateTime<Utc>) {
        let interval = if state.keys.is_some() { FETCH_INTERVAL } else { FIRST_FETCH_INTERVAL };
        let due = state.tried_at.is_none_or(|tried_at| has_passed(interval, tried_at, now));
        if !due || state.flight.is_running() {
            return;
        }
        let (landing, end) = watch::channel(());
        let shared = Arc::clone(&self.shared);
        // A task of its own: a request that gives up must not take the fetch away from those who wait with it.
        self.shared.tasks.spawn(async move {
            let answer = fetch::fetch(&shared.http, &shared.url, shared.timeout).await;
            shared.apply(answer);
            drop(landing);
        });
        state.flight = Flight(Some(end));
    }
}

impl Shared {
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A good answer replaces the keys; a bad one leaves them as they are.
    fn apply(&self, answer: Result<KeySet, fetch::FetchError>) {
        let now = self.clock.now();
        self.with_state(|state| {
            state.tried_at = Some(now);
            match answer {
                Ok(keys) => {
                    tracing::debug!(keys = keys.len(), "fetched the issuer's keys");
                    state.keys = Some((Arc::new(keys), now));
                }
                Err(error) => {
                    let known_since = state.keys.as_ref().map(|(_, fetched_at)| fetched_at.to_rfc3339());
                    let error = fetch::with_causes(&error);
                    tracing::warn!(url = %self.url, error, known_since, "cannot fetch the issuer's keys");
                }
            }
        });
    }
}

impl State {
    fn find(&self, wanted: Option<&str>) -> Result<Arc<DecodingKey>, TokenError> {
        let (keys, _) = self.keys.as_ref().ok_or(TokenError::KeysUnavailable)?;
        keys.find(wanted).ok_or(TokenError::UnknownKey)
    }
}

/// Whether `span` has gone by. A clock that was set back counts as yes, or nothing would be fetched until it caught up.
fn has_passed(span: TimeDelta, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let age = now - since;
    age >= span || age < TimeDelta::zero()
}

impl std::fmt::Debug for JwksCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JwksCache").field("url", &self.shared.url.as_str()).finish_non_exhaustive()
    }
}
