//! Goes through a schedule. What holds after each step is checked there, so that a schedule that fails is cut short.

use super::account::{chains, trail};
use super::lane::{Lane, Learner};
use super::schedule::{Change, Pick, Schedule, Step};
use chrono::{TimeDelta, Utc};
use futures_util::future::{join, join_all};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use waymark_testkit::stripe_server::{Hold, StripeEvent};

/// What a delivery asks.
const READING: &str = "GET /v1/subscriptions";
/// Tries of a reading.
const TRIES: usize = 3;

type Checked = Result<(), TestCaseError>;

/// Goes through a schedule and checks its end.
pub(super) async fn run(lane: &Lane, schedule: &Schedule) -> Checked {
    let learner = lane.learner(schedule.linked).await;
    let life = schedule.life.iter().copied().collect();
    let mut run = Run {
        lane,
        learner,
        life,
        subscriptions: [None, None],
        events: Vec::new(),
        told: BTreeSet::new(),
        held: Vec::new(),
        current: false,
    };
    for step in &schedule.steps {
        run.step(step).await?;
    }
    run.close(&schedule.close).await?;
    run.check().await
}

/// A delivery whose reading is held back.
struct Held<'a> {
    event: String,
    hold: Hold,
    answer: Pin<Box<dyn Future<Output = u16> + 'a>>,
}

struct Run<'a> {
    lane: &'a Lane,
    learner: Learner,
    life: VecDeque<(usize, Change)>,
    subscriptions: [Option<String>; 2],
    /// Those of this life.
    events: Vec<StripeEvent>,
    /// Those that were answered well.
    told: BTreeSet<String>,
    held: Vec<Held<'a>>,
    /// Whether the last reading to begin has seen all that happened, and was written. What was read before it may arrive later.
    current: bool,
}

impl<'a> Run<'a> {
    async fn step(&mut self, step: &Step) -> Checked {
        match step {
            Step::Change => {
                self.change();
                Ok(())
            }
            Step::Deliver(picks) => self.deliver(picks, Vec::new()).await,
            Step::Rush(picks) => {
                let held = std::mem::take(&mut self.held);
                self.deliver(picks, held).await
            }
            Step::Hold(pick) => self.hold(*pick).await,
            Step::Release(which) if !self.held.is_empty() => {
                let held = self.held.remove(usize::from(*which) % self.held.len());
                self.release(held).await
            }
            Step::Release(_) => Ok(()),
            Step::Fail(pick) => self.fail(*pick).await,
        }
    }

    /// The next change that can happen.
    fn change(&mut self) {
        let Some((which, change)) = self.life.pop_front() else { return };
        let stripe = &self.lane.shop.stripe;
        let customer = &self.learner.customer;
        if stripe.customers().iter().any(|known| known.id == *customer && known.deleted) {
            return;
        }
        let over =
            |id: &String| stripe.subscriptions().iter().any(|known| known.id == *id && known.status == "canceled");
        let days = |days| Utc::now() + TimeDelta::days(days);
        match (change, self.subscriptions[which].as_deref().filter(|id| !over(&(*id).to_owned()))) {
            (Change::Begin(price), None) => self.subscriptions[which] = Some(stripe.subscribe(customer, price)),
            (Change::DeleteCustomer, _) => stripe.delete_customer(customer),
            (Change::Status(status), Some(id)) => stripe.set_status(id, status),
            (Change::Price(price), Some(id)) => stripe.set_price(id, price),
            (Change::PeriodEnd(end), Some(id)) => stripe.set_period_end(id, days(end)),
            (Change::EndsWithPeriod(ends), Some(id)) => stripe.cancel_at_period_end(id, ends),
            (Change::EndsAt(end), Some(id)) => stripe.cancel_at(id, end.map(days)),
            (Change::End, Some(id)) => stripe.cancel(id),
            (_, _) => {}
        }
        self.events.extend(self.lane.events());
        self.current = false;
    }

