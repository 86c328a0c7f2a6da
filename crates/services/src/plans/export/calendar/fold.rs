//! Content lines of at most 75 octets (RFC 5545, 3.1). The crate that writes the calendar folds too, but lets a last line
//! have 76; so its folds are taken out and made again.

use std::ops::Range;

/// Octets of a line, without its end.
const LONGEST: usize = 75;

/// The calendar with every line folded, never within a character.
pub(super) fn at_75_octets(calendar: &str) -> String {
    let mut folded = String::with_capacity(calendar.len() + calendar.len() / 32);
    for line in calendar.replace("\r\n ", "").split_terminator("\r\n") {
        let mut from = 0;
        while let Some(piece) = next(line, from) {
            if from > 0 {
                folded.push_str("\r\n ");
            }
            folded.push_str(line.get(piece.clone()).unwrap_or_default());
            from = piece.end;
        }
        folded.push_str("\r\n");
    }
    folded
}

/// The next piece of a line; later ones lose an octet to the space in front.
fn next(line: &str, from: usize) -> Option<Range<usize>> {
    let room = if from == 0 { LONGEST } else { LONGEST - 1 };
    let end = line.floor_char_boundary(from.saturating_add(room));
    (from < end).then_some(from..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_line_is_longer_and_unfolding_gives_the_line_back(text in "\\PC{0,400}") {
            let folded = at_75_octets(&format!("{text}\r\n"));
            prop_assert!(folded.split("\r\n").all(|line| line.len() <= LONGEST), "{folded}");
            prop_assert_eq!(folded.replace("\r\n ", ""), format!("{text}\r\n"));
        }
    }

    #[test]
    fn a_line_that_just_fits_stays_and_one_octet_more_is_folded() {
        assert_eq!(at_75_octets(&format!("{}\r\n", "a".repeat(75))), format!("{}\r\n", "a".repeat(75)));
        assert_eq!(at_75_octets(&format!("{}\r\n", "a".repeat(76))), format!("{}\r\n a\r\n", "a".repeat(75)));
        let line = "a".repeat(75 + 75);
        assert_eq!(
            at_75_octets(&format!("{line}\r\n")),
            format!("{}\r\n {}\r\n a\r\n", "a".repeat(75), "a".repeat(74))
        );
    }
}
