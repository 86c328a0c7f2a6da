//! What goes wrong in a round.

use crate::chance::Chance;
use crate::world::{LEASE, Place, World};
use nix::sys::signal::Signal;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use waymark_services::crash::POINTS;
use waymark_testkit::database::Server;
use waymark_testkit::process::CrashAt;

/// How long a process may take to reach its crash point before it is killed instead.
const REACHED_WITHIN: Duration = Duration::from_secs(20);

/// One kind of breakdown. The model server's own faults come on top of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing else than the model's.
    Model,
    /// SIGKILL at a random moment.
    Kill,
    /// The process dies at a named point.
    Crash(CrashAt),
    /// PostgreSQL crashes and comes back.
    Database,
    /// Every connection to PostgreSQL is cut, several times.
    Connections,
    /// The process stands still for longer than a lease and then goes on, twice.
    Freeze,
    /// SIGTERM: it drains and hands over.
    Terminate,
}

impl Fault {
    /// One at random.
    pub fn random(chance: &mut Chance) -> Self {
        let point = POINTS[chance.below(POINTS.len())];
        let crash = CrashAt { point, visit: 1 + u32::try_from(chance.below(4)).unwrap() };
        let faults = [
            (6, Self::Model),
            (22, Self::Kill),
            (22, Self::Crash(crash)),
            (14, Self::Database),
            (10, Self::Connections),
            (14, Self::Freeze),
            (12, Self::Terminate),
        ];
        *chance.weighed(&faults)
    }

    /// In a word, for the figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model only",
            Self::Kill => "SIGKILL",
            Self::Crash(_) => "crash point",
            Self::Database => "PostgreSQL restart",
            Self::Connections => "connections cut",
            Self::Freeze => "SIGSTOP",
            Self::Terminate => "SIGTERM",
        }
    }

    /// The point at which the first process is to die.
    pub const fn crash(self) -> Option<CrashAt> {
        match self {
            Self::Crash(crash) => Some(crash),
            _ => None,
        }
    }

    /// Does it to the first process, or to the database. Returns whether a crash point was really reached.
    pub async fn strike(self, world: &World, server: &Server, place: &mut Place, chance: &mut Chance) -> bool {
        if self.crash().is_none() {
            sleep(chance.millis(100, 900)).await;
        }
        match self {
            Self::Model => sleep(chance.millis(300, 900)).await,
            Self::Kill => place.kill(),
            Self::Crash(_) => {
                let give_up = Instant::now() + REACHED_WITHIN;
                while place.lives() && Instant::now() < give_up {
                    sleep(Duration::from_millis(10)).await;
                }
                let reached = place.aborted();
                place.kill();
                sleep(chance.millis(0, 400)).await;
                return reached;
            }
            Self::Database => server.crash_and_restart(chance.millis(0, 400)).await,
            Self::Connections => {
                for _ in 0..2 + chance.below(4) {
                    world.cut_connections().await;
                    sleep(chance.millis(20, 250)).await;
                }
            }
            Self::Freeze => {
                for _ in 0..2 {
                    place.signal(Signal::SIGSTOP);
                    sleep(LEASE + chance.millis(0, 900)).await;
                    place.signal(Signal::SIGCONT);
                    sleep(chance.millis(200, 700)).await;
                }
            }
            Self::Terminate => place.stop().await,
        }
        sleep(chance.millis(0, 400)).await;
        true
    }
}
