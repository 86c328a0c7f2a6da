//! Tests of a course that takes the place of a plan: what must stay is in it once, and the rest follows the new brief.

use super::*;
use crate::generation::plan_parser::{ParserLimits, PlanParser};
use ProgressStatus::{Completed, InProgress, NotStarted};
use chrono::NaiveDate;
use waymark_domain::generation::normalise_module;
use waymark_domain::plans::{LearningStyle, ProgressStatus, SkillLevel};

fn brief(topic: &str, present: Vec<PresentModule>) -> PlanBrief {
    PlanBrief {
        topic: topic.to_owned(),
        notes: None,
        skill_level: SkillLevel::Beginner,
        learning_style: LearningStyle::Mixed,
        weekly_hours: 5,
        start_date: NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(),
        deadline_date: NaiveDate::from_ymd_opt(2026, 12, 14).unwrap(),
        task_capacity: Some(16),
        present,
    }
}

/// The course for `topic` as it stands when `status` says how far its tasks are, by their number from 1.
fn present(topic: &str, status: impl Fn(usize) -> ProgressStatus) -> Vec<PresentModule> {
    let mut number = 0;
    let mut task = |title: String, minutes| {
        number += 1;
        PresentTask { key: format!("t{number}"), title, minutes, status: status(number), pinned: false }
    };
    let modules = course::plan(&brief(topic, Vec::new())).modules.into_iter();
    modules
        .map(|module| PresentModule {
            title: module.title,
            tasks: module.tasks.into_iter().map(|old| task(old.title, old.estimated_minutes)).collect(),
        })
        .collect()
}

/// `modules` of `tasks` each, none like anything the outline makes.
fn foreign(modules: usize, tasks: usize, status: ProgressStatus) -> Vec<PresentModule> {
    let task = |module: usize, task: usize| PresentTask {
        key: format!("t{}", module * tasks + task + 1),
        title: format!("Foreign task {module}.{task}"),
        minutes: 20,
        status,
        pinned: false,
    };
    let module = |at| PresentModule {
        title: format!("Foreign module {at}"),
        tasks: (0..tasks).map(|place| task(at, place)).collect(),
    };
    (0..modules).map(module).collect()
}

fn keys(course: &Course) -> Vec<&str> {
    course.modules.iter().flat_map(|module| &module.tasks).filter_map(|task| task.key.as_deref()).collect()
}

fn count(course: &Course) -> usize {
    course.modules.iter().map(|module| module.tasks.len()).sum()
}

fn titles(course: &Course) -> Vec<&str> {
    course.modules.iter().map(|module| module.title.as_str()).collect()
}

#[test]
fn without_a_present_plan_the_course_is_the_usual_one_without_keys() {
    let text = serde_json::to_string(&plan(&brief("Rust", Vec::new()))).unwrap();
    assert_eq!(text, serde_json::to_string(&course::plan(&brief("Rust", Vec::new()))).unwrap());
    assert!(!text.contains("\"key\""));
}

#[test]
fn the_same_topic_again_keeps_every_task_by_its_key() {
    let brief = brief("Rust", present("Rust", |number| if number == 2 { Completed } else { NotStarted }));
    let course = plan(&brief);
    let expected: Vec<String> = (1..=16).map(|number| format!("t{number}")).collect();
    assert_eq!(keys(&course), expected);
    assert_eq!(count(&course), 16);
    let [first, second] = course.modules[0].tasks.first_chunk().unwrap();
    assert_eq!(first.resources.len(), 2, "a task that may change is made anew");
    assert!(second.resources.is_empty() && second.description.is_empty(), "what must stay is only named");
}

#[test]
fn a_title_is_found_again_in_another_case_and_spacing_and_each_task_once() {
    let mut present = present("Rust", |_| NotStarted);
    let again = PresentTask { key: "t99".to_owned(), ..present[0].tasks[0].clone() };
    present[3].tasks.push(again);
    present[0].tasks[0].title = present[0].tasks[0].title.to_uppercase().replace(' ', "  ");
    let course = plan(&brief("Rust", present));
    assert_eq!(course.modules[0].tasks[0].key.as_deref(), Some("t1"));
    assert!(!keys(&course).contains(&"t99"), "a second task of that title has no successor");
}

