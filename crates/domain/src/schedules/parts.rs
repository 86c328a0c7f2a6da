//! How a task is cut where a session ends: no part is shorter than [`SHORTEST_PART`], unless the task itself is.

use super::SHORTEST_PART;

/// Minutes of a task's next part, when `left` of it are to place and the session has room for `room`. None when no part
/// may go there.
///
/// As much as there is room for, but at least the shortest part stays for later: a remainder that would be shorter takes
/// minutes from the part before it. What stays must in turn be divisible over sessions of `longest` minutes.
pub fn next_part(left: u32, room: u32, longest: u32) -> Option<u32> {
    if left <= room {
        return Some(left).filter(|part| *part > 0);
    }
    let most = room.min(left.checked_sub(SHORTEST_PART)?);
    // A stretch of numbers that cannot be divided is shorter than the shortest part, so this ends soon.
    (SHORTEST_PART..=most).rev().find(|part| divisible(left - part, longest))
}

/// Whether sessions of at most `longest` minutes can hold a task: in some number of parts of the shortest length or more.
pub fn divisible(minutes: u32, longest: u32) -> bool {
    if minutes <= longest {
        return true;
    }
    longest >= SHORTEST_PART && minutes.div_ceil(longest) <= minutes / SHORTEST_PART
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts a task over equal sessions.
    fn cut(minutes: u32, session: u32) -> Vec<u32> {
        let (mut left, mut parts) = (minutes, Vec::new());
        while let Some(part) = next_part(left, session, session) {
            parts.push(part);
            left -= part;
        }
        assert_eq!(left, 0, "{minutes} minutes over sessions of {session}");
        parts
    }

    #[test]
    fn a_remainder_that_would_be_too_short_takes_minutes_from_the_part_before() {
        assert_eq!(cut(70, 60), [55, 15]);
        assert_eq!(cut(75, 60), [60, 15]);
        assert_eq!(cut(10, 60), [10]);
        assert_eq!(cut(60, 60), [60]);
    }

    #[test]
    fn a_task_that_fits_only_when_all_parts_are_short_is_cut_so() {
        assert_eq!(cut(45, 20), [15, 15, 15]);
        assert_eq!(cut(33, 20), [18, 15]);
    }

    #[test]
    fn every_divisible_task_is_cut_completely_and_no_part_is_too_short() {
        for session in SHORTEST_PART..=70 {
            for minutes in (1..=400).filter(|minutes| divisible(*minutes, session)) {
                let parts = cut(minutes, session);
                assert!(parts.iter().all(|part| *part <= session));
                assert!(parts.len() == 1 || parts.iter().all(|part| *part >= SHORTEST_PART), "{minutes} {parts:?}");
            }
        }
    }

    #[test]
    fn twenty_five_minutes_cannot_be_had_from_sessions_of_twenty() {
        assert!(!divisible(25, 20) && next_part(25, 20, 20).is_none());
        assert!(divisible(25, 29) && divisible(30, 20));
    }

    #[test]
    fn no_part_goes_where_a_shorter_one_than_allowed_would() {
        assert_eq!(next_part(60, 14, 60), None);
        assert_eq!(next_part(29, 20, 60), None);
        assert_eq!(next_part(14, 14, 60), Some(14));
        assert_eq!(next_part(14, 13, 60), None);
    }
}
