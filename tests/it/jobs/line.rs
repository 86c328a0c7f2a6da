//! A database with users and a queue, for the tests of turns and of the store's verbs.

use serde_json::json;
use std::time::Duration;
use uuid::Uuid;
use waymark_domain::ids::{JobId, UserId};
use waymark_domain::jobs::JobType;
use waymark_persistence::{Db, Held, NewJob, StoreError, WorkJob};
use waymark_testkit::database::TestDb;
use waymark_testkit::wait;

pub const LEASE: Duration = Duration::from_mins(1);

/// A job without plan of a user, at a priority; each use is a job of its own.
pub fn at(user_id: UserId, priority: i16) -> NewJob {
    NewJob {
        id: JobId(Uuid::nil()),
        plan_id: None,
        user_id: Some(user_id),
        job_type: JobType::PlanGeneration,
        priority,
        max_attempts: 3,
        payload: json!({}),
        delay: Duration::ZERO,
    }
}

/// A queue of its own.
pub struct Line {
    pub test: TestDb,
    pub db: Db,
    pub users: Vec<UserId>,
}

impl Line {
    pub async fn new(users: u128) -> Self {
        let test = TestDb::new().await;
        let users: Vec<_> = (1..=users).map(|number| UserId(Uuid::from_u128(number))).collect();
        for user in &users {
            test.run(&format!("insert into users (id, clerk_user_id) values ('{user}', 'user_{user}')")).await;
        }
        let db = Db::connect(&test.options()).await.unwrap();
        Self { test, db, users }
    }

    /// Adds jobs in one statement, each with a fresh id; gives the ids.
    pub async fn enqueue(&self, jobs: &[NewJob]) -> Vec<JobId> {
        let jobs: Vec<_> = jobs.iter().map(|job| NewJob { id: JobId(Uuid::now_v7()), ..job.clone() }).collect();
        self.db.service(async |tx| tx.jobs().enqueue_all(&jobs).await).await.unwrap();
        jobs.iter().map(|job| job.id).collect()
    }

    pub async fn claim(&self, limit: u32) -> Vec<WorkJob> {
        self.db.service(async |tx| tx.jobs().claim("worker", LEASE, limit).await).await.unwrap()
    }

    pub async fn put_back(&self, held: Held, delay: Duration, error: &str) {
        self.db.service(async |tx| tx.jobs().put_back(held, delay, error, true).await).await.unwrap();
    }

    pub async fn line_up(&self) -> u64 {
        self.db.service(async |tx| tx.jobs().line_up(100).await).await.unwrap()
    }

    /// Waits until something is due, and brings it into line.
    pub async fn due(&self) {
        wait::until("a job is due", async || (self.line_up().await > 0).then_some(())).await;
    }

    /// A read of the server's.
    pub async fn ask<T>(&self, ask: impl AsyncFnOnce(&waymark_persistence::ServiceTx) -> Result<T, StoreError>) -> T {
        self.db.service(ask).await.unwrap()
    }
}
