//! One plan's log of events, cut to what a sweeper would have left of it.

use super::chance::Chance;
use chrono::{DateTime, Utc};
use serde_json::json;
use waymark_domain::generation::PlanEvent;
use waymark_domain::ids::{GenerationId, PlanId, UserId};
use waymark_persistence::SeedEvent;

/// A plan's log.
pub(super) struct Log {
    plan: PlanId,
    user: UserId,
    rows: Vec<SeedEvent>,
}

impl Log {
    /// An empty log.
    pub const fn new(plan: PlanId, user: UserId) -> Self {
        Self { plan, user, rows: Vec::new() }
    }

    /// Appends an event.
    pub fn push(&mut self, chance: &mut Chance, generation: GenerationId, at: DateTime<Utc>, event: &PlanEvent) {
        self.rows.push(SeedEvent {
            id: chance.id(at),
            plan_id: self.plan,
            user_id: self.user,
            generation_id: generation,
            seq: self.rows.last().map_or(1, |last| last.seq + 1),
            kind: event.kind(),
            data: json!(event),
            created_at: at,
        });
    }

    /// What is kept: generations that ended after `since`, and the last row of all.
    pub fn kept(mut self, since: DateTime<Utc>) -> Vec<SeedEvent> {
        let last = self.rows.last().map(|row| row.seq);
        let kept: Vec<GenerationId> = self
            .rows
            .iter()
            .filter(|row| row.kind.is_terminal() && row.created_at > since)
            .map(|row| row.generation_id)
            .collect();
        self.rows.retain(|row| Some(row.seq) == last || kept.contains(&row.generation_id));
        self.rows
    }
}
