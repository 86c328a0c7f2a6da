//! One generation as it would have gone: its attempts, events, costs and reservations.

use super::books::{Books, Entry};
use super::chance::Chance;
use super::log::Log;
use crate::generation::catalogue::Entry as ModelEntry;
use crate::generation::prompt::{prompt_chars, prompt_hash, upper_estimate};
use crate::generation::provider::PlanBrief;
use crate::plans::reservation;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use waymark_domain::generation::{
    AttemptRestart, AttemptStatus, Canceled, Complete, DraftModule, FailureClass, GenerationFailed, GenerationKind,
    ModuleSummary, PlanEvent, PlanStart, Progress, TokenUsage, UsageSummary, cents_rounded_up, estimated_tokens,
};
use waymark_domain::ids::{GenerationId, PlanId, UserId};
use waymark_persistence::{ReservationKind, ReservationState, SeedAttempt, SeedBatch, SeedGeneration, SeedSpend};

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It made the plan.
    Planned,
    /// It failed.
    Failed(FailureClass),
    /// Its learner stopped it.
    Canceled,
}

/// What was asked for.
pub(super) struct Order<'a> {
    pub kind: GenerationKind,
    pub plan: PlanId,
    pub user: UserId,
    pub brief: &'a PlanBrief,
    pub entry: &'a ModelEntry,
    pub at: DateTime<Utc>,
    /// What the model answers when it answers all.
    pub modules: &'a [DraftModule],
    /// Tasks of it that do not fit the learner's time.
    pub trimmed: u32,
}

impl Order<'_> {
    /// The most that one attempt can cost.
    pub fn estimate(brief: &PlanBrief, entry: &ModelEntry) -> i64 {
        if entry.price.is_free() { 0 } else { upper_estimate(brief, &entry.price) }
    }
}

/// Where a generation is written down.
pub(super) struct Desk<'a> {
    pub chance: &'a mut Chance,
    pub batch: &'a mut SeedBatch,
    pub books: &'a mut Books,
    pub log: &'a mut Log,
}

/// A generation that has ended.
pub(super) struct Ended {
    pub id: GenerationId,
    pub at: DateTime<Utc>,
}

/// One attempt while it is written down.
struct Attempt<'a> {
    generation: GenerationId,
    number: u32,
    outcome: Outcome,
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
    /// What arrived.
    told: &'a [DraftModule],
    usage: UsageSummary,
}

impl Attempt<'_> {
    /// Whether the provider took the call, so that it may have cost something.
    fn reached(&self) -> bool {
        self.outcome != Outcome::Failed(FailureClass::RateLimit)
    }

    fn tasks(&self) -> usize {
        self.told.iter().map(|module| module.tasks.len()).sum()
    }
}

