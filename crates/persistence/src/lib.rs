//! The only crate that speaks SQL: entities (private), the doors to a transaction under row level security, and row
//! handles that turn rows into domain values. Called by `services`.
//!
//! ```ignore
//! let plan = db.authenticated(&ctx, async |tx| tx.plans().detail(id).await).await?;   // as the learner
//! db.service("plans.create", async |tx| tx.jobs().enqueue(&job).await).await?;         // as the server
//! ```

mod accounts;
mod attempts;
mod audit;
mod billing;
mod calendar_feed;
mod connect;
mod costs;
mod entities;
mod error;
mod events;
mod explanations;
mod generations;
mod idempotency;
mod jobs;
mod ledger;
mod listen;
mod plans;
mod pools;
mod powers;
mod quota;
mod rate_limits;
mod revisions;
mod rows;
mod schedules;
mod seed;
mod session;
mod sweep;
mod usage;
mod webhook_events;

pub use accounts::{Account, KnownIdentity, Preferences, SealedToken, ServiceAccounts, UserAccounts};
pub use attempts::{AttemptEnd, AttemptView, NewAttempt, ServiceAttempts, UsageRecord, UserAttempts};
pub use audit::{AuditEntry, ServiceAudit};
pub use billing::{CheckoutSlot, Customer, ServiceBilling};
pub use calendar_feed::{FeedEntry, FeedSession, ServiceCalendarFeed, UserCalendarFeed};
pub use connect::{Db, DbOptions};
pub use costs::{Lookup, ServiceCosts};
pub use entities::catalogue;
pub use error::StoreError;
pub use events::{Fenced, LoggedEvent, NewEvent, ServiceEvents, UserEvents};
pub use explanations::{ExplainableTask, ExplanationCost, ExplanationHold, ServiceExplanations};
pub use generations::{GenerationView, JobGeneration, Material, NewGeneration, ServiceGenerations, UserGenerations};
pub use idempotency::{Claim, Idempotency};
pub use jobs::{ClaimRecord, Held, JobRow, JobView, NewJob, ServiceJobs, WorkJob};
pub use ledger::{Difference, Finding, ServiceLedger, StuckPlan};
pub use listen::{Listener, Notice};
pub use plans::{
    LockedPlan, NewModuleRow, NewPlanRow, NewTaskRow, PlanCursor, PlanFilter, PlanInputs, PlanProgress, PlanRow,
    PlanState, PlanSummary, PlanText, ServicePlans, SettledPlan, TaskProgress, UserModules, UserPlans, UserProgress,
    UserTasks,
};
pub use powers::PowerError;
pub use quota::{ReservationKind, ServiceQuota};
pub use rate_limits::ServiceRateLimits;
pub use revisions::{NewRevision, RevisionView, ServiceRevisions, UserRevisions};
pub use schedules::{NewSchedule, Rescheduling, ScheduleSource, ServiceSchedules, SourceTask, Times, UserSchedules};
pub use seed::{
    ReservationState, SeedAttempt, SeedAudit, SeedBatch, SeedEvent, SeedGeneration, SeedLink, SeedModule, SeedMonth,
    SeedPlan, SeedProgress, SeedReservation, SeedResource, SeedRevision, SeedSpend, SeedTask, SeedUser, ServiceSeed,
};
pub use session::{AnonTx, ServiceTx, UserTx};
pub use sweep::{Expirable, LogMark, ServiceSweep, SweptLog, SweptReservation};
pub use usage::{ModelUse, UsageNumbers, UserUsage};
pub use webhook_events::ServiceWebhookEvents;
