//! `waymark jobs`: look at the queue, try a dead job again, stop or forget one.

use super::{Outcome, output, session};
use crate::settings::Settings;
use chrono::{DateTime, Utc};
use clap::ValueEnum;
use comfy_table::{Table, presets};
use uuid::Uuid;
use waymark_domain::ids::JobId;
use waymark_domain::jobs::JobStatus;
use waymark_services::Services;
use waymark_services::jobs::{Discarded, JobRow, Retried};

/// What to do with the queue.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show jobs: live ones by when they may run, ended ones latest first; without a status the newest of all.
    List {
        /// Only those that stand here.
        #[arg(long, value_enum)]
        status: Option<Status>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// As JSON, with the history of each job's claims.
        #[arg(long)]
        json: bool,
    },
    /// Queue another generation in place of a failed one, for which the learner's quota applies; begin a failed job of the
    /// server's own again.
    Retry {
        /// The job's id.
        id: Uuid,
    },
    /// Stop a job that waits or runs, as its learner's cancel would, or give one of the server's own up; delete a failed one.
    Discard {
        /// The job's id.
        id: Uuid,
    },
}

/// As [`JobStatus`], for the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Pending,
    Processing,
    Completed,
    Failed,
}

impl From<Status> for JobStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Processing => Self::Processing,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
        }
    }
}

/// Does one thing with the queue; fails when there is no such job or it stands elsewhere.
pub async fn run(args: Args, settings: Settings) -> Outcome {
    session::once(&settings, "interrupted", async |services| execute(args.command, services).await).await
}

async fn execute(command: Command, services: &Services) -> Outcome {
    match command {
        Command::List { status, limit, json } => {
            let jobs = services.jobs().list(status.map(JobStatus::from), limit).await?;
            output::say(&if json { serde_json::to_string_pretty(&jobs)? } else { table(&jobs) });
        }
        Command::Retry { id } => {
            output::say(&match services.jobs().retry(JobId(id)).await? {
                Retried::Plan(queued) => {
                    format!("Generation {} of plan {} is queued.", queued.generation_id, queued.plan_id)
                }
                Retried::Again => format!("Job {id} is queued again."),
            });
        }
        Command::Discard { id } => output::say(&match services.jobs().discard(JobId(id)).await? {
            Discarded::Stopped => format!("Job {id} is stopped; its plan is as after a cancel."),
            Discarded::GivenUp => format!("Job {id} is given up; `waymark jobs retry` begins it again."),
            Discarded::Deleted => format!("Job {id} is deleted."),
        }),
    }
    Ok(())
}

fn table(jobs: &[JobRow]) -> String {
    if jobs.is_empty() {
        return "No jobs.".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["ID", "STATUS", "TYPE", "PRIORITY", "CLAIMS", "SINCE", "USER", "PLAN", "ERROR"]);
    for job in jobs {
        table.add_row([
            job.id.to_string(),
            job.status.to_string(),
            job.job_type.to_string(),
            job.priority.to_string(),
            format!("{}/{}", job.attempts, job.max_attempts),
            since(job).format("%Y-%m-%d %H:%M:%SZ").to_string(),
            job.user_id.map_or_else(String::new, |user| user.to_string()),
            job.plan_id.map_or_else(String::new, |plan| plan.to_string()),
            job.error.clone().unwrap_or_default(),
        ]);
    }
    table.to_string()
}

/// When the job ended, or else may run.
fn since(job: &JobRow) -> DateTime<Utc> {
    job.completed_at.unwrap_or(job.scheduled_for)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;
    use waymark_domain::ids::UserId;
    use waymark_domain::jobs::JobType;

    fn job(status: JobStatus, error: Option<&str>) -> JobRow {
        let time = |seconds: i64| DateTime::from_timestamp(1_795_392_000 + seconds, 0).unwrap();
        JobRow {
            id: JobId(Uuid::from_u128(1)),
            plan_id: None,
            user_id: Some(UserId(Uuid::from_u128(2))),
            job_type: JobType::PlanGeneration,
            status,
            priority: 5,
            turn: None,
            attempts: 3,
            max_attempts: 3,
            error: error.map(str::to_owned),
            locked_by: None,
            lease_expires_at: None,
            scheduled_for: time(0),
            completed_at: (status == JobStatus::Failed).then(|| time(61)),
            created_at: time(0),
            history: Vec::new(),
        }
    }

    #[test]
    fn a_job_is_a_line_with_its_end_and_its_error() {
        let shown = table(&[job(JobStatus::Failed, Some("timeout")), job(JobStatus::Pending, None)]);
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 3, "{shown}");
        assert!(lines[1].contains("failed") && lines[1].contains("3/3") && lines[1].contains("timeout"), "{shown}");
        assert!(lines[1].contains("2026-11-23 00:01:01Z") && lines[2].contains("2026-11-23 00:00:00Z"), "{shown}");
        assert_eq!(table(&[]), "No jobs.");
    }

    #[test]
    fn an_unknown_status_and_a_text_that_is_no_id_are_refused() {
        let refusal = |args: &[&str]| Cli::try_parse_from(args).err().map(|error| error.to_string());
        assert!(refusal(&["waymark", "jobs", "list", "--status", "dead"]).unwrap().contains("processing"));
        assert!(refusal(&["waymark", "jobs", "retry", "17"]).is_some());
        assert_eq!(refusal(&["waymark", "jobs", "list", "--status", "failed", "--limit", "5", "--json"]), None);
    }
}
