//! Tokens and costs as providers report them.

use serde_json::Value;
use waymark_domain::generation::TokenUsage;

/// Reads a `usage` object of the dialect; none when it names no tokens. `cost` is in US dollars.
pub(super) fn usage(value: &Value) -> Option<TokenUsage> {
    let input = tokens(value.get("prompt_tokens"));
    let output = tokens(value.get("completion_tokens"));
    (input.is_some() || output.is_some()).then(|| TokenUsage {
        input_tokens: input.unwrap_or_default(),
        output_tokens: output.unwrap_or_default(),
        provider_cost_microusd: value.get("cost").and_then(microusd),
    })
}

/// Reads `OpenRouter`'s record of one call. The native counts are the ones it bills by.
pub(super) fn generation_record(record: &Value) -> Option<TokenUsage> {
    let data = record.get("data")?;
    let count = |native: &str, own: &str| tokens(data.get(native)).or_else(|| tokens(data.get(own)));
    Some(TokenUsage {
        input_tokens: count("native_tokens_prompt", "tokens_prompt").unwrap_or_default(),
        output_tokens: count("native_tokens_completion", "tokens_completion").unwrap_or_default(),
        provider_cost_microusd: Some(data.get("total_cost").and_then(microusd)?),
    })
}

fn tokens(value: Option<&Value>) -> Option<u32> {
    value?.as_u64().map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX))
}

/// US dollars, a number or a text of one, as whole micro-USD, rounded up. Negative and absurd ones are not believed.
fn microusd(dollars: &Value) -> Option<i64> {
    let dollars = dollars.as_f64().or_else(|| dollars.as_str()?.parse().ok())?;
    if !(0.0..=1_000_000.0).contains(&dollars) {
        return None;
    }
    // To billionths first: 0.000123 is 123.00000000000001 micro-USD in floating point, and that is not 124.
    let micro = ((dollars * 1e9).round() / 1e3).ceil();
    #[expect(clippy::cast_possible_truncation, reason = "whole, and at most 10^12 by the check above")]
    let micro = micro as i64;
    Some(micro)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dollars_become_micro_dollars_rounded_up() {
        assert_eq!(microusd(&json!(0.000_123)), Some(123));
        assert_eq!(microusd(&json!(0.000_123_4)), Some(124));
        assert_eq!(microusd(&json!(0)), Some(0));
        assert_eq!(microusd(&json!("0.5")), Some(500_000));
        assert_eq!(microusd(&json!(-1)), None);
        assert_eq!(microusd(&json!(null)), None);
    }

    #[test]
    fn usage_without_tokens_is_no_usage() {
        assert_eq!(usage(&json!({})), None);
        assert_eq!(usage(&json!(null)), None);
        let read = usage(&json!({ "prompt_tokens": 10, "completion_tokens": 20, "cost": 0.01 })).unwrap();
        assert_eq!(read, TokenUsage { input_tokens: 10, output_tokens: 20, provider_cost_microusd: Some(10_000) });
    }

    #[test]
    fn a_call_record_counts_native_tokens() {
        let record = json!({ "data": { "total_cost": 0.002, "tokens_prompt": 1, "native_tokens_prompt": 5, "tokens_completion": 7 } });
        let read = generation_record(&record).unwrap();
        assert_eq!(read, TokenUsage { input_tokens: 5, output_tokens: 7, provider_cost_microusd: Some(2000) });
    }
}
