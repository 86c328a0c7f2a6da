//! Reads of a whole plan over HTTP, against the same SQL alone. Called by `bench plan-read`.

mod plan;

use crate::Report;
use crate::against_floor::{self, Options};
use crate::server::Site;

/// Measures it.
///
/// # Errors
/// Whatever does not start or answer.
pub async fn run(options: &Options) -> Report {
    let site = Site::new().await?;
    let plan = plan::make(&site).await?;
    against_floor::run(options, &site, &plan).await
}
