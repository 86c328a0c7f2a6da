//! One line a round, and the sum of them at the end.

use crate::fault::Fault;
use crate::round::Outcome;
use crate::world::World;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// Figures of all rounds.
#[derive(Default)]
pub struct Figures {
    rounds: usize,
    faults: BTreeMap<&'static str, u32>,
    settled: Vec<Duration>,
    costs: Duration,
    requests: u64,
    answers: BTreeMap<&'static str, BTreeMap<String, u64>>,
    ends: BTreeMap<String, i64>,
    accepted: u64,
}

/// Writes a line past the test harness, which would keep it back until the end.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn table(answers: &BTreeMap<&'static str, BTreeMap<String, u64>>) -> String {
    let kinds = answers.iter().map(|(what, answers)| {
        let answers: Vec<String> = answers.iter().map(|(answer, count)| format!("{answer} x{count}")).collect();
        format!("{what} {}", answers.join(" "))
    });
    kinds.collect::<Vec<_>>().join("; ")
}

impl Figures {
    /// Takes a round's outcome and the requests that were sent in it.
    pub fn take(&mut self, label: &str, fault: Fault, outcome: &Outcome, world: &World) {
        let (requests, answers) = {
            let mut seen = world.history.seen();
            let requests = seen.requests();
            (requests, std::mem::take(&mut seen.answers))
        };
        self.rounds += 1;
        *self.faults.entry(fault.name()).or_default() += 1;
        self.settled.push(outcome.settled_within);
        self.costs = self.costs.max(outcome.costs_within);
        self.requests += requests;
        let point = fault.crash().map(|crash| {
            format!(" {}:{}{}", crash.point, crash.visit, if outcome.reached { "" } else { " (not reached)" })
        });
        say(&format!(
            "{label}: {}{}, {requests} requests, settled after {:.2} s, costs after {:.2} s{}; {}",
            fault.name(),
            point.unwrap_or_default(),
            outcome.settled_within.as_secs_f64(),
            outcome.costs_within.as_secs_f64(),
            if outcome.findings.is_empty() { String::new() } else { format!(", {} FINDINGS", outcome.findings.len()) },
            table(&answers)
        ));
        for (what, answers) in answers {
            for (answer, count) in answers {
                *self.answers.entry(what).or_default().entry(answer).or_default() += count;
            }
        }
    }

    /// Counts how the generations of a database ended, when nothing more is done to it.
    pub async fn close(&mut self, world: &World) {
        let ends = "select g.kind || ' ' || e.type || ' ' || count(*) from plan_generations g
                    join generation_events e on e.generation_id = g.id and e.type in ('complete', 'error', 'canceled')
                    group by g.kind, e.type";
        for row in world.texts(ends).await {
            if let Some((end, count)) = row.rsplit_once(' ') {
                *self.ends.entry(end.to_owned()).or_default() += count.parse::<i64>().unwrap();
            }
        }
        self.accepted += world.model.accepted().values().sum::<u64>();
    }

    /// The sum of it.
    pub fn summary(&mut self) {
        self.settled.sort_unstable();
        let at = |percent: usize| {
            self.settled.get((self.settled.len() - 1) * percent / 100).map_or(0.0, Duration::as_secs_f64)
        };
        say(&format!("{} rounds: {:?}", self.rounds, self.faults));
        say(&format!("{} requests: {}", self.requests, table(&self.answers)));
        say(&format!("generations of plans that were kept: {:?}", self.ends));
        say(&format!(
            "settled after: median {:.2} s, worst {:.2} s; costs at the latest after {:.2} s; calls that the model accepted: {}",
            at(50),
            at(100),
            self.costs.as_secs_f64(),
            self.accepted
        ));
    }
}
