//! What a learner may type when editing by hand.

use super::*;

#[test]
fn a_title_is_one_line_of_one_to_two_hundred_characters() {
    assert_eq!(Title::parse("  Ownership \u{1F980} ").unwrap().as_str(), "Ownership \u{1F980}");
    assert_eq!(Title::parse(" \t"), Err(TextRuleError::TooShort { min: 1, actual: 0 }));
    assert!(Title::parse(&"ü".repeat(200)).is_ok());
    assert_eq!(Title::parse(&"ü".repeat(201)), Err(TextRuleError::TooLong { max: 200, actual: 201 }));
    for hostile in ["a\nb", "a\0b", "a\u{202E}b", "a\u{2028}b"] {
        assert_eq!(Title::parse(hostile), Err(TextRuleError::ControlCharacter), "{hostile:?}");
    }
}

#[test]
fn a_description_may_have_lines_and_a_blank_one_is_none() {
    assert_eq!(Description::parse("one\n\ttwo ").unwrap().unwrap().as_str(), "one\n\ttwo");
    assert_eq!(Description::parse(" \n "), Ok(None));
    assert!(Description::parse(&"x".repeat(2000)).is_ok());
    assert!(Description::parse(&"x".repeat(2001)).is_err());
    assert!(Description::parse("a\0").is_err());
}

#[test]
fn minutes_have_bounds() {
    for (given, task, module) in [(-1, false, false), (0, false, true), (1, true, true), (1440, true, true)] {
        assert_eq!((TaskMinutes::parse(given).is_ok(), ModuleMinutes::parse(given).is_ok()), (task, module), "{given}");
    }
    assert!(TaskMinutes::parse(1441).is_err() && ModuleMinutes::parse(10_000).is_ok());
    let error = ModuleMinutes::parse(i64::MAX).unwrap_err();
    assert_eq!(error.to_string(), format!("must be a whole number from 0 to 10000, is {}", i64::MAX));
}
