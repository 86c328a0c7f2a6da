//! Two states side by side.

use super::super::samples::{done, module, plan, task, task_id};
use super::{ComparedTask, Comparison, compare};

fn compared(number: u128, module: &str, title: &str, changed: bool) -> ComparedTask {
    ComparedTask { task_id: task_id(number), module: module.into(), title: title.into(), changed }
}

#[test]
fn a_comparison_tells_what_came_what_stayed_and_what_went() {
    let from = plan(vec![module(1, "A", vec![task(11, "Read"), task(12, "Tie"), task(13, "Row")])]);
    let to = plan(vec![
        module(2, "B", vec![task(14, "Sail"), task(12, "Tie knots")]),
        module(1, "A", vec![done(11, "Read")]),
    ]);
    let told = compare(&from, &to);
    assert_eq!(told.added, [compared(14, "B", "Sail", false)]);
    assert_eq!(told.kept, [compared(12, "B", "Tie knots", true), compared(11, "A", "Read", false)]);
    assert_eq!(told.removed, [compared(13, "A", "Row", false)]);
}

#[test]
fn any_change_of_content_counts_and_progress_does_not() {
    let same = plan(vec![module(1, "A", vec![task(11, "Read")])]);
    let changed = |change: fn(&mut crate::plans::SnapshotTask)| {
        let mut other = same.clone();
        change(&mut other.modules[0].tasks[0]);
        compare(&same, &other).kept[0].changed
    };
    assert!(changed(|task| task.description = Some("All of it".into())));
    assert!(changed(|task| task.estimated_minutes = 31));
    assert!(changed(|task| {
        task.resources.push(crate::plans::SnapshotLink {
            kind: crate::plans::ResourceType::Doc,
            title: "Doc".into(),
            url: "https://a.example/".into(),
            notes: None,
        });
    }));
    assert!(!changed(|task| task.pinned = true));
    assert!(!changed(|task| task.status = crate::plans::ProgressStatus::Completed));
}

#[test]
fn a_state_compared_with_itself_keeps_everything() {
    let state = plan(vec![module(1, "A", vec![task(11, "Read")])]);
    let kept = vec![compared(11, "A", "Read", false)];
    assert_eq!(compare(&state, &state), Comparison { added: vec![], kept, removed: vec![] });
}
