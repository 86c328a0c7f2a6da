//! The provider's records of what calls cost, asked for by `GET /v1/generation?id=` after a call.

use super::reply::Reply;
use super::request::Recorded;
use std::collections::{HashMap, VecDeque};

/// The path in front of the id.
const QUESTION: &str = "/v1/generation?id=";

/// Records by call, and who asked.
#[derive(Debug, Default)]
pub(super) struct Costs {
    replies: HashMap<String, VecDeque<Reply>>,
    asked: Vec<String>,
}

impl Costs {
    pub(super) fn set(&mut self, id: &str, replies: impl IntoIterator<Item = Reply>) {
        self.replies.insert(id.to_owned(), replies.into_iter().collect());
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.clone()
    }

    /// The next reply for this call; the last one stays.
    pub(super) fn reply(&mut self, id: String) -> Reply {
        let replies = self.replies.get_mut(&id);
        self.asked.push(id);
        let reply =
            replies.and_then(|replies| if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() });
        reply.unwrap_or_else(|| Reply::error(404, "there is no such generation"))
    }
}

/// The call whose cost a request asks for; none for requests about anything else.
pub(super) fn asked_for(request: &Recorded) -> Option<String> {
    let id = (request.method == "GET").then(|| request.path.strip_prefix(QUESTION)).flatten()?;
    Some(decoded(id))
}

/// A query's value without its escapes.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).unwrap_or_default();
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                u8::try_from(high * 16 + low).unwrap_or_default()
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_question_about_a_call_is_one() {
        let request = |method: &str, path: &str| Recorded {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: serde_json::Value::Null,
        };
        let asked = asked_for(&request("GET", "/v1/generation?id=gen+1%26%C3%A9"));
        assert_eq!(asked.as_deref(), Some("gen 1&\u{e9}"));
        assert_eq!(asked_for(&request("POST", "/v1/generation?id=gen-1")), None);
        assert_eq!(asked_for(&request("GET", "/v1/models")), None);
    }

    #[test]
    fn replies_come_in_order_and_the_last_stays() {
        let mut costs = Costs::default();
        costs.set("gen-1", [Reply::error(404, "not yet"), Reply::json(200, &serde_json::json!({}))]);
        let statuses: Vec<u16> = (0..3).map(|_| costs.reply("gen-1".to_owned()).status).collect();
        assert_eq!(statuses, [404, 200, 200]);
        assert_eq!(costs.reply("gen-2".to_owned()).status, 404);
        assert_eq!(costs.asked().len(), 4);
    }
}
