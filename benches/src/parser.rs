//! How fast the incremental parser reads a model's answer that arrives token by token. Called by `bench parser`.

use clap::Args;
use std::error::Error;
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};
use waymark_services::generation::plan_parser::{ParserLimits, PlanParser};

/// Options of the measurement.
#[derive(Debug, Args)]
pub struct Options {
    /// Bytes of a piece; a model's token is about 4.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    piece: u64,
    /// Seconds spent on each size.
    #[arg(long, default_value_t = 1)]
    seconds: u64,
}

/// Sizes of the answer, in bytes.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

/// Measures every size; the report has the median and the fastest pass of each.
///
/// # Errors
/// The parser refused the plan made here.
pub fn run(options: &Options) -> Result<String, Box<dyn Error>> {
    let piece = usize::try_from(options.piece)?;
    let mut report = format!(
        "parser, pieces of {piece} bytes\n   bytes   passes  median MB/s  median ns/byte  best MB/s  steps/byte\n"
    );
    for size in SIZES {
        let answer = plan(size);
        let (mut passes, steps) = measure(answer.as_bytes(), piece, Duration::from_secs(options.seconds))?;
        passes.sort_unstable();
        let median = passes.get(passes.len() / 2).copied().unwrap_or_default();
        let best = passes.first().copied().unwrap_or_default();
        let (bytes, count) = (answer.len(), passes.len());
        writeln!(
            report,
            "{bytes:>8} {count:>8} {:>12.0} {:>15.2} {:>10.0} {:>11.2}",
            megabytes_a_second(bytes, median),
            nanoseconds_a_byte(bytes, median),
            megabytes_a_second(bytes, best),
            as_float(steps) / as_float(bytes as u64),
        )?;
    }
    Ok(report)
}

/// Reads `answer` over and over until `time` is up; how long each pass took, and the steps of one.
fn measure(answer: &[u8], piece: usize, time: Duration) -> Result<(Vec<Duration>, u64), Box<dyn Error>> {
    let begun = Instant::now();
    let mut passes = Vec::new();
    let mut steps = 0;
    while begun.elapsed() < time || passes.is_empty() {
        let pass = Instant::now();
        let mut parser = PlanParser::new(no_limits());
        let mut modules = Vec::new();
        for bytes in answer.chunks(piece) {
            parser.feed_bytes(bytes, &mut modules)?;
            // As in the product, where a module leaves at once.
            black_box(&modules);
            modules.clear();
        }
        steps = parser.steps();
        black_box(parser.finish()?);
        passes.push(pass.elapsed());
    }
    Ok((passes, steps))
}

const fn no_limits() -> ParserLimits {
    ParserLimits { max_chars: usize::MAX, max_depth: 16, max_module_bytes: 64 * 1024, max_modules: usize::MAX }
}

/// A plan of about `bytes` bytes, written as models write: indented, with prose around it, some of it escaped.
fn plan(bytes: usize) -> String {
    let task = r#"        {
          "title": "Read chapter 3 and note three questions",
          "description": "Work through the examples by hand; \"why\" matters more than speed. Caf\u00e9 \ud83d\ude00 größer.",
          "estimated_minutes": 45,
          "resources": [
            {"type": "doc", "title": "The Book, chapter 3", "url": "https://doc.example.org/book/ch03-00-concepts.html"},
            {"type": "youtube", "title": "A lecture", "url": "https://www.youtube.com/watch?v=0123456789a"}
          ]
        }"#;
    let module = format!(
        "    {{\n      \"title\": \"Foundations\",\n      \"description\": \"What everything else stands on.\",\n      \
         \"estimated_minutes\": 240,\n      \"tasks\": [\n{}\n      ]\n    }}",
        [task; 5].join(",\n")
    );
    let modules = vec![module.as_str(); (bytes / module.len()).max(1)].join(",\n");
    format!("Here is your plan:\n```json\n{{\n  \"modules\": [\n{modules}\n  ]\n}}\n```\n")
}

fn nanoseconds_a_byte(bytes: usize, took: Duration) -> f64 {
    took.as_secs_f64() * 1e9 / as_float(bytes as u64)
}

fn megabytes_a_second(bytes: usize, took: Duration) -> f64 {
    as_float(bytes as u64) / 1e6 / took.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
const fn as_float(count: u64) -> f64 {
    count as f64
}
