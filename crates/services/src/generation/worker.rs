//! The loops of a process that take part in generating: claim what waits, keep leases alive, hear notices, and look
//! after streams whose notices were lost. Whatever wakes the first one, jobs are claimed in the order of their turns.

use super::engine::{Engine, Running};
use super::runner;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use waymark_persistence::{Held, Listener, Notice, StoreError, WorkJob};

/// Jobs that come due are brought into line so many at a time.
const LINE_UP: u32 = 500;
/// How often the queue is looked at without a hint; also finds leases that ran out.
const POLL: Duration = Duration::from_secs(1);
/// How often logs are looked at when notices arrive, and, as fences are then, when they do not.
const COMPARE_HEARING: Duration = Duration::from_secs(5);
const COMPARE_DEAF: Duration = Duration::from_millis(500);

/// A lease whose job somebody else had locked is tried so many times more at once, after a pause each: whoever writes
/// a batch of events locks its jobs, for the length of a commit.
const BEAT_AGAIN: u32 = 5;
const BEAT_PAUSE: Duration = Duration::from_millis(50);

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

/// Keeps the leases of everything that runs here; stops what is no longer ours. A lease that could not be kept because its
/// job is locked is neither waited for, nor is its job stopped.
pub(crate) async fn beat(engine: Arc<Engine>) {
    let mut ticks = interval(engine.settings.lease / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut running = engine.all_running();
        for again in 0..=BEAT_AGAIN {
            if again > 0 {
                sleep(BEAT_PAUSE.min(engine.settings.lease / 30)).await;
            }
            match beat_once(&engine, running).await {
                Ok(locked) if locked.is_empty() => break,
                Ok(locked) => running = locked,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "leases could not be kept");
                    break;
                }
            }
        }
    }
}

/// Prolongs leases and stops what is no longer ours; returns what is ours still and could not be prolonged.
async fn beat_once(engine: &Engine, running: Vec<Running>) -> Result<Vec<Running>, StoreError> {
    if running.is_empty() {
        return Ok(running);
    }
    let lease = engine.settings.lease;
    let held = helds(&running);
    let kept = engine.db.service(async |tx| tx.jobs().heartbeat(&held, lease).await).await?;
    let missed: Vec<_> = running.into_iter().filter(|entry| !kept.contains(&entry.held)).collect();
    if missed.is_empty() {
        return Ok(missed);
    }
    let held = helds(&missed);
    let ours = engine.db.service(async |tx| tx.jobs().still_held(&held).await).await?;
    stop_lost(&missed, &ours);
    Ok(missed.into_iter().filter(|entry| ours.contains(&entry.held)).collect())
}

fn helds(running: &[Running]) -> Vec<Held> {
    running.iter().map(|entry| entry.held).collect()
}

/// Stops what runs here and is not ours any more.
fn stop_lost(running: &[Running], kept: &[Held]) {
    for entry in running.iter().filter(|entry| !kept.contains(&entry.held)) {
        // A job that settled meanwhile has left the list; cancelling its token then stops nothing.
        entry.fenced.cancel();
    }
}

/// As [`beat`], without prolonging anything: for notices of cancels that never came. False when the database does not
/// answer.
async fn check_fences(engine: &Engine) -> bool {
    let running = engine.all_running();
    if running.is_empty() {
        return true;
    }
    let held = helds(&running);
    match engine.db.service(async |tx| tx.jobs().still_held(&held).await).await {
        Ok(kept) => {
            stop_lost(&running, &kept);
            true
        }
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "fences could not be checked");
            false
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
                let mut current = catch_up(&engine).await;
                while current && let Ok(notice) = listener.next().await {
                    current = heed(&engine, notice).await;
                }
                engine.hearing.store(false, std::sync::atomic::Ordering::Relaxed);
            }
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "no notices"),
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// Does what a notice says; false when that did not work, and the connection is better made anew.
async fn heed(engine: &Engine, notice: Notice) -> bool {
    match notice {
        Notice::JobWaits => engine.wake.notify_one(),
        Notice::PlanEvents(plan) => engine.hub.hint(plan),
        Notice::JobFenced(job) => engine.fence(job),
        Notice::Reconnected => return catch_up(engine).await,
    }
    true
}

/// Looks at everything a notice may have told of while nobody listened; false when the database does not answer.
async fn catch_up(engine: &Engine) -> bool {
    engine.hub.hint_all();
    engine.wake.notify_one();
    check_fences(engine).await
}

/// Compares logs with what streams were told, and fences with what runs here, for notices that never came.
pub(crate) async fn compare(engine: Arc<Engine>) {
    loop {
        let hearing = engine.hearing.load(std::sync::atomic::Ordering::Relaxed);
        sleep(if hearing { COMPARE_HEARING } else { COMPARE_DEAF }).await;
        if !hearing {
            check_fences(&engine).await;
        }
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
