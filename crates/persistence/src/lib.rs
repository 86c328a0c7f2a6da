//! The only crate that speaks SQL: entities (private), the doors to a transaction under row level security, and row
//! handles that turn rows into domain values. Called by `services`.
//!
//! ```ignore
//! let plan = db.authenticated(&ctx, async |tx| tx.plans().detail(id).await).await?;   // as the learner
//! db.service("plans.create", async |tx| tx.jobs().enqueue(&job).await).await?;         // as the server
//! ```

mod accounts;
mod attempts;
mod connect;
mod costs;
mod entities;
mod error;
mod events;
mod generations;
mod idempotency;
mod jobs;
mod ledger;
mod listen;
mod plans;
mod pools;
mod powers;
mod quota;
mod revisions;
mod rows;
mod session;
mod sweep;
mod usage;

pub use accounts::{Account, ServiceAccounts, UserAccounts};
pub use attempts::{AttemptEnd, AttemptView, NewAttempt, ServiceAttempts, UsageRecord, UserAttempts};
pub use connect::{Db, DbOptions};
pub use costs::{Lookup, ServiceCosts};
pub use entities::catalogue;
pub use error::StoreError;
pub use events::{Fenced, LoggedEvent, NewEvent, ServiceEvents, UserEvents};
pub use generations::{GenerationView, JobGeneration, Material, NewGeneration, ServiceGenerations, UserGenerations};
pub use idempotency::{Claim, ServiceIdempotency};
pub use jobs::{ClaimRecord, Held, JobRow, JobView, NewJob, ServiceJobs, WorkJob};
pub use ledger::{Difference, Finding, ServiceLedger, StuckPlan};
pub use listen::{Listener, Notice};
pub use plans::{
    NewPlanRow, PlanCursor, PlanFilter, PlanInputs, PlanRow, PlanState, PlanSummary, ServicePlans, SettledPlan,
    UserPlans,
};
pub use powers::PowerError;
pub use quota::{ReservationKind, ServiceQuota};
pub use revisions::{NewRevision, RevisionView, ServiceRevisions, UserRevisions};
pub use session::{AnonTx, ServiceTx, UserTx};
pub use sweep::{Expirable, LogMark, ServiceSweep, SweptLog, SweptReservation};
pub use usage::{ModelUse, UsageNumbers, UserUsage};
