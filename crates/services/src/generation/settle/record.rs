//! What an attempt leaves behind however it ends: its row's last words, and what it cost.

use super::Begun;
use crate::generation::attempt::{Failure, Harvest};
use crate::generation::engine::Engine;
use serde_json::json;
use waymark_domain::generation::UsageSummary;
use waymark_persistence::{AttemptEnd, ServiceTx, StoreError, UsageRecord};

/// The attempt's row as it ends.
pub(super) fn attempt_end(begun: &Begun, harvest: &Harvest, failure: Option<&Failure>) -> AttemptEnd {
    let provider = begun.assignment.entry.provider.as_str();
    let mut metadata = json!({"provider": provider, "bytes": harvest.bytes});
    if let (Some(request), serde_json::Value::Object(fields)) = (&harvest.request_id, &mut metadata) {
        fields.insert("requestId".to_owned(), json!(request));
    }
    if let (Some(model), serde_json::Value::Object(fields)) = (&harvest.model, &mut metadata) {
        fields.insert("answeredBy".to_owned(), json!(model));
    }
    if let (Some(failure), serde_json::Value::Object(fields)) = (failure, &mut metadata) {
        fields.insert("detail".to_owned(), json!(failure.detail));
        fields.insert("httpStatus".to_owned(), json!(failure.status));
    }
    AttemptEnd {
        classification: failure.map(|failure| failure.class),
        duration_ms: i64::try_from(begun.since.elapsed().as_millis()).unwrap_or(i64::MAX),
        modules_count: i32::try_from(harvest.modules.len()).unwrap_or(i32::MAX),
        tasks_count: i32::try_from(harvest.tasks()).unwrap_or(i32::MAX),
        normalized_effort: harvest.clamped,
        metadata,
    }
}

/// Records what the attempt cost; a call that its provider never accepted costs nothing.
pub(super) async fn record_usage(
    tx: &ServiceTx,
    engine: &Engine,
    begun: &Begun,
    harvest: &Harvest,
) -> Result<UsageSummary, StoreError> {
    if !harvest.reached {
        tx.attempts().unreached(begun.id).await?;
        return Ok(UsageSummary::default());
    }
    let entry = &begun.assignment.entry;
    let (usage, estimated) = harvest.usage(&begun.assignment.brief);
    let cost_microusd = entry.price.cost_microusd(&usage).max(0);
    let record = UsageRecord {
        plan_id: Some(begun.owner.plan_id),
        user_id: begun.owner.user_id,
        generation_id: begun.owner.generation_id,
        attempt: begun.number,
        provider: entry.provider.as_str(),
        model: harvest.model.as_deref().unwrap_or(entry.id.as_str()),
        usage,
        price: entry.price,
        cost_microusd,
        estimated,
        request_id: harvest.request_id.as_deref(),
        at: engine.clock.now(),
    };
    tx.attempts().record_usage(&record).await?;
    Ok(UsageSummary { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens, cost_microusd, estimated })
}
