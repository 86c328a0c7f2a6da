//! The product's queue: no-op jobs through the store's own verbs, each transaction as a worker opens it.

use super::{Options, Rates};
use crate::durable::Durable;
use crate::samples::float;
use futures_util::future::try_join_all;
use std::error::Error;
use std::time::{Duration, Instant};
use uuid::Uuid;
use waymark_domain::ids::UserId;
use waymark_domain::jobs::JobType;
use waymark_persistence::{Held, NewJob, StoreError, WorkJob};

pub const LEASE: Duration = Duration::from_secs(30);
/// Jobs of a run with one job at a time: far slower, so fewer do.
const SINGLES: u32 = 4_000;

/// Makes the users.
///
/// # Errors
/// What the server says.
pub async fn people(site: &Durable, users: u32) -> Result<(), Box<dyn Error>> {
    let sql = format!(
        "insert into users (id, clerk_user_id)
         select lpad(to_hex(n), 32, '0')::uuid, 'user_' || n from generate_series(1, {users}) n"
    );
    site.run(&sql).await.map(drop)
}

/// Empties the queue and lets `count` jobs wait, as if their users had taken turns in adding them.
///
/// # Errors
/// What the server says.
pub async fn fill(site: &Durable, count: u32) -> Result<(), Box<dyn Error>> {
    let sql = format!(
        "truncate job_queue;\n
         insert into job_queue (id, user_id, job_type, turn)
           select (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, u.id, 'plan_generation', 1 + n / u.users
           from generate_series(1, {count}) n
           join (select id, row_number() over (order by id) - 1 as place, count(*) over () as users from users) u
             on u.place = n % u.users order by n;\n
         vacuum analyze job_queue;\n
         checkpoint"
    );
    site.run(&sql).await.map(drop)
}

fn job(number: u32, users: u32) -> NewJob {
    NewJob {
        id: waymark_services::ids::new(),
        plan_id: None,
        user_id: Some(UserId(Uuid::from_u128(u128::from(number % users) + 1))),
        job_type: JobType::PlanGeneration,
        priority: 1,
        max_attempts: 3,
        payload: serde_json::json!({ "n": number }),
        delay: Duration::ZERO,
    }
}

/// Each thing once.
///
/// # Errors
/// What the store says.
pub async fn round(site: &Durable, options: &Options, rates: &mut Rates) -> Result<(), Box<dyn Error>> {
    fill(site, options.jobs).await?;
    let rate = enqueue(site, options, options.jobs, options.batch).await?;
    rates.add(&format!("waymark: enqueue, {} at a time", options.batch), rate);
    let rate = enqueue(site, options, SINGLES, 1).await?;
    rates.add("waymark: enqueue, one at a time", rate);
    fill(site, options.jobs).await?;
    rates.add(
        &format!("waymark: claim and complete, {} at a time", options.batch),
        work(site, options, options.batch, u32::MAX).await?,
    );
    fill(site, options.jobs).await?;
    rates.add("waymark: claim and complete, one at a time", work(site, options, 1, SINGLES).await?);
    Ok(())
}

async fn enqueue(site: &Durable, options: &Options, count: u32, batch: u32) -> Result<f64, StoreError> {
    let begun = Instant::now();
    let share = count / options.workers;
    try_join_all((0..options.workers).map(async |worker| {
        let (mut number, end) = (worker * share, (worker + 1) * share);
        while number < end {
            let next = end.min(number + batch);
            let jobs: Vec<_> = (number..next).map(|number| job(number, options.users)).collect();
            site.db.service(async |tx| tx.jobs().enqueue_all(&jobs).await).await?;
            number = next;
        }
        Ok::<_, StoreError>(())
    }))
    .await?;
    Ok(float((share * options.workers) as usize) / begun.elapsed().as_secs_f64())
}

/// Claims and completes until nothing waits or `most` are done: what was claimed is completed in the transaction of the
/// next claim.
async fn work(site: &Durable, options: &Options, batch: u32, most: u32) -> Result<f64, StoreError> {
    let begun = Instant::now();
    let share = most / options.workers;
    let done = try_join_all((0..options.workers).map(async |worker| {
        let name = format!("worker-{worker}");
        let (mut held, mut done): (Vec<Held>, usize) = (Vec::new(), 0);
        loop {
            let enough = done + held.len() >= share as usize;
            let (completed, claimed) = site
                .db
                .service(async |tx| {
                    let completed = if held.is_empty() { Vec::new() } else { tx.jobs().complete_all(&held).await? };
                    let claimed = if enough { Vec::new() } else { tx.jobs().claim(&name, LEASE, batch).await? };
                    Ok::<_, StoreError>((completed, claimed))
                })
                .await?;
            done += completed.len();
            held = claimed.iter().map(WorkJob::held).collect();
            if held.is_empty() {
                return Ok::<_, StoreError>(done);
            }
        }
    }))
    .await?;
    Ok(float(done.into_iter().sum()) / begun.elapsed().as_secs_f64())
}
