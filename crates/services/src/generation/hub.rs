//! Who waits for which plan's events in this process. The log is the truth; what passes here is either a logged event or
//! a hint to look, and a subscriber that missed something looks too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast::{Receiver, Sender};
use waymark_domain::ids::PlanId;
use waymark_persistence::LoggedEvent;

/// Messages a subscriber may fall behind before it reads the log instead.
const BACKLOG: usize = 16;

/// What a subscriber is told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// This is in the log now.
    Event(Arc<LoggedEvent>),
    /// Something may be in the log.
    Look,
}

struct Channel {
    sender: Sender<Told>,
    /// The last place this process has told of.
    end: i64,
}

/// The subscribers of every plan.
#[derive(Clone, Default)]
pub(crate) struct Hub(Arc<Mutex<HashMap<PlanId, Channel>>>);

/// One subscriber; the plan is forgotten with its last one.
pub(crate) struct Subscription {
    hub: Hub,
    plan: PlanId,
    receiver: Option<Receiver<Told>>,
}

impl Hub {
    fn channels(&self) -> MutexGuard<'_, HashMap<PlanId, Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes to a plan. Subscribe first and read the log second, so that nothing falls between.
    pub fn subscribe(&self, plan: PlanId) -> Subscription {
        let mut channels = self.channels();
        let channel = channels.entry(plan).or_insert_with(|| Channel { sender: Sender::new(BACKLOG), end: 0 });
        Subscription { hub: self.clone(), plan, receiver: Some(channel.sender.subscribe()) }
    }

    /// Tells a plan's subscribers of events that are in the log.
    pub fn publish(&self, events: Vec<LoggedEvent>) {
        let mut channels = self.channels();
        for event in events {
            if let Some(channel) = channels.get_mut(&event.plan_id) {
                channel.end = channel.end.max(event.seq);
                // Without receivers there is nobody to tell.
                let _ = channel.sender.send(Told::Event(Arc::new(event)));
            }
        }
    }

    /// Hints at a plan's log.
    pub fn hint(&self, plan: PlanId) {
        if let Some(channel) = self.channels().get(&plan) {
            let _ = channel.sender.send(Told::Look);
        }
    }

    /// Hints at every plan's log: notices may have been missed.
    pub fn hint_all(&self) {
        for channel in self.channels().values() {
            let _ = channel.sender.send(Told::Look);
        }
    }

    /// Plans somebody waits for.
    pub fn plans(&self) -> Vec<PlanId> {
        self.channels().keys().copied().collect()
    }

    /// Compares the ends of logs with what was told, and hints where they differ.
    pub fn compare(&self, ends: &[(PlanId, i64)]) {
        let mut channels = self.channels();
        for (plan, end) in ends {
            if let Some(channel) = channels.get_mut(plan)
                && channel.end != *end
            {
                channel.end = *end;
                let _ = channel.sender.send(Told::Look);
            }
        }
    }
}

impl Subscription {
    /// Waits for the next message. A subscriber that fell behind is told to look. Cancel safe.
    pub async fn next(&mut self) -> Told {
        match &mut self.receiver {
            Some(receiver) => receiver.recv().await.unwrap_or(Told::Look),
            None => std::future::pending().await,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut channels = self.hub.channels();
        self.receiver = None;
        if channels.get(&self.plan).is_some_and(|channel| channel.sender.receiver_count() == 0) {
            channels.remove(&self.plan);
        }
    }
}
