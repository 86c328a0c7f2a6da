//! Single answers, each a way in which models write.

mod properties;
mod work;

use super::{ParseError, ParsedTail, ParserLimits, PlanParser};
use waymark_domain::generation::{FailureClass, RawModule};

/// Reads `answer` in pieces of `size` bytes.
fn parse_in(size: usize, limits: ParserLimits, answer: &str) -> (Vec<RawModule>, Result<ParsedTail, ParseError>) {
    let mut parser = PlanParser::new(limits);
    let mut modules = Vec::new();
    for piece in answer.as_bytes().chunks(size) {
        if let Err(error) = parser.feed_bytes(piece, &mut modules) {
            return (modules, Err(error));
        }
    }
    (modules, parser.finish())
}

/// Reads `answer` whole, and sees that reading it byte by byte is the same.
fn parse(answer: &str) -> (Vec<RawModule>, Result<ParsedTail, ParseError>) {
    let whole = parse_in(usize::MAX, ParserLimits::default(), answer);
    assert_eq!(parse_in(1, ParserLimits::default(), answer), whole, "byte by byte: {answer}");
    whole
}

fn titles(answer: &str) -> Vec<String> {
    let (modules, end) = parse(answer);
    assert!(end.is_ok(), "{end:?}: {answer}");
    modules.into_iter().map(|module| module.title.unwrap_or_default()).collect()
}

fn error(answer: &str) -> ParseError {
    parse(answer).1.unwrap_err()
}

const PLAN: &str = r#"{"modules": [{"title": "A", "tasks": [{"title": "t"}]}, {"title": "B", "tasks": []}]}"#;

#[test]
fn a_module_comes_out_with_its_last_byte() {
    let mut parser = PlanParser::new(ParserLimits::default());
    let mut modules = Vec::new();
    let closing: Vec<usize> = PLAN.match_indices("]}").map(|(at, _)| at + 1).take(2).collect();
    for (at, byte) in PLAN.bytes().enumerate() {
        parser.feed_bytes(&[byte], &mut modules).unwrap();
        assert_eq!(modules.len(), closing.iter().filter(|close| **close <= at).count(), "at byte {at}");
        assert_eq!(parser.is_complete(), at + 1 == PLAN.len());
    }
    let tail = parser.finish().unwrap();
    assert_eq!((tail.modules_seen, tail.modules_kept, tail.bytes), (2, 2, PLAN.len() as u64));
}

#[test]
fn what_stands_around_the_plan_is_skipped() {
    for before in [
        "",
        "\u{FEFF}",
        "Sure! Here it is:\n```json\n",
        "Here is {a plan}: ",
        "I use { and [ and \" freely. ",
        "See [1] and [{]: ",
        "{} [] [{}] {\"answer\": 42} ",
        "[{\"note\": \"x\"}] ",
        "[ [[",
        "{{",
        "{\"",
        "{\"a\": [1, 2",
        "{\"modules\": []} or ",
        "{\"modules\": null} {\"modules\": [1, null, [{}]]} ",
        "a < b, <b>bold</b>, <{",
    ] {
        for after in ["", "\n```\nGood luck { \" [ } ", " {\"modules\": [{\"title\": \"late\"}]}", "]]}}"] {
            assert_eq!(titles(&format!("{before}{PLAN}{after}")), ["A", "B"], "{before} .. {after}");
        }
    }
}

#[test]
fn a_text_left_open_in_prose_does_not_swallow_the_plan() {
    assert_eq!(titles(&format!("{{\"so to say: {PLAN}")), ["A", "B"]);
    assert_eq!(titles(&format!("{{\"so to say:\n {PLAN}")), ["A", "B"]);
}

