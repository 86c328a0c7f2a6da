//! `waymark quota`: whether counters, plans and reservations agree with the ledgers.

use super::{Outcome, output, session};
use crate::settings::Settings;
use waymark_services::Services;
use waymark_services::quota::{Difference, Seen, Verdict, Verify};

/// What to do with the books.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Recompute every counter from the ledgers and print each difference; exit with 1 when there is one.
    Verify {
        /// Mend what is proved wrong; exit with 1 only when something is left.
        #[arg(long)]
        repair: bool,
    },
}

/// Looks at the books; fails when they are wrong and stay so.
pub async fn run(args: Args, settings: Settings) -> Outcome {
    let Command::Verify { repair } = args.command;
    let what = if repair { Verify::Repair } else { Verify::Look };
    session::once(&settings, "interrupted; what was mended stays mended", async |services| verify(services, what).await)
        .await
}

async fn verify(services: &Services, what: Verify) -> Outcome {
    let tell = |difference: &Difference, seen| match seen {
        Seen::Found => output::say(&difference.to_string()),
        Seen::Left => output::say(&format!("not mended: {difference}")),
    };
    let verdict = services.quota().verify(what, tell).await?;
    output::say(&summary(what, verdict));
    match verdict.left {
        0 => Ok(()),
        left => Err(format!("the books are wrong in {}", output::counted(left, "place")).into()),
    }
}

fn summary(what: Verify, Verdict { learners, found, left }: Verdict) -> String {
    let (learners, found) = (output::counted(learners, "learner"), output::counted(found, "difference"));
    match what {
        Verify::Look => format!("{learners} checked: {found}"),
        Verify::Repair => format!("{learners} checked: {found}, {left} left"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_what_was_found_and_what_is_left() {
        let verdict = Verdict { learners: 1, found: 3, left: 2 };
        assert_eq!(summary(Verify::Look, verdict), "1 learner checked: 3 differences");
        assert_eq!(summary(Verify::Repair, verdict), "1 learner checked: 3 differences, 2 left");
    }
}
