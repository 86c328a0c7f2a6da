//! The sweeper: takes away what has had its time, and looks at reservations that ran out. A loop of every process that
//! works; one of them sweeps at a time. `docs/OPERATIONS.md` lists what is kept how long.

mod settings;

pub use settings::{RetentionError, SweeperSettings};

use crate::clock::SharedClock;
use crate::costs::Clerk;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use waymark_persistence::{Db, Expirable, LogMark, ServiceTx, StoreError, SweptReservation};

/// What a round took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweeperRound {
    /// Rows deleted.
    pub deleted: u64,
    /// Reservations released.
    pub released: u64,
    /// Reservations prolonged, because their jobs still live.
    pub prolonged: u64,
}

/// Sweeps.
#[derive(Clone)]
pub struct Sweeper {
    db: Db,
    clock: SharedClock,
    settings: SweeperSettings,
    /// How far the log has been looked through, and since when.
    log: (LogMark, DateTime<Utc>),
}

impl Sweeper {
    /// A sweeper of `db`.
    pub fn new(db: Db, clock: SharedClock, settings: SweeperSettings) -> Self {
        let log = (LogMark::default(), clock.now());
        Self { db, clock, settings, log }
    }

    /// Takes away what is due now, a bounded part of it. Ends early when another process sweeps, which then goes on.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn round(&mut self) -> Result<SweeperRound, StoreError> {
        let mut round = SweeperRound::default();
        match self.sweep(&mut round).await {
            Ok(()) | Err(Halt::Elsewhere) => Ok(round),
            Err(Halt::Store(error)) => Err(error),
        }
    }

    async fn sweep(&mut self, round: &mut SweeperRound) -> Result<(), Halt> {
        self.reservations(round).await?;
        for what in Expirable::ALL {
            self.delete(what, round).await?;
        }
        self.events(round).await
    }

    /// One batch, in a transaction of its own and alone.
    async fn batch<T>(&self, work: impl AsyncFnOnce(&ServiceTx) -> Result<T, StoreError>) -> Result<T, Halt> {
        self.db
            .service(async |tx| if tx.sweep().is_alone().await? { Ok(work(tx).await?) } else { Err(Halt::Elsewhere) })
            .await
    }

    async fn delete(&self, what: Expirable, round: &mut SweeperRound) -> Result<(), Halt> {
        let (before, limit) = (before(self.clock.now(), self.settings.kept(what)), self.settings.batch);
        for _ in 0..self.settings.batches {
            let deleted = self.batch(async |tx| tx.sweep().delete(what, before, limit).await).await?;
            round.deleted += deleted;
            if deleted < u64::from(limit) {
                break;
            }
        }
        Ok(())
    }

    async fn reservations(&self, round: &mut SweeperRound) -> Result<(), Halt> {
        let limit = self.settings.batch;
        for _ in 0..self.settings.batches {
            let now = self.clock.now();
            let until = now + TimeDelta::from_std(self.settings.prolong).unwrap_or(TimeDelta::days(1));
            let swept = self.batch(async |tx| tx.sweep().reservations(now, until, limit).await).await?;
            let prolonged = swept.iter().filter(|reservation| reservation.prolonged).count() as u64;
            round.prolonged += prolonged;
            round.released += swept.len() as u64 - prolonged;
            swept.iter().for_each(tell);
            if swept.len() < limit as usize {
                break;
            }
        }
        Ok(())
    }

    async fn events(&mut self, round: &mut SweeperRound) -> Result<(), Halt> {
        let (limit, now) = (self.settings.batch, self.clock.now());
        // The last row of a plan stays and is passed by; a later generation makes it one like the others.
        if now - self.log.1 > TimeDelta::days(1) {
            self.log = (LogMark::default(), now);
        }
        let before = before(now, self.settings.events);
        for _ in 0..self.settings.batches {
            let mark = self.log.0;
            let swept = self.batch(async |tx| tx.sweep().events(mark, before, limit).await).await?;
            round.deleted += swept.deleted;
            self.log.0 = swept.mark;
            if swept.done {
                break;
            }
        }
        Ok(())
    }
}

/// Why a round ends early.
enum Halt {
    /// Another process sweeps. It is not refused by whoever stops here, so somebody always goes on.
    Elsewhere,
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn before(now: DateTime<Utc>, kept: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(kept).ok().and_then(|kept| now.checked_sub_signed(kept)).unwrap_or(DateTime::UNIX_EPOCH)
}

fn tell(reservation: &SweptReservation) {
    let SweptReservation { user_id, kind, subject, prolonged, stuck } = reservation;
    if *stuck {
        tracing::error!(user = %user_id, kind, %subject, "a plan is being generated by nobody; `waymark quota verify --repair` ends it");
    } else if *prolonged {
        tracing::warn!(user = %user_id, kind, %subject, "a reservation ran out before its job was done");
    } else {
        tracing::warn!(user = %user_id, kind, %subject, "a reservation ran out and is released");
    }
}

/// Sweeps and does the clerk's work until this process stops.
pub(crate) async fn run(mut sweeper: Sweeper, mut clerk: Clerk) {
    let settings = sweeper.settings;
    let first = Instant::now() + settings.clerk_every;
    let (mut clerk_ticks, mut ticks) = (interval_at(first, settings.clerk_every), interval_at(first, settings.every));
    clerk_ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = clerk_ticks.tick() => match clerk.round().await {
                Ok(round) if round == crate::costs::ClerkRound::default() => {}
                Ok(round) => tracing::info!(round.corrected, round.estimated, "costs were found out late"),
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "costs could not be looked after"),
            },
            _ = ticks.tick() => match sweeper.round().await {
                Ok(round) if round == SweeperRound::default() => {}
                Ok(round) => tracing::info!(round.deleted, round.released, round.prolonged, "swept"),
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the sweep was broken off"),
            },
        }
    }
}
