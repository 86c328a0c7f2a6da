//! Merges that a reader can check by hand.

use super::super::samples::{done, module, module_id, plan, proposed, proposed_module as wanted, task, task_id};
use super::{Merged, MergedModule, MergedTask, Proposal, merge};
use crate::ids::ModuleId;
use crate::plans::{PlanSnapshot, ProgressStatus, ProposedModule, SnapshotTask, proposal_of_snapshot};

fn merged(present: &PlanSnapshot, modules: Vec<ProposedModule>) -> Merged {
    merge(present, Proposal { modules })
}

/// A module in short: its id's number (0: new) and title, then its tasks: `=11` kept, `~11` updated, `+Title` new,
/// `+11 Title` made again.
fn short(module: &MergedModule) -> String {
    let id = module.id.map_or(0, |ModuleId(id)| id.as_u128());
    let tasks = module.tasks.iter().map(|task| match task {
        MergedTask::Kept(id) => format!(" ={}", id.uuid().as_u128()),
        MergedTask::Updated(id, _) => format!(" ~{}", id.uuid().as_u128()),
        MergedTask::Added(None, task) => format!(" +{}", task.title),
        MergedTask::Added(Some(id), task) => format!(" +{} {}", id.uuid().as_u128(), task.title),
    });
    format!("{id} {}:{}", module.title, tasks.collect::<String>())
}

fn shorts(merged: &Merged) -> Vec<String> {
    merged.modules.iter().map(short).collect()
}

#[test]
fn a_task_the_model_continues_keeps_its_id_and_takes_the_new_content() {
    let present = plan(vec![module(1, "A", vec![task(11, "Read"), task(12, "Tie")])]);
    let result = merged(&present, vec![wanted("New", vec![proposed(Some(12), "Bowline"), proposed(None, "Sail")])]);
    assert_eq!(shorts(&result), ["1 New: ~12 +Sail"]);
    let MergedTask::Updated(_, content) = &result.modules[0].tasks[0] else { panic!("{result:?}") };
    assert_eq!((content.title.as_str(), content.minutes), ("Bowline", 20));
    assert!(result.modules[0].existing);
}

#[test]
fn completed_started_and_pinned_tasks_keep_their_content_and_follow_the_proposed_place() {
    let started = SnapshotTask { status: ProgressStatus::InProgress, ..task(12, "Tie") };
    let pinned = SnapshotTask { pinned: true, ..task(13, "Row") };
    let present = plan(vec![module(1, "A", vec![done(11, "Read"), started, pinned])]);
    let all = vec![proposed(Some(13), "x"), proposed(None, "Sail"), proposed(Some(11), "y"), proposed(Some(12), "z")];
    assert_eq!(shorts(&merged(&present, vec![wanted("A", all)])), ["1 A: =13 +Sail =11 =12"]);
}

#[test]
fn what_must_stay_goes_to_the_front_of_the_module_that_took_most_of_its_neighbours() {
    let tasks = vec![task(11, "a"), task(12, "b"), task(13, "c"), done(14, "d"), done(15, "e")];
    let present = plan(vec![module(1, "A", tasks)]);
    let one = wanted("One", vec![proposed(Some(11), "a")]);
    let two = wanted("Two", vec![proposed(Some(12), "b"), proposed(Some(13), "c")]);
    assert_eq!(shorts(&merged(&present, vec![one, two])), ["0 One: ~11", "1 Two: =14 =15 ~12 ~13"]);
}

#[test]
fn of_two_modules_that_took_as_many_the_first_goes_on() {
    let present = plan(vec![module(1, "A", vec![task(11, "a"), task(12, "b"), done(13, "c")])]);
    let one = wanted("One", vec![proposed(Some(12), "b")]);
    let two = wanted("Two", vec![proposed(Some(11), "a")]);
    assert_eq!(shorts(&merged(&present, vec![one, two])), ["1 One: =13 ~12", "0 Two: ~11"]);
}

#[test]
fn a_module_of_the_same_title_goes_on_when_no_task_does() {
    let present = plan(vec![module(1, "First steps", vec![done(11, "a"), task(12, "b")])]);
    let modules = vec![wanted("Other", vec![proposed(None, "x")]), wanted(" first STEPS", vec![proposed(None, "y")])];
    assert_eq!(shorts(&merged(&present, modules)), ["0 Other: +x", "1  first STEPS: =11 +y"]);
}

