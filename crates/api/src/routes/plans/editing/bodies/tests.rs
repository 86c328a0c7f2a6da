//! Bodies of edits: what they become, and what is refused by name.

use super::*;
use crate::error::Place;
use serde_json::{Value, json};

fn read<T>(parse: impl Fn(Members) -> Result<T, ApiError>, body: &Value) -> Result<T, Vec<String>> {
    parse(Members::new(body.as_object().unwrap().clone())).map_err(|error| {
        let mut fields: Vec<_> = error.problem(&Place::default()).errors.into_iter().map(|error| error.field).collect();
        fields.sort_unstable();
        fields
    })
}

#[test]
fn a_patch_tells_what_is_left_out_from_what_is_taken_away() {
    let patch = read(plan_patch, &json!({ "topic": " Rust ", "notes": null })).unwrap();
    assert_eq!((patch.topic.unwrap().as_str(), patch.notes, patch.weekly_hours), ("Rust", Some(None), None));
    let patch = read(task_patch, &json!({ "description": "  ", "pinned": true })).unwrap();
    assert_eq!((patch.description, patch.title, patch.pinned), (Some(None), None, Some(true)));
    let patch = read(module_patch, &json!({ "title": "Basics" })).unwrap();
    assert_eq!((patch.title.unwrap().as_str(), patch.description), ("Basics", None));
}

#[test]
fn an_empty_patch_is_refused() {
    assert_eq!(read(plan_patch, &json!({})).unwrap_err(), ["body"]);
    assert_eq!(read(module_patch, &json!({ "title": null })).unwrap_err(), ["body"]);
    assert_eq!(read(task_patch, &json!({})).unwrap_err(), ["body"]);
}

#[test]
fn every_offence_is_named_at_once() {
    let body = json!({ "topic": "ab", "notes": 5, "skillLevel": "advanced", "weeklyHours": 81, "learningStyle": "",
                       "startDate": "soon", "deadlineDate": 7, "version": 3 });
    let all = ["deadlineDate", "learningStyle", "notes", "skillLevel", "startDate", "topic", "version", "weeklyHours"];
    assert_eq!(read(plan_patch, &body).unwrap_err(), all);
    let body = json!({ "title": "a\nb", "description": "x".repeat(2001), "estimatedMinutes": 1441, "position": 0,
                       "pinned": "yes", "order": 1 });
    let all = ["description", "estimatedMinutes", "order", "pinned", "position", "title"];
    assert_eq!(read(new_task, &body).unwrap_err(), all);
    assert_eq!(read(new_task, &json!({})).unwrap_err(), ["estimatedMinutes", "title"]);
    assert_eq!(read(new_module, &json!({ "estimatedMinutes": -1 })).unwrap_err(), ["estimatedMinutes", "title"]);
    assert_eq!(read(module_place, &json!({ "moduleId": 1 })).unwrap_err(), ["moduleId", "position"]);
    assert_eq!(read(task_place, &json!({ "moduleId": "x", "position": 1.5 })).unwrap_err(), ["moduleId", "position"]);
}

#[test]
fn what_is_not_given_has_its_default() {
    let task = read(new_task, &json!({ "title": "Read", "estimatedMinutes": 30 })).unwrap();
    assert_eq!((task.minutes.get(), task.position, task.pinned, task.description), (30, None, false, None));
    let module = read(new_module, &json!({ "title": "Basics", "position": 2 })).unwrap();
    assert_eq!((module.minutes, module.position), (None, Order::new(2)));
}
