//! Named points at which the fault suite kills this process, as a power cut would: between a commit and what follows it,
//! and just before it. Without the feature `crash-points` (every build but the tests') they are nothing.

/// Every point, for the suite to go through.
#[cfg(feature = "crash-points")]
pub const POINTS: &[&str] = &[
    "accept.before_commit",
    "accept.after_commit",
    "claim.after_commit",
    "begin.before_commit",
    "begin.after_commit",
    "provider.accepted",
    "log.before_commit",
    "log.after_commit",
    "planned.before_commit",
    "planned.after_commit",
    "failed.before_commit",
    "failed.after_commit",
    "canceled.before_record",
];

/// Points around money and people, which the suite's load does not come by: tests that deliver events go through them.
#[cfg(feature = "crash-points")]
pub const MONEY_POINTS: &[&str] = &[
    "billing.numbered",
    "billing.read",
    "billing.before_commit",
    "billing.after_commit",
    "customer.made",
    "checkout.made",
    "clerk.before_commit",
    "chore.before_commit",
];

/// Where the suite says at which point, and on which visit to it (from 1), the process dies: `name:visit`.
#[cfg(feature = "crash-points")]
pub const SETTING: &str = "WAYMARK_CRASH_AT";

/// Dies here if that was asked for.
#[cfg(feature = "crash-points")]
#[expect(clippy::disallowed_methods, reason = "a switch of test builds, not a setting")]
pub(crate) fn point(name: &'static str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static ASKED: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let setting = std::env::var(SETTING).ok()?;
        let (name, visit) = setting.split_once(':')?;
        Some((name.to_owned(), visit.parse().ok()?))
    });
    static VISITS: AtomicU32 = AtomicU32::new(0);
    debug_assert!(POINTS.contains(&name) || MONEY_POINTS.contains(&name), "{name} is not in a list");
    if let Some((asked, visit)) = ASKED.as_ref()
        && asked == name
        && VISITS.fetch_add(1, Ordering::Relaxed) + 1 == *visit
    {
        // No destructor runs and nothing is flushed, as when the process is killed.
        std::process::abort();
    }
}

/// Dies here if that was asked for.
#[cfg(not(feature = "crash-points"))]
pub(crate) const fn point(_name: &'static str) {}
