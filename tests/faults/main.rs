//! The fault suite: real server processes under load, while processes, the database, connections and the model break; after
//! each round a checker holds what clients saw against the database. `docs/TESTING.md` says how to run more of it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails at once, and makes its own ids, times and tasks"
)]

mod chance;
mod check;
mod client;
mod fault;
mod figures;
mod history;
mod learner;
mod model;
mod round;
mod rules;
mod sampler;
mod world;

use chance::Chance;
use fault::Fault;
use figures::{Figures, say};
use round::Round;
use std::sync::Arc;
use std::time::Duration;
use waymark_services::crash::POINTS;
use waymark_testkit::database::Server;
use waymark_testkit::process::CrashAt;
use world::World;

/// Rounds on one database, so that its history grows.
const ROUNDS_A_WORLD: usize = 8;

/// The full path of [`server_process`].
const SERVER: &str = "server_process";

/// The body of the server processes.
#[tokio::test]
#[ignore = "the body of a process that other tests start"]
async fn server_process() {
    waymark_testkit::process::body().await;
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().expect("a whole number"))
}

/// One at random, of the kind named by `FAULT_KIND` if that is set.
fn fault(chance: &mut Chance) -> Fault {
    let kind = std::env::var("FAULT_KIND").ok();
    loop {
        let fault = Fault::random(chance);
        if kind.as_deref().is_none_or(|kind| kind == fault.name()) {
            return fault;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_paid_twice_whatever_breaks() {
    let (rounds, seed) = (setting("FAULT_ROUNDS", 6), setting("FAULT_SEED", 1));
    say(&format!("FAULT_SEED={seed} FAULT_ROUNDS={rounds}"));
    let mut chance = Chance::new(seed);
    // One of its own: it is crashed.
    let server = Server::start().await;
    let mut figures = Figures::default();
    let mut world: Option<Arc<World>> = None;
    for number in 1..=usize::try_from(rounds).unwrap() {
        if number % ROUNDS_A_WORLD == 1 {
            if let Some(world) = &world {
                figures.close(world).await;
            }
            world = Some(World::new(&server, &mut chance).await);
        }
        let world = world.as_ref().unwrap();
        let fault = fault(&mut chance);
        let round = Round { world, server: &server, number, fault, load: chance.millis(900, 1_500) };
        let outcome = round.run(chance.fork()).await;
        figures.take(&format!("round {number}"), fault, &outcome, world);
        assert!(
            outcome.findings.is_empty(),
            "seed {seed}, round {number}, {fault:?}:\n{}",
            outcome.findings.join("\n")
        );
    }
    figures.close(&world.unwrap()).await;
    figures.summary();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_at_any_named_point_leaves_nothing_unsettled() {
    let mut chance = Chance::new(setting("FAULT_SEED", 1));
    let server = Server::start().await;
    // Most of a round is waiting for a lease, so two worlds share the points.
    let (odd, even): (Vec<_>, Vec<_>) = POINTS.iter().copied().enumerate().partition(|(number, _)| number % 2 == 1);
    let (first, second) = (chance.fork(), chance.fork());
    let lanes = (Box::pin(die_at_each(&server, odd, first)), Box::pin(die_at_each(&server, even, second)));
    futures_util::future::join(lanes.0, lanes.1).await;
}

/// One round for each of these points.
async fn die_at_each(server: &Server, points: Vec<(usize, &'static str)>, mut chance: Chance) {
    let world = World::new(server, &mut chance).await;
    let mut figures = Figures::default();
    for (number, point) in points {
        let fault = Fault::Crash(CrashAt { point, visit: 1 });
        let round = Round { world: &world, server, number, fault, load: Duration::from_millis(300) };
        let outcome = round.run(chance.fork()).await;
        figures.take("point", fault, &outcome, &world);
        assert!(outcome.reached, "no process died at {point}");
        assert!(outcome.findings.is_empty(), "{point}:\n{}", outcome.findings.join("\n"));
    }
}
