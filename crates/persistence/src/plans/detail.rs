//! A plan's whole tree as JSON, made by one statement: several statements cost a round trip each, which is what limits a
//! read here. The keys are the API's.

use super::{ServicePlans, UserPlans};
use crate::error::StoreError;
use crate::rows::{first, get};
use sea_orm::QueryResult;
use waymark_domain::ids::{PlanId, UserId};

const DETAIL: &str = include_str!("detail.sql");
// The server is not bounded by row level security.
const DETAIL_OF: &str = concat!(include_str!("detail.sql"), " and p.user_id = $2");

/// A plan as its owner reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanText {
    /// Grows with every edit.
    pub version: i32,
    /// The plan with modules, tasks, resources and progress as JSON text.
    pub json: String,
}

impl UserPlans<'_> {
    /// The plan with everything under it; none when there is no such plan of this learner.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn detail(&self, id: PlanId) -> Result<Option<PlanText>, StoreError> {
        first(&self.0.tx, DETAIL, [id.0.into()]).await?.map(|row| text(&row)).transpose()
    }
}

impl ServicePlans<'_> {
    /// This learner's plan, byte for byte as they read it; none when it is not theirs.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn detail(&self, id: PlanId, user: UserId) -> Result<Option<PlanText>, StoreError> {
        first(self.0, DETAIL_OF, [id.0.into(), user.0.into()]).await?.map(|row| text(&row)).transpose()
    }
}

fn text(row: &QueryResult) -> Result<PlanText, StoreError> {
    Ok(PlanText { version: get(row, "version")?, json: get(row, "body")? })
}
