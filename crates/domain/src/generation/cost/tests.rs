//! Money is rounded up, never negative, never wraps.

use super::{ModelPrice, TokenUsage, cents_rounded_up};
use proptest::prelude::*;

const PRICE: ModelPrice = ModelPrice { input_per_million: 150_000, output_per_million: 600_000 };

fn usage(input_tokens: u32, output_tokens: u32, provider_cost_microusd: Option<i64>) -> TokenUsage {
    TokenUsage { input_tokens, output_tokens, provider_cost_microusd }
}

#[test]
fn what_the_provider_charged_counts_before_the_catalogue() {
    assert_eq!(PRICE.cost_microusd(&usage(1_000_000, 0, Some(7))), 7);
    assert_eq!(PRICE.cost_microusd(&usage(1_000_000, 0, Some(0))), 0);
    assert_eq!(PRICE.cost_microusd(&usage(0, 0, Some(-7))), 0);
}

#[test]
fn a_part_of_a_micro_dollar_is_a_whole_one() {
    assert_eq!(PRICE.cost_microusd(&usage(1000, 500, None)), 450);
    assert_eq!(PRICE.cost_microusd(&usage(1, 0, None)), 1);
    assert_eq!(PRICE.cost_microusd(&usage(0, 0, None)), 0);
}

#[test]
fn a_part_of_a_cent_is_a_whole_one() {
    assert_eq!([0, 1, 10_000, 10_001].map(cents_rounded_up), [0, 1, 1, 2]);
}

proptest! {
    #[test]
    fn costs_are_the_exact_value_rounded_up(input: u32, output: u32, a in 0_i64..1_000_000_000, b in 0_i64..1_000_000_000) {
        let price = ModelPrice { input_per_million: a, output_per_million: b };
        let exact = i128::from(input) * i128::from(a) + i128::from(output) * i128::from(b);
        let cost = i128::from(price.cost_microusd(&usage(input, output, None)));
        prop_assert!(cost * 1_000_000 >= exact && (cost - 1) * 1_000_000 < exact);
    }

    #[test]
    fn no_price_panics_or_goes_negative(input: u32, output: u32, a: i64, b: i64, said: Option<i64>) {
        let price = ModelPrice { input_per_million: a, output_per_million: b };
        prop_assert!(price.cost_microusd(&usage(input, output, said)) >= 0);
    }

    #[test]
    fn cents_cover_their_micro_dollars(microusd: i64) {
        let cents = i128::from(cents_rounded_up(microusd));
        prop_assert!(cents * 10_000 >= i128::from(microusd) && (cents - 1) * 10_000 < i128::from(microusd));
    }
}
