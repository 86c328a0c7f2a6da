//! The models a learner may ask for.

use super::page::Page;
use crate::auth::Person;
use crate::state::AppState;
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waymark_domain::quota::ModelAccess;
use waymark_services::generation::catalogue::Entry;

/// A model of the catalogue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Give it as `model` when asking for a plan.
    pub id: String,
    /// For people.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Who serves it.
    pub provider: String,
    /// Whether it is among the free models.
    pub free: bool,
    /// Whether this person's tier includes it.
    pub allowed: bool,
    /// Whether it is used when a request and the profile name none.
    pub default: bool,
    /// Micro-USD for a million tokens of the prompt.
    pub input_price_microusd: i64,
    /// Micro-USD for a million tokens of the answer.
    pub output_price_microusd: i64,
    /// Tokens of prompt and answer together, where known.
    pub context_window: Option<u32>,
}

impl Model {
    fn of(entry: &Entry, access: ModelAccess, default: &Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            name: entry.name.clone(),
            description: entry.description.clone(),
            provider: entry.provider.clone(),
            free: entry.free,
            allowed: entry.allowed(access),
            default: entry.id == default.id,
            input_price_microusd: entry.price.input_per_million,
            output_price_microusd: entry.price.output_per_million,
            context_window: entry.context_window,
        }
    }
}

/// List models
///
/// The whole catalogue; `allowed` tells which models this person's tier includes.
#[utoipa::path(
    get, path = "/api/v1/models", tag = "generation", operation_id = "listModels",
    responses((status = 200, description = "The models.", body = Page<Model>)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn list(state: Data<AppState>, person: Person) -> Json<Page<Model>> {
    let catalogue = state.services.catalogue();
    let access = state.services.limits().of(person.0.tier).models;
    let default = catalogue.default_for(access);
    Json(Page::whole(catalogue.entries().iter().map(|entry| Model::of(entry, access, default))))
}
