//! Plans to take away: Markdown, JSON and a calendar file, and the feed that calendar programs subscribe to. Free of the
//! tier's limits. Called by the HTTP layer.

mod calendar;
mod feed;
mod markdown;
#[cfg(test)]
mod samples;

pub use feed::{Feed, FeedSecret};

use super::{Plans, PlansError};
use chrono::{DateTime, Utc};
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::PlanId;
use waymark_domain::plans::PlanSnapshot;
use waymark_domain::schedules::Schedule;

/// In what form a plan is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Markdown, for people.
    Markdown,
    /// JSON: the plan as it is read, with its schedule.
    Json,
    /// iCalendar, for calendar programs.
    Calendar,
}

/// A plan to take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// What the plan is about, to name a file after.
    pub topic: String,
    /// The file.
    pub body: String,
}

/// A plan and where its open tasks are in the learner's weeks.
struct LaidOut {
    snapshot: PlanSnapshot,
    schedule: Schedule,
    updated_at: DateTime<Utc>,
}

impl Plans {
    /// A plan as a file.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn export(&self, ctx: &UserCtx, plan: PlanId, format: ExportFormat) -> Result<Export, PlansError> {
        let laid_out = self.laid_out(ctx, plan).await?;
        let body = match format {
            ExportFormat::Markdown => markdown::render(&laid_out.snapshot, &laid_out.schedule),
            ExportFormat::Json => json(&self.detail(ctx, plan).await?.json, &laid_out.schedule),
            ExportFormat::Calendar => self.calendar(ctx, plan, &laid_out).await?.body,
        };
        Ok(Export { topic: laid_out.snapshot.topic, body })
    }

    async fn laid_out(&self, ctx: &UserCtx, plan: PlanId) -> Result<LaidOut, PlansError> {
        let read = self.engine.db.authenticated(ctx, async |tx| {
            let state = tx.plans().state(plan).await?.ok_or(PlansError::NotFound)?;
            let snapshot = tx.plans().snapshot(plan).await?.ok_or(PlansError::NotFound)?;
            let source = tx.schedules().source(plan, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
            Ok::<_, PlansError>((snapshot, source, state.updated_at))
        });
        let (snapshot, source, updated_at) = read.await?;
        Ok(LaidOut { snapshot, schedule: crate::schedules::of(&source), updated_at })
    }
}

/// One object of the plan, which is JSON already, and its schedule.
fn json(plan: &str, schedule: &Schedule) -> String {
    let schedule = serde_json::to_string(schedule).unwrap_or_else(|_| "null".to_owned());
    format!("{{\"plan\":{plan},\"schedule\":{schedule}}}")
}
