//! The loops of a process that take part in generating: claim what waits, keep leases alive, hear notices, and look
//! after streams whose notices were lost. Whatever wakes the first one, jobs are claimed in the order of their turns.

use super::engine::Engine;
use super::runner;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use waymark_persistence::{Listener, Notice, StoreError, WorkJob};

/// Jobs that come due are brought into line so many at a time.
const LINE_UP: u32 = 500;
/// How often the queue is looked at without a hint; also finds leases that ran out.
const POLL: Duration = Duration::from_secs(1);
/// How often logs are looked at when notices arrive, and when they do not.
const COMPARE_HEARING: Duration = Duration::from_secs(5);
const COMPARE_DEAF: Duration = Duration::from_millis(500);

/// Claims and runs jobs until this process stops.
pub(crate) async fn work(engine: Arc<Engine>) {
    let mut next_poll = Instant::now();
    while !engine.stopping.is_cancelled() {
        let polling = Instant::now() >= next_poll;
        if polling {
            next_poll = Instant::now() + POLL.min(engine.settings.lease / 4);
        }
        let more = match claim(&engine, polling).await {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the queue could not be read");
                sleep(Duration::from_millis(500)).await;
                false
            }
        };
        if !more {
            tokio::select! {
                () = engine.wake.notified() => {}
                () = tokio::time::sleep_until(next_poll) => {}
                () = engine.stopping.cancelled() => {}
            }
        }
    }
}

/// Claims as many jobs as there are places; true when more may wait.
async fn claim(engine: &Arc<Engine>, polling: bool) -> Result<bool, StoreError> {
    let free = u32::try_from(engine.places.available_permits()).unwrap_or(u32::MAX);
    let Ok(mut places) = Arc::clone(&engine.places).try_acquire_many_owned(free.min(LINE_UP)) else { return Ok(false) };
    let Ok(limit @ 1..) = u32::try_from(places.num_permits()) else { return Ok(false) };
    let (worker, lease) = (engine.worker.as_str(), engine.settings.lease);
    let jobs: Vec<WorkJob> = engine
        .db
        .service(async |tx| {
            let jobs = tx.jobs();
            let mut claimed = if polling { jobs.claim_expired(worker, lease, limit).await? } else { Vec::new() };
            jobs.line_up(LINE_UP).await?;
            let left = limit.saturating_sub(u32::try_from(claimed.len()).unwrap_or(u32::MAX));
            if left > 0 {
                claimed.extend(jobs.claim(worker, lease, left).await?);
            }
            Ok::<_, StoreError>(claimed)
        })
        .await?;
    for job in jobs {
        // There is one for each; what is left over is given back at the end.
        let Some(place) = places.split(1) else { break };
        runner::spawn(engine, job, place);
    }
    Ok(places.num_permits() == 0)
}

/// Keeps the leases of everything that runs here; stops what is no longer ours.
pub(crate) async fn beat(engine: Arc<Engine>) {
    let mut ticks = interval(engine.settings.lease / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let running = engine.all_running();
        if running.is_empty() {
            continue;
        }
        let held: Vec<_> = running.iter().map(|entry| entry.held).collect();
        let lease = engine.settings.lease;
        match engine.db.service(async |tx| tx.jobs().heartbeat(&held, lease).await).await {
            Ok(kept) => {
                for entry in running.iter().filter(|entry| !kept.contains(&entry.held)) {
                    // A job that settled meanwhile has left the list; cancelling its token then stops nothing.
                    entry.fenced.cancel();
                }
            }
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "leases could not be kept"),
        }
    }
}

/// Hears notices of other processes; without a connection it tries again, and polling takes over meanwhile.
pub(crate) async fn hear(engine: Arc<Engine>, url: Option<String>) {
    let Some(url) = url else { return std::future::pending().await };
    loop {
        match Listener::connect(&url).await {
            Ok(mut listener) => {
                engine.hearing.store(true, std::sync::atomic::Ordering::Relaxed);
                engine.hub.hint_all();
                engine.wake.notify_one();
                while let Ok(notice) = listener.next().await {
                    heed(&engine, notice);
                }
                engine.hearing.store(false, std::sync::atomic::Ordering::Relaxed);
            }
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "no notices"),
        }
        sleep(Duration::from_millis(500)).await;
    }
}

fn heed(engine: &Engine, notice: Notice) {
    match notice {
        Notice::JobWaits => engine.wake.notify_one(),
        Notice::PlanEvents(plan) => engine.hub.hint(plan),
        Notice::JobFenced(job) => engine.fence(job),
        Notice::Reconnected => {
            engine.hub.hint_all();
            engine.wake.notify_one();
        }
    }
}

/// Compares logs with what streams were told, for notices that never came.
pub(crate) async fn compare(engine: Arc<Engine>) {
    loop {
        let hearing = engine.hearing.load(std::sync::atomic::Ordering::Relaxed);
        sleep(if hearing { COMPARE_HEARING } else { COMPARE_DEAF }).await;
        let plans = engine.hub.plans();
        if plans.is_empty() {
            continue;
        }
        match engine.db.service(async |tx| tx.events().ends(&plans).await).await {
            Ok(ends) => engine.hub.compare(&ends),
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "logs could not be compared"),
        }
    }
}
