//! Cleaning a model's texts: no markup, no unseen characters, bounded length.

use super::markup;
use crate::text::{is_invisible, is_joiner, reorders, separates_lines};

/// `text` as one line of at most `max` characters with single spaces; none when nothing is left.
pub(super) fn one_line(text: &str, max: usize) -> Option<String> {
    let text = markup::strip(&visible(text));
    let line = join_words(&text);
    (!line.is_empty()).then(|| cut(line, max))
}

/// `text` with its line breaks (at most one empty line in a row) and at most `max` characters; none when nothing is left.
pub(super) fn paragraphs(text: &str, max: usize) -> Option<String> {
    let text = markup::strip(&visible(text)).replace("\r\n", "\n");
    let mut kept = String::with_capacity(text.len());
    let mut breaks = 0_usize;
    for line in text.split(ends_line).map(join_words) {
        if !line.is_empty() {
            if !kept.is_empty() {
                kept.push_str(if breaks > 1 { "\n\n" } else { "\n" });
            }
            kept.push_str(&line);
            breaks = 0;
        }
        breaks += 1;
    }
    (!kept.is_empty()).then(|| cut(kept, max))
}

fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}') || separates_lines(c)
}

fn join_words(line: &str) -> String {
    let mut joined = String::with_capacity(line.len());
    for word in line.split_whitespace() {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined
}

/// `text` without control characters, direction overrides and zero-width characters. White space stays for the caller;
/// joiners stay between two characters they can join (emoji, Persian, Indic scripts).
fn visible(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let keep = if is_joiner(c) {
            joins(before) && rest.peek().is_some_and(|&after| joins(after))
        } else {
            c.is_whitespace() || is_seen(c)
        };
        if keep {
            kept.push(c);
            before = c;
        }
    }
    kept
}

fn is_seen(c: char) -> bool {
    !(c.is_control() || is_invisible(c) || reorders(c) || is_joiner(c))
}

fn joins(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && is_seen(c)
}

/// `text` if it has at most `max` characters, else its beginning and an ellipsis, `max` characters in all.
fn cut(text: String, max: usize) -> String {
    if text.chars().count() <= max {
        return text;
    }
    let end = text.char_indices().nth(max.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    // The cut may have left a `<` without its `>`.
    let kept = markup::strip(text.get(..end).unwrap_or_default());
    let mut kept = kept.trim_end_matches(|c: char| c.is_whitespace() || is_joiner(c)).to_owned();
    kept.push('…');
    kept
}
