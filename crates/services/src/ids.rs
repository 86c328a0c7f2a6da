//! New ids: UUID v7, so that neighbours in time are neighbours in an index.

use uuid::Uuid;

/// A new id of any kind: `ids::new::<PlanId>()`.
pub fn new<T: From<Uuid>>() -> T {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    let id = Uuid::now_v7();
    T::from(id)
}
