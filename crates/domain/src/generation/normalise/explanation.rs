//! A model's explanation of a task, made safe to store and show. Called by the use case that asks for one.

use super::text;
use serde::{Deserialize, Serialize};

/// Most characters of an explanation, and of its exercise.
pub const MAX_EXPLANATION_CHARS: usize = 4000;

/// A short explanation of what a task is about, and something to practise it with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Paragraphs of plain text, 1 to [`MAX_EXPLANATION_CHARS`] characters.
    pub explanation: String,
    /// Paragraphs of plain text, 1 to [`MAX_EXPLANATION_CHARS`] characters.
    pub exercise: String,
}

/// Makes a model's texts safe to store and show, as a plan's are; none when one of them has nothing left.
pub fn normalise_explanation(explanation: &str, exercise: &str) -> Option<Explanation> {
    Some(Explanation {
        explanation: text::paragraphs(explanation, MAX_EXPLANATION_CHARS)?,
        exercise: text::paragraphs(exercise, MAX_EXPLANATION_CHARS)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_unseen_characters_go_and_paragraphs_stay() {
        let clean = normalise_explanation("A <b>borrow</b>\r\n\r\n\r\nlends.\u{202E}", " Try\u{7} it ").unwrap();
        assert_eq!((clean.explanation.as_str(), clean.exercise.as_str()), ("A borrow\n\nlends.", "Try it"));
        assert_eq!(normalise_explanation("Text", "<p></p>"), None);
        assert_eq!(normalise_explanation("\u{200B}", "Text"), None);
    }

    #[test]
    fn texts_are_bounded_and_normalising_twice_changes_nothing() {
        let once = normalise_explanation(&"ä".repeat(9000), "x").unwrap();
        assert_eq!(once.explanation.chars().count(), MAX_EXPLANATION_CHARS);
        assert_eq!(normalise_explanation(&once.explanation, &once.exercise), Some(once));
    }
}
