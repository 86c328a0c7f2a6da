//! A file's name after a plan's topic: no path, no device name, nothing a shell or a header could stumble over.

use std::fmt::Write as _;

/// Most characters of the topic in the name.
const LONGEST: usize = 60;

/// The value of `Content-Disposition` (RFC 6266): a plain name for old clients, and the whole one.
pub(super) fn disposition(topic: &str, extension: &str) -> String {
    let whole = name(topic, extension, char::is_alphanumeric);
    let plain = name(topic, extension, |c| c.is_ascii_alphanumeric());
    let mut value = format!("attachment; filename=\"{plain}\"");
    if whole != plain {
        value.push_str("; filename*=UTF-8''");
        for byte in whole.bytes() {
            if byte.is_ascii_alphanumeric() || b"-.".contains(&byte) {
                value.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(value, "%{byte:02X}");
            }
        }
    }
    value
}

/// `waymark-`, the words of the topic and the extension. The front keeps it from being a name that some system reserves.
fn name(topic: &str, extension: &str, keep: impl Fn(char) -> bool) -> String {
    let mut name = "waymark".to_owned();
    let kept: String = topic.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    for word in kept.split(|c: char| !keep(c)).filter(|word| !word.is_empty()) {
        name.push('-');
        name.push_str(word);
    }
    if name == "waymark" {
        name.push_str("-plan");
    }
    format!("{name}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_words_and_nothing_else() {
        assert_eq!(disposition("Rust, for backends!", "md"), "attachment; filename=\"waymark-rust-for-backends.md\"");
        assert_eq!(disposition("../../etc/passwd", "md"), "attachment; filename=\"waymark-etc-passwd.md\"");
        assert_eq!(disposition("con\r\nX-Evil: 1\"", "ics"), "attachment; filename=\"waymark-con-x-evil-1.ics\"");
        assert_eq!(disposition("🎓", "ics"), "attachment; filename=\"waymark-plan.ics\"");
        assert!(disposition(&"a".repeat(500), "md").len() < 120);
    }

    #[test]
    fn letters_beyond_ascii_are_kept_for_those_who_can_read_them() {
        let value = disposition("Größe", "md");
        assert_eq!(value, "attachment; filename=\"waymark-gr-e.md\"; filename*=UTF-8''waymark-gr%C3%B6%C3%9Fe.md");
    }
}