#[test]
fn another_topic_keeps_only_what_must_stay_in_its_old_module_in_front() {
    let mut old = present("Rust", |number| match number {
        1 => Completed,
        6 => InProgress,
        _ => NotStarted,
    });
    old[1].tasks[3].pinned = true;
    let course = plan(&brief("the violin", old));
    assert_eq!(keys(&course), ["t1", "t6", "t8"]);
    assert_eq!(
        titles(&course),
        [
            "Foundations of Rust",
            "Core skills in Rust",
            "Foundations of the violin",
            "Core skills in the violin",
            "Guided practice in the violin",
            "A project of your own in the violin"
        ]
    );
    assert_eq!(course.modules[0].description, KEPT);
    assert_eq!(count(&course), 16, "the new tasks make room for what stays");
}

#[test]
fn what_must_stay_goes_to_the_front_of_the_module_that_took_its_neighbours() {
    let mut old = present("Rust", |_| NotStarted);
    old[1].tasks.push(PresentTask {
        key: "mine".to_owned(),
        title: "My own idea".to_owned(),
        minutes: 45,
        status: Completed,
        pinned: false,
    });
    let course = plan(&brief("Rust", old));
    let module = &course.modules[1];
    assert_eq!(module.tasks[0].key.as_deref(), Some("mine"));
    assert_eq!(count(&course), 16);
    let minutes: u32 = module.tasks.iter().map(|task| task.estimated_minutes).sum();
    assert_eq!(module.estimated_minutes, minutes);
    let length = format!("about {} h {} min at 5 hours", minutes / 60, minutes % 60);
    assert!(module.description.contains(&length), "{}", module.description);
}

#[test]
fn no_size_of_the_present_plan_breaks_the_bounds_or_loses_what_must_stay() {
    for status in [NotStarted, InProgress, Completed] {
        for modules in 1..=14 {
            for tasks in [1, 2, 7, 20, 25] {
                let brief = brief("the violin", foreign(modules, tasks, status));
                let course = plan(&brief);
                assert!(course.modules.len() <= MAX_MODULES, "{modules} x {tasks}");
                assert!(course.modules.iter().all(|module| (1..=MAX_TASKS).contains(&module.tasks.len())));
                assert!(course.modules.iter().all(|module| (15..=480).contains(&module.estimated_minutes)));
                let kept = keys(&course);
                let unique: HashSet<&str> = kept.iter().copied().collect();
                assert_eq!(unique.len(), kept.len(), "no key twice");
                let staying: HashSet<&str> = brief
                    .shown()
                    .flat_map(|(_, tasks)| tasks)
                    .filter(|task| task.must_stay())
                    .map(|task| task.key.as_str())
                    .collect();
                assert_eq!(unique, staying, "{modules} x {tasks}");
            }
        }
    }
}

#[test]
fn a_course_that_holds_old_modules_is_an_answer_the_parser_takes() {
    let mut old = present("Rust", |number| if number % 3 == 0 { Completed } else { NotStarted });
    old.extend(foreign(8, 3, InProgress));
    let brief = brief("Rust", old);
    let text = serde_json::to_string(&plan(&brief)).unwrap();
    let mut parser = PlanParser::new(ParserLimits::default());
    let mut modules = Vec::new();
    parser.feed(&text, &mut modules).unwrap();
    parser.finish().unwrap();
    let course = plan(&brief);
    assert_eq!(modules.len(), course.modules.len());
    let drafts: Vec<_> = modules.into_iter().map(|module| normalise_module(module).unwrap().module).collect();
    let read: Vec<&str> =
        drafts.iter().flat_map(|module| &module.tasks).filter_map(|task| task.key.as_deref()).collect();
    assert_eq!(read, keys(&course));
    assert_eq!(text, serde_json::to_string(&plan(&brief)).unwrap(), "equal briefs give equal courses");
}
