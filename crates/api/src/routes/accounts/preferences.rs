//! What a person chooses for all their plans, and their name.

use super::Profile;
use crate::auth::Person;
use crate::error::{ApiError, ErrorCode};
use crate::input::{AvailabilityBody, IdempotencyKey, JsonBody, Members, availability, flag, mark, text};
use crate::state::AppState;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waymark_domain::accounts::{DisplayName, NotificationsPatch, PreferencesPatch};
use waymark_domain::generation::ModelId;
use waymark_domain::schedules::timezone;
use waymark_services::accounts;

/// A person's choices.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// IANA name of the time zone.
    pub timezone: String,
    /// When they have time; null: the default pattern. A plan may have its own.
    pub availability: Option<AvailabilityBody>,
    /// The model used when a request names none; null: the server's.
    pub preferred_model: Option<String>,
    /// What they want to be told of.
    pub notifications: Notifications,
}

/// What a person wants to be told of.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent choices, each with a name of its own")]
pub struct Notifications {
    /// A plan is ready, or its generation has failed.
    pub plan_ready: bool,
    /// A session is about to begin.
    pub session_reminders: bool,
    /// The week's progress, and falling behind.
    pub weekly_summary: bool,
    /// News of the product.
    pub product_news: bool,
}

/// What to change of the preferences; whatever is left out stays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreferencesBody {
    /// IANA name of the time zone.
    #[schema(nullable = false)]
    pub timezone: Option<String>,
    /// When they have time; null goes back to the default pattern.
    pub availability: Option<AvailabilityBody>,
    /// A model of the catalogue that the tier includes; null goes back to the server's.
    #[schema(min_length = 1, max_length = 120)]
    pub preferred_model: Option<String>,
    /// What to be told of; what is left out stays.
    #[schema(nullable = false)]
    pub notifications: Option<NotificationsBody>,
}

/// What to be told of; whatever is left out stays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsBody {
    /// A plan is ready, or its generation has failed.
    #[schema(nullable = false)]
    pub plan_ready: Option<bool>,
    /// A session is about to begin.
    #[schema(nullable = false)]
    pub session_reminders: Option<bool>,
    /// The week's progress, and falling behind.
    #[schema(nullable = false)]
    pub weekly_summary: Option<bool>,
    /// News of the product.
    #[schema(nullable = false)]
    pub product_news: Option<bool>,
}

/// What to change of the profile.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProfileBody {
    /// 1 to 200 characters after trimming, one line; null takes it away.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
}

impl From<accounts::Preferences> for Preferences {
    fn from(stored: accounts::Preferences) -> Self {
        let told = stored.notifications;
        Self {
            timezone: stored.timezone,
            availability: stored.availability.as_ref().map(AvailabilityBody::from),
            preferred_model: stored.preferred_model,
            notifications: Notifications {
                plan_ready: told.plan_ready,
                session_reminders: told.session_reminders,
                weekly_summary: told.weekly_summary,
                product_news: told.product_news,
            },
        }
    }
}

