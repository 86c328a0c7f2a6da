//! Which proposed module continues which present one. Used by the merge to place what must stay.

use super::super::proposal::folded;
use super::{PlanSnapshot, Proposal};
use std::collections::BTreeMap;

/// Pairs of a proposed and a present module, by index; each occurs in one pair at most.
#[derive(Debug, Default)]
pub(super) struct Counterparts {
    of_proposed: BTreeMap<usize, usize>,
    of_present: BTreeMap<usize, usize>,
}

impl Counterparts {
    /// Pairs modules: by id, which only a restore has; then by the number of tasks `moved` (most first, of equals the
    /// earlier); then by title.
    pub(super) fn find(present: &PlanSnapshot, proposal: &Proposal, moved: &BTreeMap<(usize, usize), usize>) -> Self {
        let mut pairs = Self::default();
        pairs.pair_where(present, proposal, |old, new| new.id == Some(old.id));
        let mut moved: Vec<(usize, usize, usize)> =
            moved.iter().map(|(&(new, old), &tasks)| (tasks, new, old)).collect();
        moved.sort_by(|a, b| b.0.cmp(&a.0).then(a.cmp(b)));
        for (_, new, old) in moved {
            pairs.pair(new, old);
        }
        pairs.pair_where(present, proposal, |old, new| folded(&old.title) == folded(&new.title));
        pairs
    }

    /// The index of the present module that the proposed one at `at` continues.
    pub(super) fn of_proposed(&self, at: usize) -> Option<usize> {
        self.of_proposed.get(&at).copied()
    }

    /// Whether a proposed module continues the present one at `at`.
    pub(super) fn has(&self, at: usize) -> bool {
        self.of_present.contains_key(&at)
    }

    fn pair_where(
        &mut self,
        present: &PlanSnapshot,
        proposal: &Proposal,
        alike: impl Fn(&super::SnapshotModule, &super::ProposedModule) -> bool,
    ) {
        for (old_at, old) in present.modules.iter().enumerate() {
            let mut free = (0..).zip(&proposal.modules).filter(|(at, _)| !self.of_proposed.contains_key(at));
            let found = free.find(|(_, new)| alike(old, new)).map(|(at, _)| at);
            if let Some(new_at) = found {
                self.pair(new_at, old_at);
            }
        }
    }

    fn pair(&mut self, new: usize, old: usize) {
        if !self.of_proposed.contains_key(&new) && !self.of_present.contains_key(&old) {
            self.of_proposed.insert(new, old);
            self.of_present.insert(old, new);
        }
    }
}
