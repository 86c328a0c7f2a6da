//! One round: load, a fault in the midst of it, recovery, and the time it took until everything was settled.

use crate::chance::Chance;
use crate::check;
use crate::fault::Fault;
use crate::learner::Learner;
use crate::sampler;
use crate::world::{LEASE, Place, World};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use waymark_testkit::database::Server;

/// Learners who are there in every round of a world, so that they have plans to go on with.
const REGULARS: usize = 3;
/// Learners who come for one round.
const NEWCOMERS: usize = 3;
/// What recovery may take beyond two leases: pauses of retries, the look at the queue, and a busy machine.
const MARGIN: Duration = Duration::from_secs(6);
/// After which nothing will settle any more.
const LONGEST: Duration = Duration::from_secs(45);

/// Everything that has not come to its end.
const OPEN: &str = "
    select (select count(*) from job_queue where status in ('pending', 'processing'))
         + (select count(*) from learning_plans where generation_status = 'generating')
         + (select count(*) from generation_attempts where status = 'in_progress')
         + (select count(*) from usage_reservations where state = 'reserved')";

/// Attempts that reached the model and have no cost yet.
const COSTLESS: &str = "
    select count(*) from generation_attempts a where a.reached_at is not null
      and not exists (select from ai_usage_events u where u.generation_id = a.generation_id and u.attempt = a.number)";

/// What a round came to.
pub struct Outcome {
    /// From the moment at which healthy processes ran and the model was well, until every request was answered and all that
    /// was accepted had ended.
    pub settled_within: Duration,
    /// The same, until every attempt had its cost.
    pub costs_within: Duration,
    /// Whether the named crash point was reached.
    pub reached: bool,
    /// What the checker found.
    pub findings: Vec<String>,
}

/// A round's place in the run.
pub struct Round<'a> {
    pub world: &'a Arc<World>,
    pub server: &'a Server,
    pub number: usize,
    pub fault: Fault,
    /// The shortest load; it lasts at least as long as the fault.
    pub load: Duration,
}

impl Round<'_> {
    /// Runs it, with its own processes.
    pub async fn run(self, mut chance: Chance) -> Outcome {
        let mut places = self.places(&mut chance).await;
        let learners = self.learners(&mut chance).await;
        let (stop, stopped) = watch::channel(false);
        let sampler = sampler::start(self.world);
        let mut load = JoinSet::new();
        for learner in learners {
            load.spawn(learner.live(stopped.clone()));
        }
        let least = Instant::now() + self.load;
        let first = places.first_mut().unwrap();
        let reached = self.fault.strike(self.world, self.server, first, &mut chance).await;
        first.revive(self.world).await;
        tokio::time::sleep_until(least).await;
        self.world.model.set_well(true);
        let healthy = Instant::now();
        stop.send_replace(true);
        let mut findings = Vec::new();
        // First: a request that is still sent again and again is accepted after everything else has settled.
        while let Some(joined) = load.join_next().await {
            joined.unwrap();
        }
        let settled_within = self.wait(OPEN, healthy, "everything is settled", &mut findings).await;
        if settled_within > LEASE * 2 + MARGIN {
            findings.push(format!("settled only after {settled_within:?}"));
        }
        let costs_within = self.wait(COSTLESS, healthy, "every attempt has its cost", &mut findings).await;
        sampler.abort();
        findings.extend(check::everything(self.world).await);
        for place in &mut places {
            place.kill();
        }
        Outcome { settled_within, costs_within, reached, findings }
    }

    /// One process or two, the first of them doomed.
    async fn places(&self, chance: &mut Chance) -> Vec<Place> {
        self.world.model.set_well(false);
        let count = 1 + chance.below(2);
        self.world.keep(count);
        let mut places = Vec::new();
        // The others first, so that somebody can sign the learners up.
        for number in (0..count).rev() {
            let crash = if number == 0 { self.fault.crash() } else { None };
            places.push(self.world.start(number, crash).await);
        }
        places.reverse();
        places
    }

    async fn learners(&self, chance: &mut Chance) -> Vec<Learner> {
        let regulars = (0..REGULARS).map(|place| (format!("user_regular_{place}"), "pro"));
        let newcomers = (0..NEWCOMERS).map(|place| {
            let tier = ["free", "starter", "pro"][place % 3];
            (format!("user_{}_{place}", self.number), tier)
        });
        let joining = regulars
            .chain(newcomers)
            .map(|(name, tier)| Learner::join(self.world, (name, self.number), tier, chance.fork()));
        let joining: Vec<_> = joining.collect();
        futures_util::future::join_all(joining).await
    }

    /// Waits until a count is zero; how long that took since `healthy`.
    async fn wait(&self, open: &str, healthy: Instant, what: &str, findings: &mut Vec<String>) -> Duration {
        loop {
            let left = self.world.number(open).await;
            if left == Some(0) {
                return healthy.elapsed();
            }
            if healthy.elapsed() > LONGEST {
                findings.push(format!("waited in vain until {what}: {left:?} are left"));
                return healthy.elapsed();
            }
            sleep(Duration::from_millis(25)).await;
        }
    }
}
