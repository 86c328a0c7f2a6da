//! Tokens and money. Money is whole micro-USD (a millionth of a US dollar).

use serde::{Deserialize, Serialize};

/// Characters of a text in a token, roughly: prose or JSON in a language that models know well.
const CHARS_PER_TOKEN: u64 = 4;

/// About how many tokens so many characters are, rounded up: for what a provider has not counted.
pub fn estimated_tokens(chars: u64) -> u32 {
    u32::try_from(chars.div_ceil(CHARS_PER_TOKEN)).unwrap_or(u32::MAX)
}

/// Tokens of one attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenUsage {
    /// Tokens of the prompt.
    pub input_tokens: u32,
    /// Tokens of the answer, reasoning included.
    pub output_tokens: u32,
    /// What the provider says it charged, in micro-USD; none when it does not say.
    pub provider_cost_microusd: Option<i64>,
}

/// A model's catalogue price at the time of an attempt, recorded beside the cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelPrice {
    /// Micro-USD for a million input tokens.
    pub input_per_million: i64,
    /// Micro-USD for a million output tokens.
    pub output_per_million: i64,
}

impl ModelPrice {
    /// Whether the model costs nothing.
    pub const fn is_free(&self) -> bool {
        self.input_per_million == 0 && self.output_per_million == 0
    }

    /// What `usage` cost in micro-USD: what the provider charged, else tokens times price, rounded up. Never negative:
    /// no answer gives money back to a month's spend.
    pub fn cost_microusd(&self, usage: &TokenUsage) -> i64 {
        usage.provider_cost_microusd.unwrap_or_else(|| self.catalogue_cost(usage)).max(0)
    }

    fn catalogue_cost(&self, usage: &TokenUsage) -> i64 {
        let input = i128::from(usage.input_tokens) * i128::from(self.input_per_million);
        let output = i128::from(usage.output_tokens) * i128::from(self.output_per_million);
        let millionths = (input + output).max(0);
        let rounded_up = millionths / 1_000_000 + i128::from(millionths % 1_000_000 > 0);
        i64::try_from(rounded_up).unwrap_or(i64::MAX)
    }
}

/// Micro-USD in whole cents, rounded up.
pub const fn cents_rounded_up(microusd: i64) -> i64 {
    microusd.div_euclid(10_000) + (microusd.rem_euclid(10_000) > 0) as i64
}

#[cfg(test)]
mod tests;
