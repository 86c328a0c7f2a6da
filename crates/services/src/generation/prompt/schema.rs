//! The schema of the answer, for servers that hold a model to one. Used by the adapters and by the prompt's hash.

use crate::generation::provider::PlanBrief;
use serde_json::{Value, json};
use waymark_domain::plans::ResourceType;

/// The answer's shape as a strict JSON schema: every member required, no other one allowed. Counts are asked for in
/// words, because several providers refuse `minItems` and `maxItems`. Tasks have a `key` only where there is a present
/// plan whose tasks can be named.
pub fn plan_schema(brief: &PlanBrief) -> Value {
    let resource = object(&json!({
        "type": { "type": "string", "enum": ResourceType::ALL },
        "title": { "type": "string" },
        "url": { "type": "string" },
    }));
    let mut task = json!({
        "title": { "type": "string" },
        "description": { "type": "string" },
        "estimated_minutes": { "type": "integer" },
        "resources": { "type": "array", "items": resource },
    });
    if let (true, Some(members)) = (brief.is_regeneration(), task.as_object_mut()) {
        // Strict mode knows no optional members: null stands for "a new task".
        members.insert("key".to_owned(), json!({ "type": ["string", "null"] }));
    }
    let module = object(&json!({
        "title": { "type": "string" },
        "description": { "type": "string" },
        "estimated_minutes": { "type": "integer" },
        "tasks": { "type": "array", "items": object(&task) },
    }));
    object(&json!({ "modules": { "type": "array", "items": module } }))
}

pub(super) fn object(properties: &Value) -> Value {
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(|members| members.keys()).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}
