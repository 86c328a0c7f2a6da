//! Which inputs a plan has after its regeneration.

use super::*;
use waymark_domain::plans::{LearningStyle, SkillLevel};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The plan as the learner has it at the end: other notes, hours and dates than at the beginning.
fn present() -> PlanSnapshot {
    PlanSnapshot {
        topic: "Sailing".to_owned(),
        notes: Some("A small boat".to_owned()),
        skill_level: SkillLevel::Beginner,
        learning_style: LearningStyle::Mixed,
        weekly_hours: 9,
        start_date: Some(date("2026-12-10")),
        deadline_date: Some(date("2026-12-20")),
        modules: Vec::new(),
    }
}

/// What the regeneration was accepted with.
fn asked() -> PlanBrief {
    PlanBrief {
        topic: "Sailing alone".to_owned(),
        notes: None,
        skill_level: SkillLevel::Advanced,
        learning_style: LearningStyle::Practice,
        weekly_hours: 4,
        start_date: date("2026-11-23"),
        deadline_date: date("2026-12-05"),
        task_capacity: None,
        present: Vec::new(),
    }
}

#[test]
fn what_is_not_overridden_stays_as_the_learner_has_it_by_now() {
    let (present, asked) = (present(), asked());
    assert_eq!(inputs(&present, &asked, &[]), PlanInputs::of(&present));
    let after = inputs(&present, &asked, &[PlanInput::Topic, PlanInput::Notes]);
    assert_eq!(after, PlanInputs { topic: "Sailing alone", notes: None, ..PlanInputs::of(&present) });
    let all = inputs(&present, &asked, PlanInput::ALL);
    assert_eq!((all.weekly_hours, all.skill_level, all.learning_style), (4, asked.skill_level, asked.learning_style));
    assert_eq!((all.start_date, all.deadline_date), (Some(asked.start_date), Some(asked.deadline_date)));
}

/// The dates after a regeneration that overrides one input, of a plan that has these by now.
fn dates_after(present_dates: [&str; 2], overridden: PlanInput) -> [String; 2] {
    let [start, deadline] = present_dates.map(date);
    let present = PlanSnapshot { start_date: Some(start), deadline_date: Some(deadline), ..present() };
    let asked = asked();
    let after = inputs(&present, &asked, &[overridden]);
    [after.start_date, after.deadline_date].map(|date| date.unwrap().to_string())
}

#[test]
fn dates_that_exclude_each_other_are_those_the_content_was_made_for() {
    let present = ["2026-12-10", "2026-12-20"];
    assert_eq!(dates_after(present, PlanInput::DeadlineDate), ["2026-11-23", "2026-12-05"]);
}

#[test]
fn dates_that_make_a_longer_plan_than_was_ever_allowed_are_those_the_content_was_made_for() {
    // 12 days were asked for. The learner has moved the plan away from them, or made it shorter or longer.
    for (present, after) in [
        (["2026-12-10", "2026-12-20"], ["2026-11-23", "2026-12-05"]),
        (["2026-11-28", "2026-12-04"], ["2026-11-23", "2026-12-04"]),
        (["2026-11-30", "2026-12-06"], ["2026-11-23", "2026-12-05"]),
        (["2026-11-25", "2026-12-20"], ["2026-11-23", "2026-12-05"]),
        (["2026-11-20", "2026-12-20"], ["2026-11-23", "2026-12-20"]),
    ] {
        assert_eq!(dates_after(present, PlanInput::StartDate), after, "{present:?}");
    }
}
