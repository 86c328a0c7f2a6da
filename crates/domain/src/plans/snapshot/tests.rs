//! Snapshots are read back as they were written.

use super::super::samples::{done, module, plan, task};
use super::{PlanSnapshot, ProgressStatus, ResourceType, SnapshotLink, SnapshotTask};

#[test]
fn a_snapshot_is_read_back_as_it_was_written() {
    let link = SnapshotLink {
        kind: ResourceType::Doc,
        title: "Knots".into(),
        url: "https://knots.example/".into(),
        notes: Some("short".into()),
    };
    let mut read = done(2, "Read");
    read.resources.push(link);
    read.has_micro_explanation = true;
    read.explanation = Some(r#"{"text": "why"}"#.into());
    let mut written = plan(vec![module(1, "Basics", vec![read, task(3, "Tie")])]);
    written.start_date = "2027-03-01".parse().ok();
    let json = serde_json::to_value(&written).unwrap();
    assert_eq!(json["modules"][0]["estimatedMinutes"], 90);
    assert_eq!(json["modules"][0]["tasks"][0]["completedAt"], "2027-03-10T06:00:00Z");
    assert_eq!(json["modules"][0]["tasks"][0]["resources"][0]["type"], "doc");
    assert_eq!((json["skillLevel"].as_str(), json["startDate"].as_str()), (Some("beginner"), Some("2027-03-01")));
    assert_eq!(serde_json::from_value::<PlanSnapshot>(json).unwrap(), written);
}

#[test]
fn a_state_that_was_put_aside_before_explanations_were_kept_is_read() {
    let mut json = serde_json::to_value(plan(vec![module(1, "Basics", vec![task(3, "Tie")])])).unwrap();
    let old = json["modules"][0]["tasks"][0].as_object_mut().unwrap();
    assert!(old.remove("explanation").is_some() && old.remove("hasMicroExplanation").is_some());
    let read = serde_json::from_value::<PlanSnapshot>(json).unwrap();
    assert_eq!(read.modules[0].tasks[0], task(3, "Tie"));
}

#[test]
fn what_is_pinned_completed_or_started_must_stay() {
    let with = |pinned, status| SnapshotTask { pinned, status, ..task(1, "Read") }.must_stay();
    assert!(!with(false, ProgressStatus::NotStarted));
    assert!(with(true, ProgressStatus::NotStarted));
    assert!(with(false, ProgressStatus::InProgress));
    assert!(with(false, ProgressStatus::Completed));
}
