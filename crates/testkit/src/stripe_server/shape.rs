//! Objects as Stripe shows them: every member is there, most are null or an empty list.

use serde_json::{Value, json};

/// Adds members that are null.
pub(super) fn with_nulls(mut object: Value, names: &[&str]) -> Value {
    for name in names {
        object[name] = Value::Null;
    }
    object
}

/// Adds members that are empty lists.
pub(super) fn with_empty_lists(mut object: Value, names: &[&str]) -> Value {
    for name in names {
        object[name] = json!([]);
    }
    object
}
