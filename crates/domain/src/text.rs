//! Characters that deceive or hide. Used where a learner's text is checked and where a model's text is cleaned.

/// Whether a character changes the direction of its surroundings, so that a text reads other than it is stored
/// (Unicode's bidirectional embeddings, overrides and isolates).
pub(crate) const fn reorders(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character ends a line without being a control character (Unicode's line and paragraph separators).
pub(crate) const fn separates_lines(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character shows nothing and joins nothing: zero-width spaces and marks, soft hyphens, tag characters.
/// The two joiners are not among them, see [`is_joiner`].
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}'..='\u{2064}'
        | '\u{206A}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Whether a character is a zero-width (non-)joiner: part of emoji and of Persian and Indic spelling between two such
/// characters, meaningless elsewhere.
pub(crate) const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}
