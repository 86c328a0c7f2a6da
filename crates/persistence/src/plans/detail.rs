//! A plan's whole tree as JSON, made by one statement: several statements cost a round trip each, which is what limits a
//! read here. The keys are the API's.

use super::UserPlans;
use crate::error::StoreError;
use crate::rows::{first, get};
use waymark_domain::ids::PlanId;

const DETAIL: &str = include_str!("detail.sql");

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
        first(&self.0.tx, DETAIL, [id.0.into()])
            .await?
            .map(|row| Ok(PlanText { version: get(&row, "version")?, json: get(&row, "body")? }))
            .transpose()
    }
}
