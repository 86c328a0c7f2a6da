//! Counting, and the answer when there were too many. Called by the extractor of people and by routes without one.

use super::{RateClass, RateLimits, refusal};
use crate::error::ApiError;
use actix_web::dev::ServiceRequest;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::{Semaphore, SemaphorePermit};
use waymark_domain::ids::UserId;

/// Secret addresses looked up at once: guesses take no more of the database than this, however many there are.
const LOOKUPS: usize = 2;
/// Keys whose time is over are forgotten each time this many requests were counted.
const TIDY_EVERY: u32 = 4096;

/// One class's counters.
struct Counter<K: Hash + Eq + Clone> {
    class: RateClass,
    limit: u32,
    keys: DefaultKeyedRateLimiter<K>,
    counted: AtomicU32,
}

/// Counts requests in this process.
pub struct RateLimiter {
    people: Vec<Counter<UserId>>,
    addresses: Vec<Counter<IpAddr>>,
    lookups: Semaphore,
}

impl RateLimiter {
    /// Counters for the classes that live in memory.
    pub fn new(limits: &RateLimits) -> Self {
        let (reads, mutations) = (RateClass::Reads, RateClass::Mutations);
        let addresses = [RateClass::Health, RateClass::Webhooks, RateClass::Docs, RateClass::Others];
        Self {
            people: [reads, mutations].into_iter().filter_map(|class| Counter::new(class, limits)).collect(),
            addresses: addresses.into_iter().filter_map(|class| Counter::new(class, limits)).collect(),
            lookups: Semaphore::new(LOOKUPS),
        }
    }

    /// Counts a person's request.
    ///
    /// # Errors
    /// `RATE_LIMITED`
    pub fn person(&self, class: RateClass, user: UserId) -> Result<(), ApiError> {
        self.people.iter().find(|counter| counter.class == class).map_or(Ok(()), |counter| counter.count(&user))
    }

    /// Waits for the turn to look a secret address up, which lasts until what is returned is dropped. A guess is known as one
    /// only afterwards; nobody is refused here, so that programs that share an address with who guesses are not either.
    pub async fn lookup(&self) -> Option<SemaphorePermit<'_>> {
        // Nothing closes it.
        self.lookups.acquire().await.ok()
    }

    /// Counts a request without a person by the address it came from. The connection's own address: headers that name
    /// another can be written by anybody.
    ///
    /// # Errors
    /// `RATE_LIMITED`
    pub fn address(&self, class: RateClass, req: &ServiceRequest) -> Result<(), ApiError> {
        let Some(counter) = self.addresses.iter().find(|counter| counter.class == class) else { return Ok(()) };
        req.peer_addr().map_or(Ok(()), |peer| counter.count(&network(peer.ip())))
    }
}

impl<K: Hash + Eq + Clone> Counter<K> {
    fn new(class: RateClass, limits: &RateLimits) -> Option<Self> {
        let limit = NonZeroU32::new(limits.of(class)?)?;
        let quota = Quota::with_period(class.window() / limit.get())?.allow_burst(limit);
        Some(Self {
            class,
            limit: limit.get(),
            keys: DefaultKeyedRateLimiter::keyed(quota),
            counted: AtomicU32::new(0),
        })
    }

    fn count(&self, key: &K) -> Result<(), ApiError> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.keys.retain_recent();
        }
        self.keys
            .check_key(key)
            .map_err(|until| refusal(self.class, self.limit, until.wait_time_from(DefaultClock::default().now())))
    }
}

/// An IPv6 customer has a whole /64; counting single addresses of it would count nothing.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let prefix = u128::from(ip) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use actix_web::test::TestRequest;
    use uuid::Uuid;

    #[test]
    fn a_person_is_stopped_at_the_limit_and_another_is_not() {
        let limiter = RateLimiter::new(&RateLimits::parse("mutations=2").unwrap());
        let (one, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        for _ in 0..2 {
            limiter.person(RateClass::Mutations, one).unwrap();
        }
        let answer = limiter.person(RateClass::Mutations, one).unwrap_err().answer(&Place::default());
        assert_eq!(answer.status(), 429);
        let header = |name| answer.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header("ratelimit-policy"), "\"mutations\";q=2;w=60");
        assert_eq!(header("ratelimit"), format!("\"mutations\";r=0;t={}", header("retry-after")));
        assert!((1..=30).contains(&header("retry-after").parse::<u32>().unwrap()));
        limiter.person(RateClass::Mutations, other).unwrap();
        limiter.person(RateClass::Reads, one).unwrap();
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_limit() {
        let limiter = RateLimiter::new(&RateLimits::parse("others=1").unwrap());
        let from = |peer: &str| TestRequest::default().peer_addr(peer.parse().unwrap()).to_srv_request();
        limiter.address(RateClass::Others, &from("[2001:db8::1]:1")).unwrap();
        assert!(limiter.address(RateClass::Others, &from("[2001:db8::2]:1")).is_err());
        limiter.address(RateClass::Others, &from("[2001:db8:0:1::2]:1")).unwrap();
        limiter.address(RateClass::Others, &from("192.0.2.1:1")).unwrap();
    }

    #[test]
    fn nothing_is_counted_when_limits_are_off() {
        let limiter = RateLimiter::new(&RateLimits::off());
        assert!((0..1000).all(|_| limiter.person(RateClass::Reads, UserId(Uuid::nil())).is_ok()));
    }
}
