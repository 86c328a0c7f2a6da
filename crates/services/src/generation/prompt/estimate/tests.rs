//! Tests of the estimates: an upper one is never below what an attempt can cost.

use super::super::tests::{brief, regeneration};
use super::*;

const PRICE: ModelPrice = ModelPrice { input_per_million: 3_000_000, output_per_million: 15_000_000 };

#[test]
fn the_estimate_is_the_whole_prompt_and_the_longest_answer_at_the_catalogue_price() {
    let brief = brief(None);
    let schema = plan_schema(&brief).to_string().chars().count() as u64;
    let input = (prompt_chars(&brief) + schema).div_ceil(3);
    let output = 200_000 / 4;
    assert_eq!(upper_estimate(&brief, &PRICE), i64::try_from(input * 3 + output * 15).unwrap());
}

#[test]
fn a_free_model_is_estimated_at_nothing() {
    assert_eq!(upper_estimate(&brief(None), &ModelPrice::default()), 0);
}

#[test]
fn a_longer_request_is_estimated_higher() {
    let plain = upper_estimate(&brief(None), &PRICE);
    assert!(upper_estimate(&brief(Some(&"word ".repeat(400))), &PRICE) > plain);
    assert!(upper_estimate(&regeneration(), &PRICE) > plain);
}

#[test]
fn letters_that_may_be_tokens_by_themselves_count_as_tokens() {
    let brief_of = |notes: &str| brief(Some(notes));
    let price = ModelPrice { input_per_million: 1_000_000, output_per_million: 0 };
    let more = upper_estimate(&brief_of(&"学".repeat(900)), &price) - upper_estimate(&brief_of(""), &price);
    assert_eq!(more, 900);
    assert_eq!(prompt_chars(&brief_of("学")), prompt_chars(&brief_of("a")));
}