impl Desk<'_> {
    /// Writes a generation down whose attempts end like this.
    pub fn run(&mut self, order: &Order<'_>, outcomes: &[Outcome]) -> Ended {
        let id: GenerationId = self.chance.id(order.at);
        self.log.push(self.chance, id, order.at, &plan_start(order));
        let (mut at, mut pause) = (order.at, TimeDelta::zero());
        let mut last = None;
        for (number, outcome) in (1..).zip(outcomes) {
            if let Some(Attempt { outcome: Outcome::Failed(class), .. }) = last {
                pause = if pause.is_zero() { TimeDelta::seconds(1) } else { pause * 4 };
                at += pause;
                let reason = class.as_str().to_owned();
                let restart = AttemptRestart { plan_id: order.plan, attempt: number, reason };
                self.log.push(self.chance, id, at, &PlanEvent::AttemptRestart(restart));
            }
            let begin = at + self.chance.seconds(0..=1);
            let attempt = self.attempt(order, id, number, *outcome, begin);
            at = attempt.end;
            last = Some(attempt);
        }
        if let Some(last) = last {
            self.log.push(self.chance, id, at, &ending(order, &last));
            self.generation(order, id, &last);
            self.reservations(order, id, &last);
        }
        Ended { id, at }
    }

    fn attempt<'o>(
        &mut self,
        order: &Order<'o>,
        generation: GenerationId,
        number: u32,
        outcome: Outcome,
        begin: DateTime<Utc>,
    ) -> Attempt<'o> {
        let (arrived, seconds) = match outcome {
            Outcome::Planned => (u32::MAX, 12..=58),
            Outcome::Canceled => (self.chance.number(0..=2), 4..=20),
            Outcome::Failed(FailureClass::RateLimit) => (0, 0..=2),
            Outcome::Failed(FailureClass::Timeout) => (self.chance.number(0..=2), 60..=120),
            Outcome::Failed(FailureClass::ProviderError) => (self.chance.number(0..=1), 3..=30),
            Outcome::Failed(_) => (0, 8..=40),
        };
        let told = order.modules.get(..usize::try_from(arrived).unwrap_or(usize::MAX)).unwrap_or(order.modules);
        let end = begin + self.chance.seconds(seconds) + TimeDelta::milliseconds(1);
        let usage = usage(order, outcome, told);
        let attempt = Attempt { generation, number, outcome, begin, end, told, usage };
        self.modules(order, &attempt);
        self.record(order, &attempt);
        attempt
    }

    /// The events of what arrived, spread over the attempt.
    fn modules(&mut self, order: &Order<'_>, attempt: &Attempt<'_>) {
        let hint = u32::try_from(order.modules.len()).unwrap_or(u32::MAX);
        let step = (attempt.end - attempt.begin) / i32::try_from(attempt.told.len() + 1).unwrap_or(i32::MAX);
        let (mut at, mut bytes) = (attempt.begin, 0);
        for (index, module) in (1..).zip(attempt.told) {
            at += step;
            bytes += chars(module);
            let summary = PlanEvent::ModuleSummary(ModuleSummary::of(order.plan, index, module));
            self.log.push(self.chance, attempt.generation, at, &summary);
            let progress = Progress { plan_id: order.plan, modules_parsed: index, modules_total_hint: hint, bytes };
            self.log.push(self.chance, attempt.generation, at, &PlanEvent::Progress(progress));
        }
    }

    /// The attempt's row, and what it cost.
    fn record(&mut self, order: &Order<'_>, attempt: &Attempt<'_>) {
        let request = attempt.reached().then(|| format!("gen-{}", self.chance.token(20)));
        let (status, classification) = match attempt.outcome {
            Outcome::Planned => (AttemptStatus::Success, None),
            Outcome::Failed(class) => (AttemptStatus::Failure, Some(class)),
            Outcome::Canceled => (AttemptStatus::Canceled, None),
        };
        self.batch.attempts.push(SeedAttempt {
            id: self.chance.id(attempt.begin),
            plan_id: order.plan,
            user_id: order.user,
            generation_id: attempt.generation,
            number: attempt.number,
            status,
            classification,
            duration_ms: (attempt.end - attempt.begin).num_milliseconds(),
            modules_count: attempt.told.len(),
            tasks_count: attempt.tasks(),
            prompt_hash: prompt_hash(order.brief, &order.entry.id),
            metadata: json!({
                "provider": order.entry.provider, "model": order.entry.id, "price": order.entry.price,
                "promptChars": prompt_chars(order.brief), "bytes": attempt.told.iter().map(chars).sum::<u64>(),
                "requestId": request,
            }),
            reached_at: attempt.reached().then_some(attempt.begin),
            finished_at: attempt.end,
            created_at: attempt.begin,
            updated_at: attempt.end,
        });
        if attempt.reached() {
            self.pay(order, attempt, request);
        }
    }

    fn pay(&mut self, order: &Order<'_>, attempt: &Attempt<'_>, request: Option<String>) {
        let UsageSummary { input_tokens, output_tokens, cost_microusd, estimated } = attempt.usage;
        let price = &order.entry.price;
        self.books.pay(attempt.end, cost_microusd);
        self.batch.spends.push(SeedSpend {
            id: self.chance.id(attempt.end),
            user_id: order.user,
            plan_id: order.plan,
            generation_id: attempt.generation,
            attempt: attempt.number,
            provider: order.entry.provider.clone(),
            model: order.entry.id.to_string(),
            input_tokens,
            output_tokens,
            cost_cents: cents_rounded_up(cost_microusd),
            cost_microusd,
            estimated,
            price: json!({
                "inputPerMillion": price.input_per_million, "outputPerMillion": price.output_per_million,
                "source": "catalogue",
            }),
            // Nobody is to ask the provider about a call that never was.
            request_id: request.filter(|_| !estimated),
            created_at: attempt.end,
        });
    }

    fn generation(&mut self, order: &Order<'_>, id: GenerationId, last: &Attempt<'_>) {
        let (modules, tasks) = stored(order);
        let summary = json!({
            "modules": modules, "tasks": tasks, "tasksTrimmed": order.trimmed, "attempts": last.number,
            "durationMs": (last.end - last.begin).num_milliseconds(),
        });
        self.batch.generations.push(SeedGeneration {
            id,
            plan_id: order.plan,
            user_id: order.user,
            kind: order.kind,
            model: order.entry.id.to_string(),
            prompt: json!(order.brief),
            parameters: json!({
                "taskCapacity": order.brief.task_capacity, "provider": order.entry.provider, "overridden": [],
            }),
            output_summary: (last.outcome == Outcome::Planned).then_some(summary),
            created_at: order.at,
            updated_at: last.end,
        });
    }

    fn reservations(&mut self, order: &Order<'_>, id: GenerationId, last: &Attempt<'_>) {
        let (kind, subject) = reservation(order.kind, order.plan, id);
        let planned = last.outcome == Outcome::Planned;
        let state = if planned { ReservationState::Settled } else { ReservationState::Released };
        let (from, to) = (order.at, last.end);
        self.books.enter(self.chance, &Entry { kind, subject, state, amount: 0, from, to });
        let amount = Order::estimate(order.brief, order.entry);
        if amount > 0 {
            let (kind, state) = (ReservationKind::AiSpend, ReservationState::Released);
            self.books.enter(self.chance, &Entry { kind, subject: id.0, state, amount, from, to });
        }
    }
}

