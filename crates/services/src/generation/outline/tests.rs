//! Tests of the built-in course: its size fits the learner's time, and its texts fit the learner.

use super::course::{Course, plan};
use super::*;
use chrono::{Days, NaiveDate};
use std::collections::HashSet;
use waymark_domain::generation::Pace;
use waymark_domain::plans::{LearningStyle, SkillLevel};

fn brief(level: SkillLevel, style: LearningStyle, hours: u8, days: u64, capacity: Option<u32>) -> PlanBrief {
    let start_date = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
    PlanBrief {
        topic: "Learn watercolour painting".to_owned(),
        notes: None,
        skill_level: level,
        learning_style: style,
        weekly_hours: hours,
        start_date,
        deadline_date: start_date + Days::new(days - 1),
        task_capacity: capacity,
        present: Vec::new(),
    }
}

fn usual() -> PlanBrief {
    brief(SkillLevel::Beginner, LearningStyle::Mixed, 6, 28, None)
}

fn every_brief() -> impl Iterator<Item = PlanBrief> {
    SkillLevel::ALL.iter().flat_map(|level| {
        LearningStyle::ALL.iter().flat_map(move |style| {
            [(1, 7), (5, 14), (10, 40), (80, 366)].into_iter().flat_map(move |(hours, days)| {
                let capacities = (0..=40).map(Some).chain([None]);
                capacities.map(move |capacity| brief(*level, *style, hours, days, capacity))
            })
        })
    })
}

fn sizes(course: &Course) -> Vec<usize> {
    course.modules.iter().map(|module| module.tasks.len()).collect()
}

#[test]
fn a_course_never_has_more_tasks_than_fit() {
    for brief in every_brief() {
        let sizes = sizes(&plan(&brief));
        let total: usize = sizes.iter().sum();
        let capacity = brief.task_capacity.map_or(36, |tasks| tasks.max(1) as usize);
        assert!(total <= capacity, "{total} tasks for {brief:?}");
        assert!(sizes.len() <= 6 && sizes.iter().all(|tasks| (1..=6).contains(tasks)), "{sizes:?}");
        if capacity >= 9 {
            assert!(sizes.len() >= 3 && sizes.iter().all(|tasks| *tasks >= 3), "{sizes:?} for {capacity}");
        }
    }
}

#[test]
fn minutes_are_within_bounds_and_within_the_average() {
    for brief in every_brief() {
        for module in plan(&brief).modules {
            assert!((15..=480).contains(&module.estimated_minutes), "{}", module.estimated_minutes);
            assert_eq!(module.estimated_minutes, module.tasks.iter().map(|task| task.estimated_minutes).sum::<u32>());
            for task in module.tasks {
                assert!((5..=Pace::of(brief.skill_level).minutes()).contains(&task.estimated_minutes));
            }
        }
    }
}

#[test]
fn more_time_makes_a_larger_course() {
    let size = |hours, days| sizes(&plan(&brief(SkillLevel::Beginner, LearningStyle::Video, hours, days, None)));
    assert_eq!(size(2, 7), [3, 3, 3]);
    assert_eq!(size(5, 14), [4, 4, 4, 4]);
    assert_eq!(size(10, 30), [5, 5, 5, 5, 5]);
    assert_eq!(size(20, 90), [6, 6, 6, 6, 6, 6]);
}

#[test]
fn texts_are_short_enough_specific_and_complete() {
    let mut long = usual();
    long.topic = "the history of everything ".repeat(8).trim().to_owned();
    long.notes = Some("I have read a lot already. ".repeat(60));
    for brief in every_brief().chain([long]) {
        let mut titles = HashSet::new();
        for module in plan(&brief).modules {
            for text in [&module.title, &module.description]
                .into_iter()
                .chain(module.tasks.iter().flat_map(|task| [&task.title, &task.description]))
            {
                assert!(!text.contains(['{', '}']), "a hole is left: {text}");
            }
            assert!(module.title.chars().count() <= 200 && module.description.chars().count() <= 2000);
            for task in &module.tasks {
                assert!(task.title.chars().count() <= 200 && task.description.chars().count() <= 2000);
                assert!(titles.insert(task.title.clone()), "twice: {}", task.title);
                assert!(task.title.contains(&wording::subject(&brief.topic)), "of any course: {}", task.title);
            }
        }
    }
}

#[test]
fn the_topic_level_and_style_show() {
    let course = plan(&usual());
    assert_eq!(course.modules[0].title, "Foundations of watercolour painting");
    assert_eq!(course.modules[0].tasks[0].title, "Get to know the big picture of watercolour painting");
    assert!(course.modules[0].description.contains("Week 1 of 4, about"), "{}", course.modules[0].description);
    let expert = plan(&brief(SkillLevel::Advanced, LearningStyle::Video, 6, 28, None));
    assert_eq!(expert.modules[0].tasks[0].title, "Scrutinise the big picture of watercolour painting");
    assert_eq!(
        expert.modules[0].tasks[0].resources[0].url,
        "https://www.youtube.com/results?search_query=watercolour+painting+introduction+overview"
    );
    let noted = plan(&PlanBrief { notes: Some("for my  father's garden".to_owned()), ..usual() });
    assert!(noted.modules[0].description.ends_with("what you noted: “for my father's garden”"));
}

#[test]
fn every_task_has_two_safe_links_that_differ() {
    for mut brief in every_brief() {
        brief.topic = "C++ & <b>\"x\"</b> 学习 #1".to_owned();
        for task in plan(&brief).modules.into_iter().flat_map(|module| module.tasks) {
            let urls: HashSet<String> = task.resources.iter().map(|link| link.url.clone()).collect();
            assert_eq!(urls.len(), 2);
            for link in urls {
                let parsed = url::Url::parse(&link).unwrap();
                assert_eq!(parsed.scheme(), "https");
                assert!(link.len() <= 2000);
                assert!(parsed.fragment().is_none() && parsed.query_pairs().count() == 1, "{link}");
            }
        }
    }
}

#[test]
fn equal_briefs_give_equal_bytes() {
    assert_eq!(outline(&usual()).unwrap(), outline(&usual()).unwrap());
}

#[tokio::test]
async fn the_stream_is_the_outline_in_pieces_with_usage_and_an_end() {
    let provider = OutlineProvider::new(OutlinePace { chunk_chars: 7, delay: Duration::ZERO });
    let request = ModelRequest {
        model: OUTLINE_MODEL.clone(),
        brief: PlanBrief { topic: "漢字 ✍️".to_owned(), ..usual() },
    };
    let expected = outline(&request.brief).unwrap();
    let chunks: Vec<ModelChunk> = provider.stream(request).await.unwrap().map(Result::unwrap).collect().await;
    let text: String = chunks
        .iter()
        .filter_map(|chunk| if let ModelChunk::Text(text) = chunk { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(text, expected);
    assert!(matches!(&chunks[0], ModelChunk::Call { model: Some(model), .. } if model == "waymark/outline"));
    assert!(
        matches!(&chunks[chunks.len() - 2], ModelChunk::Usage(usage) if usage.provider_cost_microusd == Some(0) && usage.output_tokens > 100)
    );
    assert_eq!(chunks.last(), Some(&ModelChunk::Finished));
}

#[test]
fn a_usual_course_takes_six_to_ten_seconds() {
    let chunks = outline(&usual()).unwrap().chars().count() / OutlinePace::default().chunk_chars;
    let seconds = (OutlinePace::default().delay * u32::try_from(chunks).unwrap()).as_secs_f64();
    assert!((5.0..=11.0).contains(&seconds), "{seconds}");
}
