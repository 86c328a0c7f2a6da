//! A sloppy model keeps its module.

use super::{RawModule, RawResource, RawTask};

fn module(json: &str) -> RawModule {
    serde_json::from_str(json).unwrap()
}

fn minutes(json: &str) -> Option<f64> {
    module(&format!(r#"{{"minutes": {json}}}"#)).estimated_minutes
}

#[test]
fn every_spelling_of_a_member_is_understood() {
    for name in ["estimated_minutes", "estimatedMinutes", "minutes", "duration_minutes", "Duration-Minutes", "duration"]
    {
        assert_eq!(module(&format!(r#"{{"{name}": 40}}"#)).estimated_minutes, Some(40.0), "{name}");
    }
    for name in ["url", "link", "href"] {
        let link: RawResource =
            serde_json::from_str(&format!(r#"{{"type": "doc", "{name}": "https://a.b"}}"#)).unwrap();
        assert_eq!((link.kind.as_deref(), link.url.as_deref()), (Some("doc"), Some("https://a.b")), "{name}");
    }
}

#[test]
fn minutes_may_be_texts() {
    assert_eq!(minutes("\"45\""), Some(45.0));
    assert_eq!(minutes("\"45 min\""), Some(45.0));
    assert_eq!(minutes("\" 30-45 minutes\""), Some(30.0));
    assert_eq!(minutes("\"1.5 hours\""), Some(90.0));
    assert_eq!(minutes("\"1h 30m\""), Some(90.0));
    assert_eq!(minutes("\"-5\""), Some(-5.0));
    assert_eq!(minutes("\"soon\""), None);
    assert_eq!(minutes("\"\""), None);
    assert_eq!(minutes("[45]"), None);
    assert_eq!(minutes("18446744073709551615"), Some(18_446_744_073_709_551_615.0));
}

#[test]
fn a_wrong_type_costs_only_its_member() {
    let json = r#"{"title": {"en": "x"}, "name": "Basics", "description": ["a"], "minutes": true, "extra": {"deep": [1]},
        "tasks": [null, 3, true, "Read", {"title": 7, "resources": "https://a.b/"}, [{"title": "Nested", "links": null}]]}"#;
    let read = module(json);
    assert_eq!(read.title.as_deref(), Some("Basics"));
    assert_eq!((read.description, read.estimated_minutes), (None, None));
    let titles: Vec<_> = read.tasks.iter().map(|task| task.title.as_deref()).collect();
    assert_eq!(titles, [Some("Read"), Some("7"), Some("Nested")]);
    assert_eq!(read.tasks[1].resources[0].url.as_deref(), Some("https://a.b/"));
}

#[test]
fn a_tasks_key_may_be_a_number_and_go_by_several_names() {
    for (json, key) in [
        (r#"{"key": "t1"}"#, Some("t1")),
        (r#"{"task_key": "t2"}"#, Some("t2")),
        (r#"{"taskKey": 3}"#, Some("3")),
        (r#"{"ref": "t4", "key": "t5"}"#, Some("t4")),
        (r#"{"key": null, "ref": ["t6"]}"#, None),
    ] {
        assert_eq!(serde_json::from_str::<RawTask>(json).unwrap().key.as_deref(), key, "{json}");
    }
}

#[test]
fn null_lists_are_empty() {
    assert_eq!(module(r#"{"tasks": null}"#), RawModule::default());
    assert_eq!(serde_json::from_str::<RawTask>(r#"{"resources": null}"#).unwrap(), RawTask::default());
}

#[test]
fn a_member_named_twice_keeps_what_came_first() {
    assert_eq!(module(r#"{"title": null, "title": "a", "title": "b"}"#).title.as_deref(), Some("a"));
}

#[test]
fn a_module_is_an_object_and_nothing_else() {
    for json in ["null", "[]", "\"x\"", "1"] {
        assert!(serde_json::from_str::<RawModule>(json).is_err(), "{json}");
    }
}
