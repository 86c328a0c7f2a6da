//! The place of a module in its plan and of a task in its module: dense, from 1. Used where plans are edited by hand.

use serde::Serialize;
use std::num::NonZeroU32;

/// A place in a list, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Order(NonZeroU32);

impl Order {
    /// The first place.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The place numbered `place`; none for 0.
    pub const fn new(place: u32) -> Option<Self> {
        match NonZeroU32::new(place) {
            Some(place) => Some(Self(place)),
            None => None,
        }
    }

    /// The place of the element at `index` (from 0).
    pub fn of_index(index: usize) -> Self {
        u32::try_from(index)
            .ok()
            .and_then(|index| index.checked_add(1))
            .and_then(Self::new)
            .unwrap_or(Self(NonZeroU32::MAX))
    }

    /// The number, from 1.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// The index, from 0, of a list's element at this place.
    pub fn index(self) -> usize {
        usize::try_from(self.get() - 1).unwrap_or(usize::MAX)
    }
}

/// Moves the element `id` of `list` to `to`, or to the end when the list is shorter; everything between moves up by one.
/// Returns whether `id` is in the list. The places of the result are its indices plus one: dense whatever they were.
pub fn move_to<T: Copy + PartialEq>(list: &mut Vec<T>, id: T, to: Order) -> bool {
    let Some(from) = list.iter().position(|other| *other == id) else { return false };
    let moved = list.remove(from);
    list.insert(to.index().min(list.len()), moved);
    true
}

#[cfg(test)]
mod tests;