    /// Delivers events at once, while those that were held back arrive.
    async fn deliver(&mut self, picks: &[Pick], held: Vec<Held<'a>>) -> Checked {
        let picked = picks.iter().filter_map(|pick| Some((self.picked(*pick)?, pick.second)));
        let picked: Vec<_> = picked.collect();
        // One that is held back may take the event's name first: then what it has read counts, and is old.
        let fresh = picked
            .iter()
            .any(|(event, _)| !self.told.contains(&event.id) && !held.iter().any(|held| held.event == event.id));
        for held in &held {
            held.hold.release();
        }
        let ids: Vec<_> = held.iter().map(|held| held.event.clone()).collect();
        let deliveries = join_all(picked.iter().map(|(event, second)| self.lane.deliver(event, *second)));
        let (late, answers) = join(join_all(held.into_iter().map(|held| held.answer)), deliveries).await;
        prop_assert!(late.iter().chain(&answers).all(|status| *status == 200), "{:?} {:?}", late, answers);
        self.told.extend(ids.into_iter().chain(picked.into_iter().map(|(event, _)| event.id)));
        self.current |= fresh;
        if self.current { self.is_current().await } else { Ok(()) }
    }

    async fn hold(&mut self, pick: Pick) -> Checked {
        let Some(event) = self.untold(pick) else { return Ok(()) };
        let hold = self.lane.shop.stripe.hold(READING);
        let (lane, id) = (self.lane, event.id.clone());
        let mut answer: Pin<Box<dyn Future<Output = u16> + 'a>> =
            Box::pin(async move { lane.deliver(&event, pick.second).await });
        let early = tokio::select! {
            () = hold.arrived() => None,
            status = &mut answer => Some(status),
        };
        if let Some(status) = early {
            return Err(TestCaseError::fail(format!("{id} was answered {status} without a look at the provider")));
        }
        self.held.push(Held { event: id, hold, answer });
        Ok(())
    }

    async fn release(&mut self, held: Held<'a>) -> Checked {
        held.hold.release();
        prop_assert_eq!(held.answer.await, 200);
        self.told.insert(held.event);
        if self.current { self.is_current().await } else { Ok(()) }
    }

    async fn fail(&mut self, pick: Pick) -> Checked {
        let Some(event) = self.untold(pick) else { return Ok(()) };
        let before = self.lane.has(&self.learner).await;
        self.lane.shop.stripe.fail_next(READING, TRIES, 500);
        prop_assert_eq!(self.lane.deliver(&event, pick.second).await, 503);
        prop_assert_eq!(self.lane.stored(std::slice::from_ref(&event)).await, 0, "claimed without an effect");
        prop_assert_eq!(self.lane.has(&self.learner).await, before);
        Ok(())
    }

    fn picked(&self, pick: Pick) -> Option<StripeEvent> {
        let at = usize::from(pick.event).checked_rem(self.events.len())?;
        self.events.get(at).cloned()
    }

    /// One that was not answered well yet.
    fn untold(&self, pick: Pick) -> Option<StripeEvent> {
        let left: Vec<_> = self.events.iter().filter(|event| !self.told.contains(&event.id)).collect();
        let at = usize::from(pick.event).checked_rem(left.len())?;
        left.get(at).map(|event| (*event).clone())
    }

    /// Everything that is left happens, is told, and arrives.
    async fn close(&mut self, order: &[u8]) -> Checked {
        while !self.life.is_empty() {
            self.change();
        }
        for choice in order.iter().cycle() {
            let left = self.events.iter().filter(|event| !self.told.contains(&event.id)).count();
            let Some(at) = usize::from(*choice).checked_rem(left + self.held.len()) else { break };
            if at < self.held.len() {
                let held = self.held.remove(at);
                self.release(held).await?;
            } else {
                let event = u8::try_from(at - self.held.len()).unwrap();
                let event = self.untold(Pick { event, second: false }).unwrap();
                prop_assert_eq!(self.lane.deliver(&event, choice % 2 == 0).await, 200);
                self.told.insert(event.id);
                self.current = true;
                self.is_current().await?;
            }
        }
        Ok(())
    }

    async fn is_current(&self) -> Checked {
        prop_assert_eq!(self.lane.has(&self.learner).await, self.lane.wants(&self.learner));
        Ok(())
    }

    /// Everything was told: the account is what the provider has, each event is stored once and changed something at most once.
    async fn check(&self) -> Checked {
        self.is_current().await?;
        prop_assert_eq!(self.lane.stored(&self.events).await, i64::try_from(self.events.len()).unwrap());
        let rows = trail(&self.lane.superuser, &self.learner.user).await;
        let subjects: BTreeSet<_> = rows.iter().map(|row| row.subject.as_str()).collect();
        prop_assert_eq!(subjects.len(), rows.len(), "{:?}", rows);
        prop_assert!(
            subjects.iter().all(|subject| self.told.contains(*subject)) && rows.iter().all(|row| row.actor == "stripe")
        );
        prop_assert!(chains(&rows, &self.lane.has(&self.learner).await.words), "{:?}", rows);
        Ok(())
    }
}
