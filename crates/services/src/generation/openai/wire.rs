//! One chunk of the dialect, read with the tolerance the servers need: any member may be missing, null or of another
//! type than documented, and none of that may lose the chunk's text.

use super::money;
use serde_json::Value;
use std::time::Duration;
use waymark_domain::generation::TokenUsage;

/// What one `data:` line, or the whole body of an answer that is not streamed, says.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    /// Text of the answer; reasoning is not kept.
    pub(super) text: String,
    /// The model declines to answer, in these words.
    pub(super) refusal: Option<String>,
    pub(super) finish: Option<Finish>,
    pub(super) usage: Option<TokenUsage>,
    pub(super) error: Option<WireError>,
}

/// How the model ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    /// `stop`, and words nobody documents.
    Complete,
    /// A limit of the output: the answer is cut off.
    Length,
    /// Withheld by a filter.
    Filtered,
    /// The provider broke off.
    Broken,
}

impl Finish {
    /// `""` and `null` come in every chunk of some servers, so they mean nothing.
    fn read(reason: &str) -> Option<Self> {
        match reason.to_ascii_lowercase().as_str() {
            "" | "null" | "none" => None,
            "length" | "max_tokens" | "model_length" => Some(Self::Length),
            "content_filter" | "safety" => Some(Self::Filtered),
            "error" | "abort" => Some(Self::Broken),
            _ => Some(Self::Complete),
        }
    }
}

impl Chunk {
    /// # Errors
    /// When the text is not JSON.
    pub(super) fn parse(data: &str) -> serde_json::Result<Self> {
        serde_json::from_str(data).map(|value: Value| Self::read(&value))
    }

    fn read(value: &Value) -> Self {
        // Choices may be empty (usage, debug chunks), and a choice holds `delta`, or `message` when it is not streamed.
        let choice = value.get("choices").and_then(|choices| choices.get(0));
        let delta = choice.and_then(|choice| member(choice, "delta").or_else(|| member(choice, "message")));
        let finish = choice.and_then(|choice| choice.get("finish_reason")?.as_str());
        Self {
            id: text(value, "id"),
            model: text(value, "model"),
            text: delta.and_then(|delta| delta.get("content")).map(content).unwrap_or_default(),
            refusal: delta.and_then(|delta| text(delta, "refusal")),
            finish: finish.and_then(Finish::read),
            usage: value.get("usage").and_then(money::usage),
            error: WireError::read(value),
        }
    }
}

/// A text, or an array of parts of which the texts count.
fn content(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part.as_str().or_else(|| part.get("text")?.as_str())).collect()
        }
        _ => String::new(),
    }
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|member| !member.is_null())
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An error object, in an error answer's body or at the top of a chunk.
#[derive(Debug, Default, PartialEq)]
pub(super) struct WireError {
    pub(super) message: String,
    /// A number or a word.
    code: Option<Value>,
    pub(super) r#type: Option<String>,
    /// `OpenRouter`'s stable word for the kind of failure.
    error_type: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

impl WireError {
    /// The error in an answer's body; none when the body is something else.
    pub(super) fn in_body(body: &str) -> Option<Self> {
        Self::read(&serde_json::from_str(body).ok()?)
    }

    /// Reads `{"error": {..}}`, `{"error": ".."}` and `{"object": "error", ..}`.
    fn read(value: &Value) -> Option<Self> {
        let whole = value.get("object").and_then(Value::as_str) == Some("error");
        let error = if whole { value } else { member(value, "error")? };
        if let Some(message) = error.as_str() {
            return Some(Self { message: message.to_owned(), ..Self::default() });
        }
        let within = |object: &str, name: &str| error.get(object).and_then(|object| object.get(name)).cloned();
        let seconds = within("availability", "retry_after").or_else(|| within("metadata", "retry_after"));
        Some(Self {
            message: text(error, "message")
                .unwrap_or_else(|| "the provider reported an error without a message".to_owned()),
            code: member(error, "code").cloned(),
            r#type: text(error, "type"),
            error_type: within("metadata", "error_type").and_then(|kind| kind.as_str().map(str::to_owned)),
            retry_after: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds.as_f64()?).ok()),
        })
    }

    /// The provider's most precise word for the failure.
    pub(super) fn kind(&self) -> Option<&str> {
        self.error_type.as_deref().or_else(|| self.code.as_ref()?.as_str())
    }

    /// The code, when it is a number or a text of one.
    pub(super) fn number(&self) -> Option<u16> {
        let code = self.code.as_ref()?;
        code.as_u64().or_else(|| code.as_str()?.parse().ok()).and_then(|code| u16::try_from(code).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(data: &str) -> Chunk {
        Chunk::parse(data).unwrap()
    }

    #[test]
    fn text_survives_whatever_else_is_missing_or_wrong() {
        assert_eq!(parse(r#"{"choices":[{"delta":{"content":"a"}}]}"#).text, "a");
        assert_eq!(parse(r#"{"id":7,"model":null,"choices":[{"delta":{"role":"assistant","content":"a"},"finish_reason":3}],"usage":"?"}"#).text, "a");
        assert_eq!(
            parse(r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"x"},"b"]}}]}"#).text,
            "ab"
        );
        assert_eq!(parse(r#"{"choices":[{"delta":null,"message":{"content":"whole"}}]}"#).text, "whole");
    }

    #[test]
    fn chunks_without_text_are_no_errors() {
        for data in [
            "{}",
            "null",
            "3",
            r#"{"choices":[]}"#,
            r#"{"choices":null}"#,
            r#"{"choices":[{}]}"#,
            r#"{"choices":[{"delta":null}]}"#,
            r#"{"choices":[{"delta":{"content":null}}]}"#,
            r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#,
        ] {
            let chunk = parse(data);
            assert!(chunk.text.is_empty() && chunk.error.is_none() && chunk.finish.is_none(), "{data}");
        }
    }

    #[test]
    fn finish_reasons_are_read_in_every_spelling() {
        let finish = |reason: &str| parse(&format!(r#"{{"choices":[{{"finish_reason":{reason}}}]}}"#)).finish;
        assert_eq!(finish(r#""stop""#), Some(Finish::Complete));
        assert_eq!(finish(r#""eos_token""#), Some(Finish::Complete));
        assert_eq!(finish(r#""length""#), Some(Finish::Length));
        assert_eq!(finish(r#""MAX_TOKENS""#), Some(Finish::Length));
        assert_eq!(finish(r#""content_filter""#), Some(Finish::Filtered));
        assert_eq!(finish(r#""error""#), Some(Finish::Broken));
        assert_eq!(finish(r#""""#), None);
        assert_eq!(finish("null"), None);
    }

    #[test]
    fn errors_are_found_in_every_shape() {
        let error = WireError::in_body(r#"{"error":{"code":502,"message":"down","metadata":{"error_type":"provider_unavailable","retry_after":2.5}}}"#).unwrap();
        assert_eq!((error.kind(), error.number()), (Some("provider_unavailable"), Some(502)));
        assert_eq!(error.retry_after, Some(Duration::from_millis(2500)));
        let error =
            WireError::in_body(r#"{"object":"error","message":"no","type":"BadRequestError","code":400}"#).unwrap();
        assert_eq!((error.message.as_str(), error.number()), ("no", Some(400)));
        assert_eq!(WireError::in_body(r#"{"error":null,"choices":[]}"#), None);
        assert_eq!(WireError::in_body("<html>"), None);
    }
}
