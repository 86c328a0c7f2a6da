//! A plan's whole tree as JSON, made by one statement: several statements cost a round trip each, which is what limits a
//! read here. The keys are the API's.

use super::UserPlans;
use crate::error::StoreError;
use crate::rows::{first, get};
use waymark_domain::ids::PlanId;

const DETAIL: &str = include_str!("detail.sql");

impl UserPlans<'_> {
    /// The plan with modules, tasks, resources and progress as JSON text; none when there is no such plan of this learner.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn detail(&self, id: PlanId) -> Result<Option<String>, StoreError> {
        first(&self.0.tx, DETAIL, [id.0.into()]).await?.map(|row| get(&row, "body")).transpose()
    }
}
