//! Plans to take away: Markdown, JSON and a calendar file, and the feed that calendar programs subscribe to. Free of the
//! tier's limits. Called by the HTTP layer.

mod calendar;
mod feed;
mod markdown;
#[cfg(test)]
mod samples;

pub use feed::{Feed, FeedSecret, FoundFeed};

use super::{Plans, PlansError};
use chrono::{DateTime, Utc};
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::PlanId;
use waymark_domain::plans::PlanSnapshot;
use waymark_domain::schedules::Schedule;
use waymark_persistence::{ScheduleSource, UserTx};

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

impl LaidOut {
    fn of(snapshot: PlanSnapshot, source: &ScheduleSource, updated_at: DateTime<Utc>) -> Self {
        Self { snapshot, schedule: crate::schedules::of(source), updated_at }
    }

    /// In a transaction that sees one moment: the parts belong together.
    async fn read(tx: &UserTx, ctx: &UserCtx, plan: PlanId) -> Result<Self, PlansError> {
        let state = tx.plans().state(plan).await?.ok_or(PlansError::NotFound)?;
        let snapshot = tx.plans().snapshot(plan).await?.ok_or(PlansError::NotFound)?;
        let source = tx.schedules().source(plan, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
        Ok(Self::of(snapshot, &source, state.updated_at))
    }
}

impl Plans {
    /// A plan as a file: all of it as it was at one moment.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn export(&self, ctx: &UserCtx, plan: PlanId, format: ExportFormat) -> Result<Export, PlansError> {
        let (topic, body) = match format {
            ExportFormat::Markdown => self.markdown(ctx, plan).await?,
            ExportFormat::Json => self.json(ctx, plan).await?,
            ExportFormat::Calendar => self.calendar(ctx, plan).await.map(|(topic, feed)| (topic, feed.body))?,
        };
        Ok(Export { topic, body })
    }

    async fn markdown(&self, ctx: &UserCtx, plan: PlanId) -> Result<(String, String), PlansError> {
        let db = &self.engine.db;
        let laid_out = db.authenticated_snapshot(ctx, async |tx| LaidOut::read(tx, ctx, plan).await).await?;
        let body = markdown::render(&laid_out.snapshot, &laid_out.schedule);
        Ok((laid_out.snapshot.topic, body))
    }

    async fn json(&self, ctx: &UserCtx, plan: PlanId) -> Result<(String, String), PlansError> {
        let read = self.engine.db.authenticated_snapshot(ctx, async |tx| {
            let detail = tx.plans().detail(plan).await?.ok_or(PlansError::NotFound)?;
            Ok::<_, PlansError>((LaidOut::read(tx, ctx, plan).await?, detail))
        });
        let (laid_out, detail) = read.await?;
        Ok((laid_out.snapshot.topic, json(&detail.json, &laid_out.schedule)))
    }
}

/// One object of the plan, which is JSON already, and its schedule.
fn json(plan: &str, schedule: &Schedule) -> String {
    let schedule = serde_json::to_string(schedule).unwrap_or_else(|_| "null".to_owned());
    format!("{{\"plan\":{plan},\"schedule\":{schedule}}}")
}
