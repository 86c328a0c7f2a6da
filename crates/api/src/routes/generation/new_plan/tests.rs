//! The rules of a new plan, each alone and all at once.

use super::*;
use crate::error::{Place, Problem};
use serde_json::{Value, json};
use waymark_domain::plans::{LearningStyle, SkillLevel};

fn now() -> DateTime<Utc> {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn fine() -> Value {
    json!({
        "topic": "  Rust  ", "notes": "with exercises", "skillLevel": "beginner", "weeklyHours": 6,
        "learningStyle": "mixed", "startDate": "2026-11-22", "deadlineDate": "2026-12-06",
    })
}

fn read(body: &Value, query: &str) -> Result<NewPlan, Box<Problem>> {
    let members = Members::new(body.as_object().unwrap().clone());
    parse(members, query, now()).map_err(|error| Box::new(error.problem(&Place::default())))
}

fn with(name: &str, value: Value) -> Value {
    let mut body = fine();
    body[name] = value;
    body
}

fn fields(problem: &Problem) -> Vec<&str> {
    problem.errors.iter().map(|error| error.field.as_str()).collect()
}

#[test]
fn a_sound_request_becomes_domain_values() {
    let plan = read(&fine(), "model=vendor%2Fmodel%3Afree").unwrap();
    assert_eq!(plan.topic.as_str(), "Rust");
    assert_eq!((plan.skill_level, plan.learning_style), (SkillLevel::Beginner, LearningStyle::Mixed));
    assert_eq!((plan.weekly_hours.get(), plan.dates.weeks()), (6, 2));
    assert_eq!(plan.model.unwrap().as_str(), "vendor/model:free");
}

#[test]
fn optional_members_may_be_missing_or_null() {
    let body =
        json!({ "topic": "Rust", "skillLevel": "advanced", "weeklyHours": 1, "learningStyle": "video", "notes": null });
    let plan = read(&body, "").unwrap();
    assert_eq!((plan.notes, plan.model, plan.dates.days()), (None, None, 14));
}

#[test]
fn each_rule_names_its_member() {
    for (name, value) in [
        ("topic", json!("ab")),
        ("topic", json!("a\u{0}bc")),
        ("topic", json!("x".repeat(201))),
        ("topic", Value::Null),
        ("topic", json!(7)),
        ("notes", json!("x".repeat(2001))),
        ("notes", json!(["a"])),
        ("skillLevel", json!("expert")),
        ("weeklyHours", json!(0)),
        ("weeklyHours", json!(81)),
        ("weeklyHours", json!(2.5)),
        ("weeklyHours", json!("6")),
        ("weeklyHours", json!(u64::MAX)),
        ("learningStyle", json!("")),
        ("startDate", json!("2026-11-20")),
        ("startDate", json!("22.11.2026")),
        ("deadlineDate", json!("2026-11-21")),
        ("deadlineDate", json!("2028-01-01")),
        ("deadlineDate", json!("2026-02-30")),
        ("budget", json!(1)),
    ] {
        let problem = read(&with(name, value.clone()), "").unwrap_err();
        assert_eq!((fields(&problem), problem.status), (vec![name], 400), "{name}: {value}");
        assert_eq!(problem.code, "VALIDATION_FAILED");
    }
}

#[test]
fn every_offence_of_every_kind_is_named_at_once() {
    let body = json!({
        "notes": 5, "skillLevel": "guru", "weeklyHours": "many", "learningStyle": null, "startDate": "soon",
        "deadlineDate": "2029-01-01", "colour": "red", "Topic": "Rust",
    });
    let problem = read(&body, "model=%00&page=1").unwrap_err();
    let mut named = fields(&problem);
    named.sort_unstable();
    assert_eq!(
        named,
        [
            "Topic",
            "colour",
            "deadlineDate",
            "learningStyle",
            "model",
            "notes",
            "page",
            "skillLevel",
            "startDate",
            "topic",
            "weeklyHours"
        ]
    );
}

#[test]
fn a_bad_model_alone_has_its_own_code() {
    assert_eq!(read(&fine(), "model=a%20b").unwrap_err().code, "MODEL_INVALID");
    assert_eq!(read(&with("topic", json!("")), "model=a%20b").unwrap_err().code, "VALIDATION_FAILED");
}

#[test]
fn the_spellings_told_to_clients_are_the_enums() {
    assert_eq!(LEVELS, SkillLevel::ALL.iter().map(|level| level.as_str()).collect::<Vec<_>>());
    assert_eq!(STYLES, LearningStyle::ALL.iter().map(|style| style.as_str()).collect::<Vec<_>>());
}
