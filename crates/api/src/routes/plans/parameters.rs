//! The list's parameters as the OpenAPI document tells of them. [`super::list`] reads them itself, so as to name every bad
//! one at once; the document's tests hold the two together.

use crate::openapi::enums::plan_status;
use serde::Deserialize;
use utoipa::IntoParams;

/// What may stand in the query of the list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// Plans on a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u32>,
    /// The last page's `nextCursor`.
    #[param(min_length = 1)]
    pub cursor: Option<String>,
    /// Only plans in this state.
    #[param(schema_with = plan_status, required = false)]
    pub status: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::super::{LARGEST_PAGE, PAGE};
    use serde_json::json;

    #[test]
    fn the_document_is_as_strict_as_the_list() {
        let document: serde_json::Value = serde_json::from_str(crate::openapi::json()).unwrap();
        let parameters = document["paths"]["/api/v1/plans"]["get"]["parameters"].as_array().unwrap();
        assert!(parameters.iter().all(|one| one["in"] == "query" && one["required"] == false), "{parameters:?}");
        let schemas: Vec<_> = parameters.iter().map(|one| (one["name"].as_str().unwrap(), &one["schema"])).collect();
        let limit =
            json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE });
        let cursor = json!({ "type": "string", "minLength": 1 });
        let status = json!({ "type": "string", "enum": ["generating", "ready", "failed"] });
        assert_eq!(schemas, [("limit", &limit), ("cursor", &cursor), ("status", &status)]);
    }
}