/// Read the preferences
///
/// What holds for all plans of the person unless a plan or a request says otherwise.
#[utoipa::path(
    get, path = "/api/v1/user/preferences", tag = "accounts", operation_id = "readPreferences",
    responses((status = 200, description = "The preferences.", body = Preferences)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn read(state: Data<AppState>, person: Person) -> Result<Json<Preferences>, ApiError> {
    Ok(Json(state.services.accounts().preferences(&person.0).await?.into()))
}

/// Change the preferences
///
/// 400 `MODEL_INVALID` when the catalogue has no such model, 403 `MODEL_NOT_ALLOWED_FOR_TIER` when the tier does not include
/// it.
#[utoipa::path(
    patch, path = "/api/v1/user/preferences", tag = "accounts", operation_id = "changePreferences",
    request_body = PreferencesBody,
    responses(
        (status = 200, description = "The preferences.", body = Preferences),
        (status = 403, description = "The tier does not include the model.", body = crate::error::Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn change(
    state: Data<AppState>,
    person: Person,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let patch = parse(body.members)?;
    let changed = state.services.accounts().change_preferences(&person.0, &patch, key.as_ref()).await?;
    Ok(mark(HttpResponse::Ok().json(Preferences::from(changed.value)), changed.replayed))
}

/// Change the profile
///
/// The name is the person's to choose; the rest comes from the identity and the payment provider.
#[utoipa::path(
    patch, path = "/api/v1/user/profile", tag = "accounts", operation_id = "changeProfile",
    request_body = ProfileBody,
    responses((status = 200, description = "The profile.", body = Profile)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn rename(
    state: Data<AppState>,
    person: Person,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let name = parse_name(body.members)?;
    let renamed = state.services.accounts().rename(&person.0, name.as_ref(), key.as_ref()).await?;
    Ok(mark(HttpResponse::Ok().json(Profile::from(renamed.value)), renamed.replayed))
}

fn parse(mut body: Members) -> Result<PreferencesPatch, ApiError> {
    let patch = PreferencesPatch {
        timezone: body.optional("timezone", text(timezone)),
        availability: body.nullable_object("availability", availability),
        preferred_model: body.nullable("preferredModel", text(ModelId::parse)),
        notifications: body.object("notifications", |told| Some(notifications(told))).unwrap_or_default(),
    };
    body.refuse_unknown();
    body.refuse_empty(&patch);
    // A bad model alone has a code of its own.
    if !body.errors.is_empty() && body.errors.0.iter().all(|error| error.field == "preferredModel") {
        return Err(ApiError::new(ErrorCode::ModelInvalid, "That is not a model's id.").with_errors(body.errors.0));
    }
    body.finish(Some(patch))
}

fn notifications(told: &mut Members) -> NotificationsPatch {
    NotificationsPatch {
        plan_ready: told.optional("planReady", flag),
        session_reminders: told.optional("sessionReminders", flag),
        weekly_summary: told.optional("weeklySummary", flag),
        product_news: told.optional("productNews", flag),
    }
}

fn parse_name(mut body: Members) -> Result<Option<DisplayName>, ApiError> {
    let name = body.nullable("name", text(DisplayName::parse));
    body.refuse_unknown();
    body.refuse_empty(&name);
    body.finish(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Place, Problem};
    use serde_json::{Value, json};

    fn members(body: &Value) -> Members {
        Members::new(body.as_object().unwrap().clone())
    }

    fn refused<T>(read: Result<T, ApiError>) -> Problem {
        read.err().expect("a refusal").problem(&Place::default())
    }

    #[test]
    fn null_goes_back_to_the_default_and_what_is_left_out_stays() {
        let patch = parse(members(&json!({ "availability": null, "preferredModel": null }))).unwrap();
        assert_eq!((patch.availability, patch.preferred_model, patch.timezone), (Some(None), Some(None), None));
        let patch = parse(members(&json!({ "timezone": "Europe/Berlin", "notifications": { "productNews": true } })));
        let patch = patch.unwrap();
        assert_eq!((patch.timezone.unwrap().name(), patch.availability), ("Europe/Berlin", None));
        assert_eq!((patch.notifications.product_news, patch.notifications.plan_ready), (Some(true), None));
    }

    #[test]
    fn every_offence_is_named_and_a_bad_model_alone_has_its_code() {
        let body = json!({
            "timezone": "Mars/Olympus", "preferredModel": "", "notifications": { "spam": true, "planReady": 1 },
            "availability": { "sessions": [{ "weekday": "monday" }], "from": 1 }, "tier": "pro",
        });
        let problem = refused(parse(members(&body)));
        let mut fields: Vec<_> = problem.errors.iter().map(|error| error.field.as_str()).collect();
        fields.sort_unstable();
        let expected = [
            "availability.from",
            "availability.sessions[0].minutes",
            "availability.sessions[0].start",
            "notifications.planReady",
            "notifications.spam",
            "preferredModel",
            "tier",
            "timezone",
        ];
        assert_eq!((fields.as_slice(), problem.code.as_str()), (&expected[..], "VALIDATION_FAILED"));
        assert_eq!(refused(parse(members(&json!({ "preferredModel": "a b" })))).code, "MODEL_INVALID");
        assert_eq!(refused(parse(members(&json!({ "notifications": {} })))).errors[0].field, "body");
    }

    #[test]
    fn a_name_may_be_taken_away_but_not_left_out() {
        assert_eq!(parse_name(members(&json!({ "name": null }))).unwrap(), None);
        assert_eq!(parse_name(members(&json!({ "name": " Ada " }))).unwrap().unwrap().as_str(), "Ada");
        assert_eq!(refused(parse_name(members(&json!({})))).errors[0].field, "body");
        assert_eq!(refused(parse_name(members(&json!({ "name": "", "email": "x" })))).errors.len(), 2);
    }
}