/// Characters that a model wrote for a module.
fn chars(module: &DraftModule) -> u64 {
    let length = |text: Option<&String>| text.map_or(0, String::len);
    let tasks = module.tasks.iter().map(|task| {
        let links = task.resources.iter().map(|link| link.title.len() + link.url.len() + 40);
        task.title.len() + length(task.description.as_ref()) + links.sum::<usize>() + 90
    });
    (module.title.len() + length(module.description.as_ref()) + tasks.sum::<usize>() + 90) as u64
}

/// What a call took. One that was cut off never told, so it is an estimate.
fn usage(order: &Order<'_>, outcome: Outcome, told: &[DraftModule]) -> UsageSummary {
    if outcome == Outcome::Failed(FailureClass::RateLimit) {
        return UsageSummary::default();
    }
    let estimated = matches!(outcome, Outcome::Canceled | Outcome::Failed(FailureClass::Timeout));
    let input_tokens = estimated_tokens(prompt_chars(order.brief));
    let output_tokens = estimated_tokens(told.iter().map(chars).sum());
    let tokens = TokenUsage { input_tokens, output_tokens, provider_cost_microusd: None };
    UsageSummary { input_tokens, output_tokens, cost_microusd: order.entry.price.cost_microusd(&tokens), estimated }
}

/// Modules and tasks that were stored.
fn stored(order: &Order<'_>) -> (usize, usize) {
    let tasks: usize = order.modules.iter().map(|module| module.tasks.len()).sum();
    (order.modules.len(), tasks.saturating_sub(usize::try_from(order.trimmed).unwrap_or(0)))
}

fn plan_start(order: &Order<'_>) -> PlanEvent {
    let brief = order.brief;
    PlanEvent::PlanStart(PlanStart {
        plan_id: order.plan,
        attempt: 1,
        topic: brief.topic.clone(),
        skill_level: brief.skill_level,
        learning_style: brief.learning_style,
        weekly_hours: brief.weekly_hours,
        start_date: brief.start_date,
        deadline_date: brief.deadline_date,
        model: order.entry.id.clone(),
    })
}

/// The event that ends the generation.
fn ending(order: &Order<'_>, last: &Attempt<'_>) -> PlanEvent {
    let plan_id = order.plan;
    match last.outcome {
        Outcome::Canceled => PlanEvent::Canceled(Canceled { plan_id }),
        Outcome::Failed(class) => PlanEvent::Error(GenerationFailed {
            plan_id,
            code: "GENERATION_FAILED".to_owned(),
            message: class.learner_message().to_owned(),
            classification: class,
            retryable: class.is_retryable(),
        }),
        Outcome::Planned => {
            let (modules, tasks) = stored(order);
            PlanEvent::Complete(Complete {
                plan_id,
                modules_count: u32::try_from(modules).unwrap_or(u32::MAX),
                tasks_count: u32::try_from(tasks).unwrap_or(u32::MAX),
                tasks_trimmed: order.trimmed,
                duration_ms: u64::try_from((last.end - last.begin).num_milliseconds()).unwrap_or_default(),
                usage: last.usage,
            })
        }
    }
}
