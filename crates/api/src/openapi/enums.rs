//! The domain's closed enums as schemas, so that clients see the allowed values.

use utoipa::openapi::schema::Type;
use utoipa::openapi::{Object, ObjectBuilder};
use waymark_domain::billing::SubscriptionTier;
use waymark_domain::generation::{AttemptStatus, FailureClass, GenerationKind};
use waymark_domain::jobs::JobStatus;
use waymark_domain::plans::{GenerationStatus, LearningStyle, PlanOrigin, ProgressStatus, ResourceType, SkillLevel};
use waymark_domain::schedules::{CatchUpKind, Obstacle, Weekday};
use waymark_services::schedules::TimesOf;

macro_rules! schemas {
    ($( $name:ident = $kind:ident; )+) => { $(
        #[doc = concat!("The values of `", stringify!($kind), "`.")]
        pub fn $name() -> Object {
            one_of($kind::ALL.iter().map(|value| value.as_str()))
        }
    )+ };
}

schemas! {
    skill_level = SkillLevel;
    learning_style = LearningStyle;
    plan_status = GenerationStatus;
    origin = PlanOrigin;
    progress_status = ProgressStatus;
    resource_type = ResourceType;
    attempt_status = AttemptStatus;
    generation_kind = GenerationKind;
    job_status = JobStatus;
    tier = SubscriptionTier;
    weekday = Weekday;
    catch_up_kind = CatchUpKind;
    times_of = TimesOf;
}

/// The values of `FailureClass`, or null.
pub fn failure_class() -> Object {
    one_or_null(FailureClass::ALL.iter().map(|class| class.as_str()))
}

/// The values of `Obstacle`, or null.
pub fn obstacle() -> Object {
    one_or_null(Obstacle::ALL.iter().map(|obstacle| obstacle.as_str()))
}

/// The values of `CatchUpKind`, or null.
pub fn taken() -> Object {
    one_or_null(CatchUpKind::ALL.iter().map(|kind| kind.as_str()))
}

fn one_or_null(values: impl Iterator<Item = &'static str>) -> Object {
    let types = utoipa::openapi::schema::SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(types).enum_values(Some(values.map(Some).chain([None]))).build()
}

fn one_of(values: impl Iterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values)).build()
}
