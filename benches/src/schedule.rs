//! How long a plan takes to be laid into weeks, by its number of tasks. Called by `bench schedule`.

use chrono::NaiveDate;
use clap::Args;
use std::error::Error;
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};
use uuid::Uuid;
use waymark_domain::ids::TaskId;
use waymark_domain::schedules::{
    Availability, Inputs, OpenTask, TimeOfDay, Weekday, WeeklySession, schedule, timezone,
};

/// Options of the measurement.
#[derive(Debug, Args)]
pub struct Options {
    /// Seconds spent on each size.
    #[arg(long, default_value_t = 1)]
    seconds: u64,
}

/// Tasks of a usual plan, of the largest accepted from a model, and ten times as many.
const SIZES: [u32; 3] = [36, 240, 2_400];

/// Measures every size; the report has the median and the fastest pass of each.
///
/// # Errors
/// The availability made here is refused.
pub fn run(options: &Options) -> Result<String, Box<dyn Error>> {
    let mut report = String::from(
        "schedule, Europe/Berlin, five sessions a week\n   tasks  sessions   passes  median us  us/task  best us  hashed us\n",
    );
    for tasks in SIZES {
        let inputs = inputs(tasks)?;
        let sessions = schedule(&inputs).sessions().count();
        let (median, best, passes) = measure(options, || drop(black_box(schedule(black_box(&inputs)))));
        let (bytes, _, _) = measure(options, || drop(black_box(black_box(&inputs).canonical())));
        writeln!(
            report,
            "{tasks:>8} {sessions:>9} {passes:>8} {:>10.1} {:>8.3} {:>8.1} {:>10.1}",
            micros(median),
            micros(median) / f64::from(tasks),
            micros(best),
            micros(bytes),
        )?;
    }
    Ok(report)
}

/// Does `work` over and over until the time is up; the median and the best time of a pass, and how many there were.
fn measure(options: &Options, work: impl Fn()) -> (Duration, Duration, usize) {
    let (begun, mut passes) = (Instant::now(), Vec::new());
    while begun.elapsed() < Duration::from_secs(options.seconds) || passes.is_empty() {
        let pass = Instant::now();
        work();
        passes.push(pass.elapsed());
    }
    passes.sort_unstable();
    let at = |index: usize| passes.get(index).copied().unwrap_or_default();
    (at(passes.len() / 2), at(0), passes.len())
}

/// A plan without a deadline, of tasks of 20 to 115 minutes, 15 hours a week, with changes of the clock on the way.
fn inputs(tasks: u32) -> Result<Inputs, Box<dyn Error>> {
    let start = TimeOfDay::parse("19:00")?;
    let evening = |weekday: &Weekday| WeeklySession { weekday: *weekday, start, minutes: 180 };
    let availability = Availability::new(Weekday::ALL.iter().take(5).map(evening).collect(), Vec::new())
        .map_err(|errors| format!("{errors:?}"))?;
    let task = |number: u32| OpenTask {
        id: TaskId(Uuid::from_u128(number.into())),
        minutes: 20 + (number * 35) % 100,
        in_progress: false,
    };
    Ok(Inputs {
        tasks: (1..=tasks).map(task).collect(),
        completed: Vec::new(),
        start: NaiveDate::from_ymd_opt(2026, 11, 23).ok_or("a date")?,
        deadline: None,
        weekly_hours: 15,
        availability,
        timezone: timezone("Europe/Berlin")?,
        not_before: None,
    })
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
