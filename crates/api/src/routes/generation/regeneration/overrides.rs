//! From a body and a query to what a regeneration is to do differently, or every offence in them.

use crate::error::ApiError;
use crate::input::{Members, date, one_of, text, whole};
use crate::openapi::enums::{learning_style, skill_level};
use crate::routes::generation::new_plan::{LEVELS, STYLES, model};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waymark_domain::generation::ModelId;
use waymark_domain::plans::{Notes, PlanOverrides, Topic, WeeklyHours};

/// What to do differently; whatever is left out stays as the plan has it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegenerateBody {
    /// What to learn: 3 to 200 characters after trimming, one line.
    #[schema(nullable = false, min_length = 3, max_length = 200)]
    pub topic: Option<String>,
    /// What else the model should know; null forgets what was said before.
    #[schema(max_length = 2000)]
    pub notes: Option<String>,
    /// The learner's level.
    #[schema(schema_with = skill_level, required = false)]
    pub skill_level: Option<String>,
    /// Hours a week.
    #[schema(nullable = false, minimum = 1, maximum = 80)]
    pub weekly_hours: Option<u8>,
    /// The learner's style.
    #[schema(schema_with = learning_style, required = false)]
    pub learning_style: Option<String>,
    /// First day, not in the past.
    #[schema(nullable = false)]
    pub start_date: Option<NaiveDate>,
    /// Last day, at most a year ahead.
    #[schema(nullable = false)]
    pub deadline_date: Option<NaiveDate>,
}

/// Checks everything that can be checked without the plan; how the dates go together with the plan's own is the service's
/// to judge.
///
/// # Errors
/// `VALIDATION_FAILED` with every offending member; `MODEL_INVALID` when the model alone is at fault.
pub fn parse(mut body: Members, query: &str) -> Result<PlanOverrides, ApiError> {
    let overrides = PlanOverrides {
        topic: body.optional("topic", text(Topic::parse)),
        notes: body.nullable("notes", text(Notes::parse)).map(Option::flatten),
        skill_level: body.optional("skillLevel", one_of(LEVELS)),
        weekly_hours: body.optional("weeklyHours", whole(WeeklyHours::parse)),
        learning_style: body.optional("learningStyle", one_of(STYLES)),
        start_date: body.optional("startDate", date),
        deadline_date: body.optional("deadlineDate", date),
        model: None,
    };
    body.refuse_unknown();
    let model = model(&mut body, query)?;
    body.finish(Some(PlanOverrides { model, ..overrides }))
}

/// Checks a request that has a model in its query and nothing in its body.
///
/// # Errors
/// As [`parse`].
pub fn no_members(mut body: Members, query: &str) -> Result<Option<ModelId>, ApiError> {
    body.refuse_unknown();
    let model = model(&mut body, query)?;
    body.finish(Some(model))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Place, Problem};
    use serde_json::{Value, json};
    use waymark_domain::plans::{LearningStyle, SkillLevel};

    fn members(body: &Value) -> Members {
        Members::new(body.as_object().unwrap().clone())
    }

    fn refused<T>(outcome: Result<T, ApiError>) -> Problem {
        outcome.err().expect("a refusal").problem(&Place::default())
    }

    #[test]
    fn what_is_left_out_or_null_stays_as_it_is() {
        for body in [json!({}), json!({ "topic": null, "skillLevel": null, "weeklyHours": null, "startDate": null })] {
            let overrides = parse(members(&body), "").unwrap();
            assert!(overrides.topic.is_none() && overrides.notes.is_none() && overrides.model.is_none());
            assert!(overrides.skill_level.is_none() && overrides.weekly_hours.is_none());
            assert!(overrides.learning_style.is_none());
            assert!(overrides.start_date.is_none() && overrides.deadline_date.is_none());
        }
    }

    #[test]
    fn null_clears_the_notes_and_so_do_empty_ones() {
        for cleared in [Value::Null, json!("  ")] {
            assert_eq!(parse(members(&json!({ "notes": cleared })), "").unwrap().notes, Some(None));
        }
        let kept = parse(members(&json!({ "notes": "less theory" })), "").unwrap().notes;
        assert_eq!(kept.unwrap().unwrap().as_str(), "less theory");
    }

    #[test]
    fn a_sound_request_becomes_domain_values() {
        let body = json!({
            "topic": " Rust ", "skillLevel": "advanced", "weeklyHours": 9, "learningStyle": "video",
            "startDate": "2026-12-01", "deadlineDate": "2026-12-31",
        });
        let overrides = parse(members(&body), "model=vendor%2Fmodel").unwrap();
        assert_eq!(overrides.topic.unwrap().as_str(), "Rust");
        assert_eq!(
            (overrides.skill_level, overrides.learning_style),
            (Some(SkillLevel::Advanced), Some(LearningStyle::Video))
        );
        assert_eq!(overrides.weekly_hours.unwrap().get(), 9);
        assert_eq!(overrides.start_date, NaiveDate::from_ymd_opt(2026, 12, 1));
        assert_eq!(overrides.deadline_date, NaiveDate::from_ymd_opt(2026, 12, 31));
        assert_eq!(overrides.model.unwrap().as_str(), "vendor/model");
    }

    #[test]
    fn every_offence_is_named_at_once() {
        let body = json!({
            "topic": "ab", "notes": 5, "skillLevel": "guru", "weeklyHours": 81, "learningStyle": "", "startDate": "soon",
            "deadlineDate": 7, "tier": "pro",
        });
        let problem = refused(parse(members(&body), "model=%00&force=1"));
        let mut named: Vec<&str> = problem.errors.iter().map(|error| error.field.as_str()).collect();
        named.sort_unstable();
        let expected = [
            "deadlineDate",
            "force",
            "learningStyle",
            "model",
            "notes",
            "skillLevel",
            "startDate",
            "tier",
            "topic",
            "weeklyHours",
        ];
        assert_eq!((named.as_slice(), problem.code.as_str()), (&expected[..], "VALIDATION_FAILED"));
        assert_eq!(refused(parse(members(&json!({})), "model=a%20b")).code, "MODEL_INVALID");
    }

    #[test]
    fn a_retry_takes_a_model_and_nothing_else() {
        assert_eq!(no_members(members(&json!({})), "").unwrap(), None);
        assert_eq!(no_members(members(&json!({})), "model=a%2Fb").unwrap().unwrap().as_str(), "a/b");
        assert_eq!(refused(no_members(members(&json!({ "topic": "Rust" })), "")).errors[0].field, "topic");
        assert_eq!(refused(no_members(members(&json!({})), "model=a%20b")).code, "MODEL_INVALID");
    }
}
