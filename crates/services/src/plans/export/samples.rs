//! A small plan with any title in every place, for the tests of the downloads.

use chrono::{NaiveDate, TimeZone as _, Utc};
use uuid::Uuid;
use waymark_domain::ids::{ModuleId, TaskId};
use waymark_domain::plans::{
    LearningStyle, PlanSnapshot, ProgressStatus, ResourceType, SkillLevel, SnapshotLink, SnapshotModule, SnapshotTask,
};
use waymark_domain::schedules::{Day, Fit, Schedule, Session, Totals, Week};

/// Titles that break what escapes badly.
pub fn hostile() -> Vec<String> {
    let plain = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "# x #",
        "1. one",
        "1) one",
        "> quote",
        "- [x] done",
        "* * *",
        "---",
        "```sh",
        "`a`",
        "a|b|c",
        "[x](http://y)",
        "![x](y)",
        "<script>alert(1)</script>",
        "<!-- x",
        "&lt;b&gt; &amp;",
        "**b** __c__ ~~d~~",
        "a\\",
        "\\n \\, \\;",
        "one, two; three: four",
        "line\nbreak",
        "carriage\r\nreturn",
        "tab\there",
        "nul\u{0}bell\u{7}",
        "END:VEVENT\r\nBEGIN:VALARM",
        "BEGIN:VCALENDAR",
        "https://example.org/?a=1&b=2",
        "www.example.org, (WWW.example.org) and _www.example.org",
        "somebody@example.org or @somebody",
        "{#id .class}",
        "$x$ ^y^ H~2~O",
        "[[wiki]] [^1] [ ]",
        ": definition",
        "naïve 学习 🎓👩‍🏫 שלום",
        "\"quoted\" 'single'",
        "%0D%0A",
        "a  b",
        "::: warning",
    ];
    let long = ["é".repeat(500), "🎓".repeat(200), "word ".repeat(100).trim().to_owned(), ",;\\".repeat(160)];
    plain.into_iter().map(str::to_owned).chain(long).collect()
}

fn task(number: u128, title: &str, status: ProgressStatus) -> SnapshotTask {
    let link = SnapshotLink {
        kind: ResourceType::Article,
        title: title.to_owned(),
        url: "https://example.org/a?b=c&d=e".to_owned(),
        notes: Some(title.to_owned()),
    };
    SnapshotTask {
        id: TaskId(Uuid::from_u128(number)),
        title: title.to_owned(),
        description: Some(format!("{title}\n\n{title}\n{title}")),
        estimated_minutes: 60,
        pinned: true,
        status,
        completed_at: (status == ProgressStatus::Completed)
            .then(|| Utc.with_ymd_and_hms(2026, 12, 1, 10, 0, 0).unwrap()),
        has_micro_explanation: false,
        explanation: None,
        resources: vec![link],
    }
}

/// Two tasks: one done, one open.
pub fn plan(title: &str) -> PlanSnapshot {
    let tasks = vec![task(1, title, ProgressStatus::Completed), task(2, title, ProgressStatus::InProgress)];
    PlanSnapshot {
        topic: title.to_owned(),
        notes: Some(title.to_owned()),
        skill_level: SkillLevel::Beginner,
        learning_style: LearningStyle::Mixed,
        weekly_hours: 5,
        start_date: NaiveDate::from_ymd_opt(2026, 12, 1),
        deadline_date: NaiveDate::from_ymd_opt(2026, 12, 14),
        modules: vec![SnapshotModule {
            id: ModuleId(Uuid::from_u128(9)),
            title: title.to_owned(),
            description: Some(title.to_owned()),
            estimated_minutes: 120,
            tasks,
        }],
    }
}

/// The open task in two sessions, the second of which lacks half an hour.
pub fn schedule(plan: &PlanSnapshot) -> Schedule {
    let open =
        plan.modules.iter().flat_map(|module| &module.tasks).filter(|task| task.status != ProgressStatus::Completed);
    let date = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
    let sessions: Vec<Session> = open
        .flat_map(|task| {
            (1..=2_u32).map(|part| {
                let start_local = date.and_hms_opt(8 + part, 0, 0).unwrap();
                let start = Utc.from_utc_datetime(&start_local);
                let long = chrono::TimeDelta::minutes(30);
                Session {
                    task_id: task.id,
                    part,
                    parts: 2,
                    start_local,
                    end_local: start_local + long,
                    start,
                    end: start + long,
                    minutes: 30,
                }
            })
        })
        .collect();
    let (count, minutes) = (u32::try_from(sessions.len()).unwrap(), 30 * u32::try_from(sessions.len()).unwrap());
    let day = Day { date, minutes, sessions };
    Schedule {
        timezone: "UTC".to_owned(),
        start: date,
        end: Some(date),
        weeks: vec![Week { number: 1, start: date, end: date + chrono::Days::new(6), minutes, days: vec![day] }],
        totals: Totals { tasks: 1, minutes: 90, minutes_placed: minutes.into(), sessions: count },
        fit: Fit { fits: false, minutes_short: 30, first_missing: None, weekly_hours_needed: Some(6) },
    }
}
