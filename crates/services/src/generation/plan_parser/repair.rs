//! Mends what models get wrong inside texts: half a surrogate pair becomes U+FFFD, a raw control character its escape.
//! Called for a module that the JSON reader refused.

/// `json` mended, or none when there is nothing to mend. One pass.
pub(super) fn repaired(json: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::with_capacity(json.len());
    let mut changed = false;
    let mut in_text = false;
    let mut rest = json;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'\\' if in_text => {
                let (escape, after, lone) = escape(rest);
                changed |= lone;
                mended.extend_from_slice(if lone { b"\\ufffd" } else { escape });
                after
            }
            0..0x20 if in_text => {
                changed = true;
                mended.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                after
            }
            _ => {
                in_text ^= byte == b'"';
                mended.push(byte);
                after
            }
        };
    }
    changed.then_some(mended)
}

/// The escape at the start of `text` (with its partner, for a surrogate pair), what follows, and whether it is half a
/// pair.
fn escape(text: &[u8]) -> (&[u8], &[u8], bool) {
    let take = |length: usize, lone| match text.split_at_checked(length) {
        Some((escape, after)) => (escape, after, lone),
        None => (text, &[] as &[u8], false),
    };
    match (unit(text), text.get(6..).and_then(unit)) {
        (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => take(12, false),
        (Some(0xD800..0xE000), _) => take(6, true),
        (Some(_), _) => take(6, false),
        (None, _) => take(2, false),
    }
}

/// The UTF-16 unit of a `\uXXXX` at the start of `text`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}