#[test]
fn thoughts_are_no_answer() {
    let draft = r#"{"modules": [{"title": "draft", "tasks": []}]}"#;
    for thoughts in [
        format!("<think>{draft} a < b </b> </thin> {{ </think>"),
        format!("<THINKING>\n{draft}\n</thinking>"),
        format!("<|think|>{draft}<|/think|>"),
        "{ half a thought </think>".to_owned(),
        format!("<think></think> <reasoning>{draft}</reasoning>"),
    ] {
        assert_eq!(titles(&format!("{thoughts}{PLAN}")), ["A", "B"], "{thoughts}");
    }
    assert_eq!(error(&format!("<think>{PLAN}")), ParseError::NoObject);
}

#[test]
fn the_list_of_modules_may_lie_deeper_or_stand_alone() {
    assert_eq!(titles(&format!(r#"{{"plan": {PLAN}}}"#)), ["A", "B"]);
    assert_eq!(titles(&format!(r#"{{"a": [1, {{"plan": {PLAN}}}]}}"#)), ["A", "B"]);
    assert_eq!(titles(&format!("[{PLAN}]")), ["A", "B"]);
    assert_eq!(titles(r#"[{"title": "A", "tasks": []}, null, {"title": "B"}] "#), ["A", "B"]);
    assert_eq!(titles(r#"{"Modules": [{"title": "A"}], "modules": [{"title": "B"}]}"#), ["A"]);
    assert_eq!(error(&format!(r#"{{"a": {{"b": {{"c": {PLAN}}}}}}}"#)), ParseError::NoModules, "four objects deep");
}

#[test]
fn only_the_members_name_makes_the_list() {
    assert_eq!(titles(&format!(r#"{{"x": "modules", "y": ["modules", [{{}}]], "plan": {PLAN}}}"#)), ["A", "B"]);
    let inside = r#"{"modules": [{"title": "A \"modules\": [{", "modules": [{"title": "inner"}]}]}"#;
    assert_eq!(titles(inside), [r#"A "modules": [{"#]);
}

#[test]
fn what_is_no_object_in_the_list_is_passed_over() {
    assert_eq!(titles(r#"{"modules": [null, 1, "x", [{"title": "no"}], {"title": "A"},]}"#), ["A"]);
}

#[test]
fn an_answer_without_a_plan_says_what_it_lacks() {
    assert_eq!(error(""), ParseError::NoObject);
    assert_eq!(error("I cannot do {that}."), ParseError::NoObject);
    assert_eq!(error(r#"{"answer": 42}"#), ParseError::NoModules);
    assert_eq!(error(r#"{"modules": []}"#), ParseError::NoModules);
    assert_eq!(error(r#"{"modules": {"a": 1}}"#), ParseError::NoModules);
    for cut in [r#"{"modules""#, r#"{"modules": [{"title": "A"#, r#"{"modules": [{"title": "A"}]"#] {
        assert_eq!(error(cut), ParseError::Unclosed, "{cut}");
    }
}

#[test]
fn a_broken_module_ends_the_reading_and_the_ones_before_stay() {
    for broken in [r#"{"title": "B",, }"#, r#"{"title": "B"]"#, r#"{"title": "B" "x"}"#, r#"{"title": "B", "n": 1x}"#] {
        let (modules, end) = parse(&format!(r#"{{"modules": [{{"title": "A"}}, {broken}]}}"#));
        assert!(matches!(end, Err(ParseError::Malformed { module: 2, .. })), "{broken}: {end:?}");
        assert_eq!(modules.len(), 1);
    }
}

#[test]
fn what_is_broken_behind_the_list_changes_nothing() {
    assert_eq!(
        titles(
            r#"{"modules": [{"title": "A"}], "note": "two
lines", // a comment"#
        ),
        ["A"]
    );
}

#[test]
fn an_error_stays() {
    let mut parser = PlanParser::new(ParserLimits::default());
    let first = parser.feed(r#"{"modules": [{]"#, &mut Vec::new()).unwrap_err();
    assert_eq!(parser.feed(PLAN, &mut Vec::new()), Err(first.clone()));
    assert_eq!(parser.finish(), Err(first));
}

#[test]
fn half_surrogates_and_raw_line_breaks_are_mended() {
    let answer =
        "{\"modules\": [{\"title\": \"a\\ud800b\\uDC00\\ud83d\\ude00 \\ud83dx \\\\ud800 \\ud83d\\u0041\nc\td\"}]}";
    assert_eq!(titles(answer), ["a\u{FFFD}b\u{FFFD}😀 \u{FFFD}x \\ud800 \u{FFFD}A\nc\td"]);
}

#[test]
fn nesting_is_bounded() {
    let module =
        |depth: usize| format!(r#"{{"modules": [{{"title": "A", "x": {}{}}}]}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(titles(&module(13)), ["A"]);
    assert_eq!(error(&module(14)), ParseError::TooDeep);
    assert_eq!(error(&"{\"a\":".repeat(17)), ParseError::TooDeep);
    assert_eq!(error(&"{\"a\":".repeat(16)), ParseError::Unclosed);
}

#[test]
fn a_modules_size_is_bounded() {
    let module = |size: usize| format!(r#"{{"title": "{}"}}"#, "x".repeat(size - r#"{"title": ""}"#.len()));
    let plan = |size| format!(r#"{{"modules": [{{"title": "A"}}, {}]}}"#, module(size));
    assert_eq!(titles(&plan(64 * 1024)).len(), 2);
    let (modules, end) = parse(&plan(64 * 1024 + 1));
    assert_eq!((modules.len(), end), (1, Err(ParseError::ModuleTooLarge)));
}

#[test]
fn the_answers_length_is_bounded_in_characters() {
    let padded = |chars: usize| format!("{PLAN}{}", "é".repeat(chars - PLAN.len()));
    assert_eq!(parse(&padded(200_000)).1.unwrap().chars, 200_000);
    let (modules, end) = parse(&padded(200_001));
    assert_eq!((modules.len(), end), (2, Err(ParseError::TooLong)));
    let late = format!("{}{PLAN}", " ".repeat(199_999));
    assert_eq!(parse(&late), (vec![], Err(ParseError::TooLong)));
}

#[test]
fn modules_beyond_the_most_are_counted_and_dropped() {
    let modules: Vec<String> = (0..15).map(|n| format!(r#"{{"title": "{n}", "tasks": []}}"#)).collect();
    for answer in [format!(r#"{{"modules": [{}]}}"#, modules.join(",")), format!("[{}]", modules.join(","))] {
        let (kept, end) = parse(&answer);
        assert_eq!(kept.len(), 12);
        let tail = end.unwrap();
        assert_eq!((tail.modules_seen, tail.modules_kept), (15, 12));
    }
}

#[test]
fn the_hint_is_what_the_plan_says_or_what_is_typical() {
    let hint = |answer: &str| {
        let mut parser = PlanParser::new(ParserLimits::default());
        parser.feed(answer, &mut Vec::new()).unwrap();
        parser.modules_total_hint()
    };
    assert_eq!(hint(""), 5);
    assert_eq!(hint(r#"{"moduleCount": 4, "modules": ["#), 4);
    assert_eq!(hint(r#"{"modules_count": 400, "modules": ["#), 12);
    assert_eq!(hint(r#"{"moduleCount": "many", "module_count": 0, "modules": [{"#), 5);
    assert_eq!(hint(&format!("[{}", r#"{"tasks": []},"#.repeat(7))), 7);
}

#[test]
fn what_is_too_much_is_capped_and_what_is_wrong_is_invalid() {
    assert_eq!(ParseError::TooLong.class(), FailureClass::Capped);
    assert_eq!(ParseError::ModuleTooLarge.class(), FailureClass::Capped);
    for error in [
        ParseError::TooDeep,
        ParseError::Malformed { module: 1, offset: 2 },
        ParseError::NoObject,
        ParseError::Unclosed,
        ParseError::NoModules,
    ] {
        assert_eq!(error.class(), FailureClass::Validation, "{error}");
    }
}
