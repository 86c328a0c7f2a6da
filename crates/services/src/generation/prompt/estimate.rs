//! What a request may cost, said before it is sent. Used to reserve spend, and to estimate what a lost call took.

use super::{Prompt, messages, plan_schema};
use crate::generation::provider::PlanBrief;
use waymark_domain::generation::{MAX_OUTPUT_CHARS, ModelPrice, TokenUsage, estimated_tokens};

/// Fewest bytes of a prompt in a token: ordinary text has four or more, and where letters take three bytes each, as in
/// Chinese, some are a token by themselves.
const FEWEST_PROMPT_BYTES: usize = 3;

/// The most that one attempt can cost by the catalogue, in micro-USD: the whole prompt with its schema, and the longest
/// answer that is accepted. 0 for free models.
pub fn upper_estimate(brief: &PlanBrief, price: &ModelPrice) -> i64 {
    let Prompt { system, user } = messages(brief);
    let bytes = system.len() + user.len() + plan_schema(brief).to_string().len();
    at_most(bytes, MAX_OUTPUT_CHARS, price)
}

/// The most that a prompt of `bytes` and an answer of `answer` characters can cost, in micro-USD.
pub(super) fn at_most(bytes: usize, answer: usize, price: &ModelPrice) -> i64 {
    price.cost_microusd(&TokenUsage {
        input_tokens: u32::try_from(bytes.div_ceil(FEWEST_PROMPT_BYTES)).unwrap_or(u32::MAX),
        output_tokens: estimated_tokens(answer as u64),
        provider_cost_microusd: None,
    })
}

/// What a prompt and an answer of so many characters took, when nobody says.
pub(super) fn about(prompt: usize, answer: usize) -> TokenUsage {
    TokenUsage {
        input_tokens: estimated_tokens(prompt as u64),
        output_tokens: estimated_tokens(answer as u64),
        provider_cost_microusd: None,
    }
}

/// Characters of both messages.
pub fn prompt_chars(brief: &PlanBrief) -> u64 {
    let Prompt { system, user } = messages(brief);
    (system.chars().count() + user.chars().count()) as u64
}

#[cfg(test)]
mod tests;