#[test]
fn a_module_without_tasks_comes_back_when_it_is_named_and_only_then() {
    let former = plan(vec![module(1, "A", vec![task(11, "a")]), module(2, "To be filled", vec![])]);
    let present = plan(vec![module(1, "A", vec![task(11, "a")])]);
    assert_eq!(shorts(&merge(&present, proposal_of_snapshot(&former))), ["1 A: ~11", "2 To be filled:"]);
    assert_eq!(shorts(&merge(&former, proposal_of_snapshot(&former))), ["1 A: ~11", "2 To be filled:"]);
    assert_eq!(
        shorts(&merged(&former, vec![wanted("New", vec![proposed(None, "x")]), wanted("Empty", vec![])])),
        ["0 New: +x"]
    );
}

#[test]
fn a_module_that_nothing_continues_stays_with_what_is_done_after_its_predecessor() {
    let present = plan(vec![
        module(1, "Zero", vec![done(11, "a"), task(12, "b")]),
        module(2, "One", vec![task(21, "c")]),
        module(3, "Two", vec![done(31, "d"), task(32, "e")]),
        module(4, "Three", vec![done(41, "f")]),
        module(5, "Four", vec![task(51, "g")]),
    ]);
    let modules = vec![wanted("New", vec![proposed(None, "x")]), wanted("Goes on", vec![proposed(Some(21), "c")])];
    let result = merged(&present, modules);
    assert_eq!(shorts(&result), ["1 Zero: =11", "0 New: +x", "2 Goes on: ~21", "3 Two: =31", "4 Three: =41"]);
    assert_eq!((result.modules[0].minutes, result.modules[2].minutes), (90, 60));
}

#[test]
fn a_lineage_used_twice_or_unknown_is_a_new_task() {
    let present = plan(vec![module(1, "A", vec![done(11, "a")])]);
    let tasks = vec![proposed(Some(11), "a"), proposed(Some(11), "again"), proposed(Some(99), "stale")];
    assert_eq!(shorts(&merged(&present, vec![wanted("A", tasks)])), ["1 A: =11 +again +stale"]);
}

#[test]
fn modules_without_tasks_are_left_out() {
    let present = plan(vec![module(1, "A", vec![task(11, "a")]), module(2, "B", vec![done(21, "b")])]);
    assert_eq!(shorts(&merged(&present, vec![wanted("A", vec![]), wanted("B", vec![])])), ["2 B: =21"]);
    assert_eq!(shorts(&merged(&plan(vec![]), vec![])), [""; 0]);
}

#[test]
fn a_restore_brings_modules_and_tasks_back_under_their_ids_with_their_progress() {
    let former = plan(vec![module(1, "A", vec![task(11, "a"), done(12, "b")]), module(2, "B", vec![task(21, "c")])]);
    let present = plan(vec![
        module(3, "New", vec![done(31, "new"), task(32, "newer"), task(21, "c, rewritten")]),
        module(1, "A", vec![task(11, "a, rewritten")]),
    ]);
    let result = merge(&present, proposal_of_snapshot(&former));
    assert_eq!(shorts(&result), ["1 A: ~11 +12 b", "2 B: =31 ~21"]);
    assert_eq!(result.modules.iter().map(|module| module.existing).collect::<Vec<_>>(), [true, false]);
    let MergedTask::Added(Some(_), again) = &result.modules[0].tasks[1] else { panic!("{result:?}") };
    assert!(matches!(again.former, Some((ProgressStatus::Completed, Some(_)))));
}

#[test]
fn a_restored_module_takes_its_own_id_back_even_when_its_tasks_have_moved() {
    let former = plan(vec![module(1, "A", vec![task(11, "a"), task(12, "b")]), module(2, "B", vec![task(21, "c")])]);
    let present = plan(vec![module(1, "A", vec![task(21, "c")]), module(2, "B", vec![task(11, "a"), task(12, "b")])]);
    let result = merge(&present, proposal_of_snapshot(&former));
    assert_eq!(shorts(&result), ["1 A: ~11 ~12", "2 B: ~21"]);
    assert_eq!(
        (result.modules[0].id, &result.modules[1].tasks[..1]),
        (Some(module_id(1)), &result.modules[1].tasks[..])
    );
    assert!(matches!(result.modules[1].tasks[0], MergedTask::Updated(id, _) if id == task_id(21)));
}
