//! Texts that nobody has checked, made harmless in Markdown: a reader sees the same characters, and nothing is read as
//! markup, HTML, an entity, a formula or a mention of another line.

use std::fmt::Write as _;

/// A text as part of a line.
pub(super) fn inline(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    let line = one_line(text);
    let leading = marker(&line);
    for (at, c) in line.char_indices() {
        if leading == Some(at) || is_markup(c) || makes_link(line.split_at(at)) {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

/// A text as paragraphs; line breaks within one stay.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.split(['\n', '\r', '\u{B}', '\u{C}', '\u{85}', '\u{2028}', '\u{2029}']).map(inline) {
        match (found.last_mut(), line.is_empty()) {
            (_, true) => open = false,
            (Some(paragraph), false) if open => {
                // A backslash at the end of a line is a hard break.
                paragraph.push_str("\\\n");
                paragraph.push_str(&line);
            }
            (_, false) => {
                found.push(line);
                open = true;
            }
        }
    }
    found
}

/// An address between `<` and `>`.
pub(super) fn address(url: &str) -> String {
    let mut safe = String::with_capacity(url.len());
    for c in url.chars() {
        if c.is_whitespace() || hides(c) || matches!(c, '<' | '>' | '\\' | '`' | '|' | '"') {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(safe, "%{byte:02X}");
            }
        } else {
            safe.push(c);
        }
    }
    // An entity would be read within an address too.
    safe.replace('&', "\\&")
}

/// White space and what hides becomes one space between words.
fn one_line(text: &str) -> String {
    let seen: String = text.chars().map(|c| if hides(c) { ' ' } else { c }).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Control characters, and those that change the direction of their surroundings.
fn hides(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

const fn is_markup(c: char) -> bool {
    matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '$' | '^' | '{' | '}')
}

/// Where a character stands at the front that would make a list, a heading or a formula of the line.
fn marker(line: &str) -> Option<usize> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    match line.as_bytes().get(digits) {
        Some(b'.' | b')') if digits > 0 => Some(digits),
        Some(b'-' | b'+' | b'=' | b'@' | b':' | b'!') if digits == 0 => Some(0),
        _ => None,
    }
}

/// Whether readers that make links of bare addresses (GitHub's dialect and kin) would take what stands here for a part of
/// one: the colon of `://`, the dot of a `www.` that begins a word, any `@`. With a backslash in front it is none, as far
/// as they look before the markup is taken out.
fn makes_link((before, rest): (&str, &str)) -> bool {
    rest.starts_with("://") || rest.starts_with('@') || (rest.starts_with('.') && ends_in_www(before))
}

/// Whether a text ends in a word `www`.
fn ends_in_www(text: &str) -> bool {
    let mut back = text.chars().rev();
    back.by_ref().take(3).filter(|c| c.eq_ignore_ascii_case(&'w')).count() == 3
        && !back.next().is_some_and(char::is_alphanumeric)
}
