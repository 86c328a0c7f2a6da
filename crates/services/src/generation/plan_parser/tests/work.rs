//! How much work and memory an answer takes, counted in steps rather than time.

use crate::generation::plan_parser::{ParseError, ParserLimits, PlanParser};

fn roomy() -> ParserLimits {
    ParserLimits {
        max_chars: usize::MAX,
        max_module_bytes: usize::MAX,
        max_modules: usize::MAX,
        ..ParserLimits::default()
    }
}

/// Steps a byte, the most over some chunkings; `limits` decide whether the reading ends early.
fn steps_a_byte(answer: &[u8], limits: ParserLimits) -> f64 {
    let of = |size: usize| {
        let mut parser = PlanParser::new(limits);
        let mut modules = Vec::new();
        let _ = answer.chunks(size).try_for_each(|piece| {
            modules.clear();
            parser.feed_bytes(piece, &mut modules)
        });
        u32::try_from(parser.steps()).unwrap()
    };
    let most = [1, 4, 1000, usize::MAX].into_iter().map(of).max().unwrap();
    f64::from(most) / f64::from(u32::try_from(answer.len()).unwrap())
}

fn plan(bytes: usize) -> String {
    let task =
        r#"{"title": "Read \"x\" \ud83d\ude00", "estimated_minutes": 30, "resources": [{"url": "https://a.b/"}]}"#;
    let module = format!(r#"{{"title": "M", "description": "{}", "tasks": [{task}, {task}]}}"#, "words ".repeat(50));
    let modules = vec![module.as_str(); bytes / module.len() + 1];
    format!(r#"{{"modules": [{}]}}"#, modules.join(", "))
}

#[test]
fn the_work_a_byte_is_the_same_at_every_size() {
    for size in [1_000, 10_000, 100_000, 1_000_000] {
        let steps = steps_a_byte(plan(size).as_bytes(), roomy());
        assert!(steps <= 5.0, "{steps} steps a byte at {size}");
    }
}

#[test]
fn no_answer_is_worth_more_than_a_few_steps_a_byte() {
    let openers = [
        "{",
        "[",
        "[{",
        "{\"",
        "{\"a",
        "<",
        "<t",
        "<think>",
        "</think>",
        "{{\"",
        "[{\"a\":",
        "{\"a\":1}",
        "[{}],",
        "\\",
        "\"",
        "{\"a\":x",
        "{\"modules\":",
        "{\"modules\":[]}",
        "{\"modules\":[1,",
        "<think><",
        "[ ",
        "{\"\\",
        "é",
        "[{\"tasks\":1},",
    ];
    let begun = ["", "{\"modules\":[", "{\"modules\":[{\"a\":\"", "[{\"a\":\"", "<think>", "{\"a\":\""];
    for begin in begun {
        for opener in openers {
            let answer = format!("{begin}{}", opener.repeat(40_000));
            let steps = steps_a_byte(answer.as_bytes(), roomy());
            assert!(steps <= 9.0, "{steps} steps a byte for {begin} and {opener}");
        }
    }
}

#[test]
fn a_long_module_of_broken_escapes_is_mended_in_one_pass() {
    let answer = format!(r#"{{"modules": [{{"title": "{}"}}]}}"#, "\\ud800".repeat(50_000));
    let steps = steps_a_byte(answer.as_bytes(), roomy());
    assert!(steps <= 9.0, "{steps}");
}

#[test]
fn ten_megabytes_of_garbage_are_refused_early_and_kept_nowhere() {
    for garbage in ["{\"a\": ", "x", "[{\"a\": \"", "<think>", "{\"modules\": [", "é{"] {
        let garbage = garbage.repeat(10_000_000 / garbage.len());
        for size in [4_096, usize::MAX] {
            let mut parser = PlanParser::new(ParserLimits::default());
            let mut modules = Vec::new();
            let end = garbage.as_bytes().chunks(size).try_for_each(|piece| parser.feed_bytes(piece, &mut modules));
            assert!(end.is_err() && modules.is_empty());
            assert!(parser.steps() <= 9 * 400_000, "{} steps", parser.steps());
            assert_eq!(parser.module.capacity(), 0, "nothing is kept after an error");
        }
    }
}

#[test]
fn only_the_current_module_is_kept_in_memory() {
    let limits = ParserLimits { max_module_bytes: 64 * 1024, ..roomy() };
    let mut parser = PlanParser::new(limits);
    let mut modules = Vec::new();
    for piece in plan(1_000_000).as_bytes().chunks(7) {
        modules.clear();
        parser.feed_bytes(piece, &mut modules).unwrap();
        assert!(parser.module.capacity() <= 4_096, "{}", parser.module.capacity());
    }
    assert!(parser.finish().is_ok());
    let mut parser = PlanParser::new(ParserLimits::default());
    let endless = format!("{{\"modules\": [{{\"a\": \"{}", "x".repeat(150_000));
    let end = endless.as_bytes().chunks(100).try_for_each(|piece| {
        let fed = parser.feed_bytes(piece, &mut modules);
        assert!(parser.module.capacity() <= 128 * 1024);
        fed
    });
    assert_eq!(end, Err(ParseError::ModuleTooLarge));
}
