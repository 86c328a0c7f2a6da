//! What a learner may type.

use super::{Notes, TextRuleError, Topic, WeeklyHours};
use proptest::prelude::*;

#[test]
fn a_topic_is_counted_in_characters_after_trimming() {
    assert_eq!(Topic::parse("  C++ \n").unwrap().as_str(), "C++");
    assert_eq!(Topic::parse(" ab "), Err(TextRuleError::TooShort { min: 3, actual: 2 }));
    assert!(Topic::parse(&"é".repeat(200)).is_ok());
    assert_eq!(Topic::parse(&"é".repeat(201)), Err(TextRuleError::TooLong { max: 200, actual: 201 }));
}

#[test]
fn control_characters_are_refused() {
    for text in ["a\nbc", "a\0bc", "abc\u{202E}d", "abc\u{2028}d", "a\u{7F}bc"] {
        assert_eq!(Topic::parse(text), Err(TextRuleError::ControlCharacter), "{text:?}");
    }
    assert!(Topic::parse("👩\u{200D}💻 code").is_ok());
    assert_eq!(Notes::parse("a\0"), Err(TextRuleError::ControlCharacter));
    assert_eq!(Notes::parse("a\u{2066}"), Err(TextRuleError::ControlCharacter));
    assert_eq!(Notes::parse(" a\r\n\tb ").unwrap().unwrap().as_str(), "a\r\n\tb");
}

#[test]
fn blank_notes_are_none() {
    assert_eq!(Notes::parse(" \n\t "), Ok(None));
}

proptest! {
    #[test]
    fn an_accepted_topic_keeps_its_rules_and_parses_to_itself(text in prop_oneof![any::<String>(), " ?\\PC{0,210} ?"]) {
        if let Ok(topic) = Topic::parse(&text) {
            prop_assert!((3..=200).contains(&topic.as_str().chars().count()));
            prop_assert!(!topic.as_str().chars().any(char::is_control));
            prop_assert_eq!(Topic::parse(topic.as_str()), Ok(topic));
        }
    }

    #[test]
    fn accepted_notes_keep_their_rules_and_parse_to_themselves(text in prop_oneof![any::<String>(), "[a\n]{1990,2010}"]) {
        if let Ok(Some(notes)) = Notes::parse(&text) {
            prop_assert!((1..=2000).contains(&notes.as_str().chars().count()));
            prop_assert_eq!(Notes::parse(notes.as_str()), Ok(Some(notes)));
        }
    }

    #[test]
    fn hours_are_1_to_80_and_nothing_else(hours in prop_oneof![any::<i64>(), -5_i64..400]) {
        match WeeklyHours::parse(hours) {
            Ok(parsed) => prop_assert!((1..=80).contains(&hours) && i64::from(parsed.get()) == hours),
            Err(error) => prop_assert!(!(1..=80).contains(&hours) && error.actual == hours),
        }
    }
}
