//! From a body and a query to a checked request for a plan, or every offence in them.

use crate::error::{ApiError, ErrorCode};
use crate::input::{Members, Query, date, one_of, text, whole};
use crate::openapi::enums::{learning_style, skill_level};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waymark_domain::generation::ModelId;
use waymark_domain::plans::{NewPlan, Notes, PlanDates, Topic, WeeklyHours};

/// What to generate.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewPlanBody {
    /// What to learn: 3 to 200 characters after trimming, one line.
    #[schema(min_length = 3, max_length = 200, example = "Rust for backend services")]
    pub topic: String,
    /// What else the model should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub notes: Option<String>,
    /// The learner's level.
    #[schema(schema_with = skill_level)]
    pub skill_level: String,
    /// Hours a week.
    #[schema(minimum = 1, maximum = 80, example = 6)]
    pub weekly_hours: u8,
    /// The learner's style.
    #[schema(schema_with = learning_style)]
    pub learning_style: String,
    /// First day, not in the past; today unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<NaiveDate>,
    /// Last day, at most a year ahead; two weeks after the start unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_date: Option<NaiveDate>,
}

/// The spellings of the levels, for the sentence that refuses another.
pub const LEVELS: &[&str] = &["beginner", "intermediate", "advanced"];
/// The spellings of the styles.
pub const STYLES: &[&str] = &["reading", "video", "practice", "mixed"];

/// Checks everything at once.
///
/// # Errors
/// `VALIDATION_FAILED` with every offending member; `MODEL_INVALID` when the model alone is at fault.
pub fn parse(mut body: Members, query: &str, now: DateTime<Utc>) -> Result<NewPlan, ApiError> {
    let topic = body.required("topic", text(Topic::parse));
    let notes = body.optional("notes", text(Notes::parse)).flatten();
    let skill_level = body.required("skillLevel", one_of(LEVELS));
    let weekly_hours = body.required("weeklyHours", whole(WeeklyHours::parse));
    let learning_style = body.required("learningStyle", one_of(STYLES));
    let dates = dates(&mut body, now);
    body.refuse_unknown();
    let model = model(&mut body, query)?;
    let plan = topic.zip(skill_level).zip(weekly_hours).zip(learning_style).zip(dates).map(
        |((((topic, skill_level), weekly_hours), learning_style), dates)| NewPlan {
            topic,
            notes,
            skill_level,
            weekly_hours,
            learning_style,
            dates,
            model,
        },
    );
    body.finish(plan)
}

/// The dates, judged together; a date that cannot be read is not judged again.
fn dates(body: &mut Members, now: DateTime<Utc>) -> Option<PlanDates> {
    let start = body.optional("startDate", date);
    let deadline = body.optional("deadlineDate", date);
    let unread = ["startDate", "deadlineDate"].map(|name| body.has_error(name));
    let dates = PlanDates::parse(start, deadline, now).map_err(|broken| {
        for rule in broken {
            if !body.has_error(rule.field()) {
                body.errors.push(rule.field(), rule.to_string());
            }
        }
    });
    dates.ok().filter(|_| unread == [false, false])
}

/// The model of the query, with the body's offences at hand: a bad model alone has a code of its own.
///
/// # Errors
/// `MODEL_INVALID`
pub fn model(body: &mut Members, query: &str) -> Result<Option<ModelId>, ApiError> {
    let mut query = Query::of(query);
    let model = query.take("model", ModelId::parse);
    query.refuse_unknown();
    let model_alone = body.errors.is_empty() && query.errors.0.iter().all(|error| error.field == "model");
    if model_alone && !query.errors.is_empty() {
        return Err(ApiError::new(ErrorCode::ModelInvalid, "That is not a model's id.").with_errors(query.errors.0));
    }
    body.errors.0.append(&mut query.errors.0);
    Ok(model)
}

#[cfg(test)]
mod tests;
