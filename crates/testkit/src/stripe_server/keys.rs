//! Idempotency keys: <https://docs.stripe.com/api/idempotent_requests>. The first answer is kept once execution has begun,
//! a 500 too; what fails validation, or meets a request that still runs, keeps nothing.

use super::params::Params;
use super::refusal::Refusal;
use crate::plain_http::Answer;
use std::collections::HashMap;

/// Most characters of a key.
const MAX_KEY: usize = 255;

/// The keys that were used.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<String, Use>);

#[derive(Debug)]
struct Use {
    path: String,
    params: Params,
    /// None while it runs.
    answer: Option<Answer>,
}

impl Keys {
    /// Begins a request with this key; the first answer, if there is one.
    pub(super) fn begin(&mut self, key: &str, path: &str, params: &Params) -> Result<Option<Answer>, Refusal> {
        if key.len() > MAX_KEY {
            return Err(Refusal::invalid(format!("Idempotency keys can be up to {MAX_KEY} characters long.")));
        }
        let Some(first) = self.0.get(key) else {
            self.0.insert(key.to_owned(), Use { path: path.to_owned(), params: params.clone(), answer: None });
            return Ok(None);
        };
        first.check(key, path, params)?;
        first.answer.clone().map(Some).ok_or_else(|| Refusal::in_progress(key))
    }

    /// Ends the first request with this key; without an answer to keep, the key is free again.
    pub(super) fn end(&mut self, key: &str, answer: Option<Answer>) {
        match answer {
            None => drop(self.0.remove(key)),
            Some(answer) => {
                if let Some(first) = self.0.get_mut(key) {
                    first.answer = Some(answer);
                }
            }
        }
    }
}

impl Use {
    fn check(&self, key: &str, path: &str, params: &Params) -> Result<(), Refusal> {
        let same = if self.path != path {
            format!("for the same endpoint they were first used for ('{}' vs '{path}')", self.path)
        } else if self.params != *params {
            "with the same parameters they were first used with".to_owned()
        } else {
            return Ok(());
        };
        Err(Refusal::other_request(format!(
            "Keys for idempotent requests can only be used {same}. Try using a key other than '{key}' if you meant to \
             execute a different request."
        )))
    }
}
