//! From the end of the first module in the model's answer to its event at the client, with many generations in flight.
//! Model server and clients run here, so one clock times both ends; the product runs in a process of its own. Called by
//! `bench first-module`.

mod script;

use crate::Report;
use crate::http::{self, Connection};
use crate::samples::Samples;
use crate::server::{Server, Site};
use clap::Args;
use futures_util::future::try_join_all;
use script::Doors;
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::time::{Instant, sleep_until};
use waymark_testkit::model_server::ModelServer;

/// Options of the measurement.
#[derive(Debug, Args)]
pub struct Options {
    /// Generations in flight at once.
    #[arg(long, default_value_t = 200)]
    generations: usize,
    /// Rounds of each kind, with new learners and plans.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Milliseconds over which the modules close; the other kind closes them all at once.
    #[arg(long, default_value_t = 2000)]
    spread: u64,
}

/// Measures rounds of both kinds.
///
/// # Errors
/// Whatever does not start or answer.
pub async fn run(options: &Options) -> Report {
    let site = Site::new().await?;
    let doors = Doors::new(options.generations * options.rounds * 2);
    let model = ModelServer::start(doors.script()).await;
    let workers = (options.generations + 50).to_string();
    let patience =
        [("AI_TIMEOUT_FIRST_MS", "600000"), ("AI_TIMEOUT_IDLE_MS", "600000"), ("AI_TIMEOUT_TOTAL_MS", "900000")];
    let url = model.base_url();
    let settings = [("AI_BASE_URL", url.as_str()), ("AI_DEFAULT_MODEL", "test/model"), ("WORKERS", &workers)];
    let server = site.serve(&[&patience[..], &settings[..]].concat())?;
    let mut report = format!(
        "first_module, {} generations in flight, milliseconds\nmodules close       round      p50      p95      p99      max\n",
        options.generations
    );
    let mut first = 0;
    for (kind, spread) in [(format!("over {} ms", options.spread), options.spread), ("all at once".to_owned(), 0)] {
        let mut all = Vec::new();
        for round in 1..=options.rounds {
            let one = Round { first, count: options.generations, spread: Duration::from_millis(spread) };
            let samples = one.run(&site, &server, &model, &doors).await?;
            line(&mut report, &kind, &round.to_string(), &Samples::new(samples.clone()))?;
            all.extend(samples);
            first += options.generations;
        }
        line(&mut report, &kind, "all", &Samples::new(all))?;
    }
    Ok(report)
}

fn line(report: &mut String, kind: &str, round: &str, samples: &Samples) -> std::fmt::Result {
    write!(report, "{kind:<18} {round:>6}")?;
    for per_mille in [500, 950, 990, 1000] {
        write!(report, " {:>8.2}", samples.millis(per_mille))?;
    }
    writeln!(report)
}

/// One round: everything starts, every model waits before its first module's last brace, and then they close one by one.
struct Round {
    first: usize,
    count: usize,
    spread: Duration,
}

impl Round {
    async fn run(
        &self,
        site: &Site,
        server: &Server,
        model: &ModelServer,
        doors: &Doors,
    ) -> Result<Vec<Duration>, Box<dyn Error>> {
        let (started, measured) = (Barrier::new(self.count + 1), Barrier::new(self.count));
        let begin = tokio::sync::OnceCell::new();
        let learners = (0..self.count).map(async |place| {
            let number = self.first + place;
            let token = site.token(&format!("user_{number}"));
            let topic = doors.topic(number);
            let body = format!(
                r#"{{"topic": "{topic}", "skillLevel": "beginner", "weeklyHours": 10, "learningStyle": "mixed"}}"#
            );
            let mut stream = Connection::open(server.addr()).await?;
            stream.attach(&http::post("/v1/plans/stream", &token, &body)).await?;
            stream.until("event: plan_start").await?;
            started.wait().await;
            let begin = *begin.get_or_init(async || Instant::now() + Duration::from_millis(200)).await;
            sleep_until(begin + self.turn(place)).await;
            // Counted from before the model server is woken to write the brace, so a little more than the product's part.
            let closing = Instant::now();
            doors.close_module(number);
            stream.until("event: module_summary").await?;
            let took = closing.elapsed();
            // All stay in flight until the last is measured.
            measured.wait().await;
            doors.finish(number);
            stream.until("event: complete").await?;
            Ok::<_, std::io::Error>(took)
        });
        let all_called = async {
            model.wait_for(|counts| counts.requests >= self.first + self.count).await;
            started.wait().await;
            Ok(())
        };
        let (samples, ()) = futures_util::try_join!(try_join_all(learners), all_called)?;
        Ok(samples)
    }

    fn turn(&self, place: usize) -> Duration {
        let (place, count) = (u32::try_from(place).unwrap_or(0), u32::try_from(self.count).unwrap_or(1));
        self.spread * place / count.max(1)
    }
}
