//! The quota ledger at the door of the database: usage, verification, costs found out late, and the sweeper.

mod costs;
mod holds;
mod reads;
mod sweeper;
mod turns;
mod usage;
mod verify;

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex};
use waymark_persistence::Db;
use waymark_services::clock::Clock;
use waymark_testkit::database::TestDb;

/// The learner of these tests.
const USER: &str = "00000000-0000-7000-8000-000000000001";

/// A clock that is set by hand.
#[derive(Clone)]
struct HandClock(Arc<Mutex<DateTime<Utc>>>);

impl HandClock {
    /// The instant that the tests' rows are dated from.
    fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-11-23T12:00:00Z".parse().unwrap())))
    }

    fn forward(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }

    fn shared(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A database with one learner.
async fn stage() -> (TestDb, Db) {
    let test = TestDb::new().await;
    test.run(&format!("insert into users (id, clerk_user_id) values ('{USER}', 'user_1')")).await;
    let db = Db::connect(&test.options()).await.unwrap();
    (test, db)
}

/// SQL for a plan of the learner, number `n`.
fn plan(n: u32, status: &str) -> String {
    format!(
        "insert into learning_plans (id, user_id, topic, skill_level, learning_style, weekly_hours, origin,
           generation_status, is_quota_eligible)
         values ('{}', '{USER}', 'Topic', 'beginner', 'mixed', 5, 'ai', '{status}', '{status}' = 'ready');",
        id(n)
    )
}

/// The key number `n`.
fn id(n: u32) -> String {
    format!("00000000-0000-7000-8000-0000000001{n:02}")
}
