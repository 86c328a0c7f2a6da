//! What goes wrong with the next requests, as the test said.

use super::hold::{Held, Hold};
use super::{Request, lock};
use std::sync::{Arc, Mutex};

/// Failures to come. A place is the beginning of a path, such as `/v1/customers`, or of a method and a path, such as
/// `GET /v1/customers`.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Lists>);

#[derive(Debug, Default)]
struct Lists {
    failures: Vec<Failure>,
    drops: Vec<Drops>,
    holds: Vec<(String, Arc<Held>)>,
}

#[derive(Debug)]
struct Failure {
    place: String,
    left: usize,
    status: u16,
}

#[derive(Debug)]
struct Drops {
    place: String,
    left: usize,
}

impl Faults {
    pub(crate) fn fail(&self, place: &str, count: usize, status: u16) {
        lock(&self.0).failures.push(Failure { place: place.to_owned(), left: count, status });
    }

    pub(crate) fn drop_answers(&self, place: &str, count: usize) {
        lock(&self.0).drops.push(Drops { place: place.to_owned(), left: count });
    }

    pub(crate) fn hold(&self, place: &str) -> Hold {
        let (hold, request) = Hold::new();
        lock(&self.0).holds.push((place.to_owned(), request));
        hold
    }

    /// The status that this request fails with, if it does and the status is one of those asked for.
    pub(crate) fn take_failure(&self, place: &Place, wanted: impl Fn(u16) -> bool) -> Option<u16> {
        let mut lists = lock(&self.0);
        let mut failures = lists.failures.iter_mut();
        let failure = failures.find(|known| known.left > 0 && place.is(&known.place) && wanted(known.status))?;
        failure.left -= 1;
        Some(failure.status)
    }

    /// Whether this request gets no answer.
    pub(crate) fn take_drop(&self, place: &Place) -> bool {
        let mut lists = lock(&self.0);
        let drops = lists.drops.iter_mut().find(|known| known.left > 0 && place.is(&known.place));
        drops.map(|drops| drops.left -= 1).is_some()
    }

    /// What holds this request's answer back.
    pub(crate) fn take_hold(&self, place: &Place) -> Option<Arc<Held>> {
        let mut lists = lock(&self.0);
        let at = lists.holds.iter().position(|(known, _)| place.is(known))?;
        Some(lists.holds.remove(at).1)
    }
}

/// Where a request goes.
pub(crate) struct Place {
    path: String,
    with_method: String,
}

impl Place {
    pub(crate) fn of(request: &Request) -> Self {
        Self { path: request.path.clone(), with_method: format!("{} {}", request.method, request.path) }
    }

    fn is(&self, start: &str) -> bool {
        self.path.starts_with(start) || self.with_method.starts_with(start)
    }
}
