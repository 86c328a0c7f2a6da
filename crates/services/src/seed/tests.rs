//! What seeding makes, without a database: that it is the same again, within limits, and in order.

use super::*;
use std::collections::{HashMap, HashSet};
use uuid::{Uuid, Version};
use waymark_domain::generation::{AttemptStatus, EventKind, FailureClass};
use waymark_domain::plans::{PlanDates, ProgressStatus};
use waymark_domain::quota::UsageMonth;
use waymark_persistence::{ReservationKind, ReservationState};

const OPTIONS: SeedOptions =
    SeedOptions { seed: 1, as_of: NaiveDate::from_ymd_opt(2026, 11, 23).unwrap(), users: 50, plans: 6 };

fn world(options: SeedOptions) -> World {
    World::new(options, Limits::default())
}

/// All of a world in one batch.
fn all(options: SeedOptions) -> SeedBatch {
    world(options).batch(0..options.users.into())
}

fn text(options: SeedOptions) -> String {
    let batches: Vec<SeedBatch> = world(options).batches().collect();
    serde_json::to_string(&batches).unwrap()
}

#[test]
fn the_same_seed_sizes_and_date_make_the_same_bytes_and_others_make_others() {
    let once = text(OPTIONS);
    assert_eq!(once, text(OPTIONS));
    for other in [
        SeedOptions { seed: 2, ..OPTIONS },
        SeedOptions { users: 49, ..OPTIONS },
        SeedOptions { plans: 5, ..OPTIONS },
        SeedOptions { as_of: OPTIONS.as_of.succ_opt().unwrap(), ..OPTIONS },
    ] {
        assert_ne!(once, text(other), "{other:?}");
    }
}

#[test]
fn a_learner_is_the_same_however_many_others_there_are() {
    let few = all(SeedOptions { users: 3, ..OPTIONS });
    let many = all(OPTIONS);
    assert_eq!(few.users, many.users[..3]);
    assert_eq!(few.plans, many.plans[..few.plans.len()]);
    assert_eq!(few.tasks, many.tasks[..few.tasks.len()]);
}

#[test]
fn two_seeds_share_no_id() {
    let ids = |seed| -> HashSet<Uuid> {
        let batch = all(SeedOptions { seed, ..OPTIONS });
        let users = batch.users.iter().map(|row| row.id.0).chain(batch.plans.iter().map(|row| row.id.0));
        users.chain(batch.tasks.iter().map(|row| row.id.0)).chain(batch.events.iter().map(|row| row.id)).collect()
    };
    let (one, two) = (ids(1), ids(2));
    assert!(one.is_disjoint(&two));
    assert!(one.iter().all(|id| id.get_version() == Some(Version::SortRand)));
}

#[test]
fn tiers_are_mixed_and_every_status_is_there() {
    use SubscriptionTier::{Free, Pro, Starter};
    let batch = all(OPTIONS);
    let tier = |tier| batch.users.iter().filter(|user| user.subscription_tier == tier).count();
    assert_eq!([Free, Starter, Pro].map(tier), [35, 10, 5]);
    let now = OPTIONS.as_of.and_time(NaiveTime::MIN).and_utc();
    let with = |status: &str, future: bool| {
        batch.users.iter().any(|user| {
            user.stripe_subscription_status == Some(status)
                && user.subscription_period_end.is_some_and(|end| (end > now) == future)
        })
    };
    for (status, future) in
        [("active", true), ("trialing", true), ("past_due", true), ("past_due", false), ("canceled", false)]
    {
        assert!(with(status, future), "{status} {future}");
    }
    assert!(batch.users.iter().any(|user| user.cancel_at_period_end));
    for user in &batch.users {
        assert_eq!(user.stripe_customer_id.is_some(), user.subscription_status.is_some());
        assert_eq!(user.stripe_subscription_id.is_some(), user.subscription_status.is_some());
        let mut changes = batch.audits.iter().filter(|audit| audit.user_id == user.id);
        let last = changes.next_back().map(|audit| (&audit.data["to"]["tier"], &audit.data["to"]["status"]));
        let expected = serde_json::json!([user.subscription_tier, user.subscription_status]);
        assert_eq!(last.is_some(), user.subscription_status.is_some());
        assert!(last.is_none_or(|(tier, status)| (tier, status) == (&expected[0], &expected[1])));
    }
}

#[test]
fn nobody_has_more_than_their_tier_allows() {
    // Many plans, so that limits bite.
    let options = SeedOptions { plans: 40, ..OPTIONS };
    let world = world(options);
    let batch = all(options);
    let plans =
        |learner: &Learner| batch.plans.iter().filter(|plan| plan.user_id == learner.row.id).collect::<Vec<_>>();
    for index in 0..options.users.into() {
        let learner = Learner::new(&world, &mut Chance::new(options.seed, index), index);
        let plans = plans(&learner);
        for (made, plan) in (1_usize..).zip(&plans) {
            let limits = world.limits.of(learner.tier_at(plan.created_at));
            let before = plans[..made - 1].iter().filter(|plan| plan.is_quota_eligible).count();
            limits.admit_plan(u32::try_from(before).unwrap()).unwrap();
            limits.admit_duration(&PlanDates::stored(plan.start_date, plan.deadline_date).unwrap()).unwrap();
            assert!(plan.start_date >= plan.created_at.date_naive());
        }
    }
    for month in &batch.months {
        assert!(month.regenerations_used <= 50 && month.ai_cost_microusd <= 10_000_000, "{month:?}");
    }
    assert!(batch.months.iter().any(|month| month.ai_cost_microusd > 0));
    let mut starts: Vec<_> = batch
        .reservations
        .iter()
        .filter(|reservation| reservation.kind != ReservationKind::AiSpend)
        .map(|reservation| (reservation.user_id, reservation.created_at))
        .collect();
    starts.sort_unstable();
    let crowded = starts.windows(11).any(|w| w[0].0 == w[10].0 && w[10].1 - w[0].1 < TimeDelta::hours(1));
    assert!(!crowded, "more than ten generations within an hour");
}

#[test]
fn the_books_add_up() {
    let batch = all(OPTIONS);
    let mut computed: HashMap<_, (u32, u32, i64)> = HashMap::new();
    for row in batch.reservations.iter().filter(|row| row.state == ReservationState::Settled) {
        let sums = computed.entry((row.user_id, row.month.clone())).or_default();
        match row.kind {
            ReservationKind::Plan => sums.0 += 1,
            ReservationKind::Regeneration => sums.1 += 1,
            ReservationKind::Export | ReservationKind::AiSpend => panic!("{row:?}"),
        }
    }
    for row in &batch.spends {
        computed.entry((row.user_id, UsageMonth::of(row.created_at).to_string())).or_default().2 += row.cost_microusd;
    }
    let stored: HashMap<_, _> = batch
        .months
        .iter()
        .map(|row| {
            ((row.user_id, row.month.clone()), (row.plans_generated, row.regenerations_used, row.ai_cost_microusd))
        })
        .collect();
    assert_eq!(stored.len(), batch.months.len());
    assert_eq!(stored, computed);
}

#[test]
fn plans_are_in_every_state_that_lasts_and_each_is_whole() {
    let batch = all(SeedOptions { users: 120, ..OPTIONS });
    let (ready, failed): (Vec<_>, Vec<_>) =
        batch.plans.iter().partition(|plan| plan.generation_status == GenerationStatus::Ready);
    assert!(!failed.is_empty() && ready.len() > 4 * failed.len(), "{} of {}", failed.len(), batch.plans.len());
    assert!(batch.plans.iter().all(|plan| plan.generation_status != GenerationStatus::Generating));
    assert!(!batch.revisions.is_empty());
    assert!(batch.tasks.iter().any(|task| task.pinned));
    for plan in &batch.plans {
        let orders: Vec<i32> =
            batch.modules.iter().filter(|module| module.plan_id == plan.id).map(|module| module.order).collect();
        let most = i32::try_from(orders.len()).unwrap();
        assert_eq!(orders, (1..=most).collect::<Vec<_>>());
        assert_eq!(plan.is_quota_eligible, most > 0);
        assert_eq!(plan.finalized_at.is_some(), most > 0);
    }
    for module in &batch.modules {
        let orders: Vec<i32> =
            batch.tasks.iter().filter(|task| task.module_id == module.id).map(|task| task.order).collect();
        assert!(!orders.is_empty());
        assert_eq!(orders, (1..=i32::try_from(orders.len()).unwrap()).collect::<Vec<_>>());
    }
    let statuses = |status| batch.attempts.iter().any(|attempt| attempt.status == status);
    assert!([AttemptStatus::Success, AttemptStatus::Failure, AttemptStatus::Canceled].into_iter().all(statuses));
    let classes: HashSet<_> = batch.attempts.iter().filter_map(|attempt| attempt.classification).collect();
    assert!(classes.contains(&FailureClass::Validation) && classes.contains(&FailureClass::Timeout), "{classes:?}");
}

#[test]
fn tasks_are_done_in_their_order_and_nothing_was_done_later_than_the_date_or_before_there_was_a_plan() {
    let batch = all(OPTIONS);
    let now = OPTIONS.as_of.and_time(NaiveTime::MIN).and_utc();
    let progress: HashMap<_, _> = batch.progress.iter().map(|row| (row.task_id, row)).collect();
    let (mut done, mut open) = (0, 0);
    for plan in &batch.plans {
        let modules = batch.modules.iter().filter(|module| module.plan_id == plan.id);
        let tasks: Vec<_> =
            modules.flat_map(|module| batch.tasks.iter().filter(|task| task.module_id == module.id)).collect();
        let times: Vec<_> = tasks.iter().map(|task| progress.get(&task.id).and_then(|row| row.completed_at)).collect();
        let completed: Vec<_> = times.iter().map_while(|at| *at).collect();
        assert_eq!(times.iter().flatten().count(), completed.len(), "a gap in what is done");
        assert!(completed.is_sorted());
        assert!(completed.iter().all(|at| *at >= plan.finalized_at.unwrap() && *at < now));
        done += completed.len();
        open += tasks.len() - completed.len();
        for task in tasks {
            let row = progress.get(&task.id);
            assert!(
                row.is_none_or(|row| row.updated_at >= task.created_at && row.status != ProgressStatus::NotStarted)
            );
        }
    }
    assert!(done > 100 && open > 100, "{done} done, {open} open");
    let latest =
        batch.attempts.iter().map(|attempt| attempt.finished_at).chain(batch.plans.iter().map(|p| p.updated_at));
    assert!(latest.max().unwrap() < now);
    assert!(batch.plans.iter().any(|plan| plan.deadline_date > OPTIONS.as_of));
    assert!(batch.plans.iter().any(|plan| plan.deadline_date < OPTIONS.as_of));
}

#[test]
fn each_plans_log_ends_with_its_newest_generations_end_and_recent_ones_are_whole() {
    let batch = all(OPTIONS);
    let since = world(OPTIONS).events_since;
    let mut whole = 0;
    for plan in &batch.plans {
        let events: Vec<_> = batch.events.iter().filter(|event| event.plan_id == plan.id).collect();
        let newest =
            batch.generations.iter().filter(|row| row.plan_id == plan.id).max_by_key(|row| row.created_at).unwrap();
        let last = events.last().unwrap();
        assert_eq!(last.generation_id, newest.id);
        assert!(last.kind.is_terminal());
        assert!(
            events.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq && pair[0].created_at <= pair[1].created_at)
        );
        if last.created_at > since {
            whole += 1;
            assert!(events.iter().any(|event| event.kind == EventKind::PlanStart && event.generation_id == newest.id));
        } else {
            assert_eq!(events.len(), 1);
        }
    }
    assert!(whole > 10, "{whole}");
}

#[test]
fn addresses_and_the_providers_keys_are_unique() {
    let batch = all(SeedOptions { users: 2_000, plans: 0, ..OPTIONS });
    let unique = |values: Vec<&str>| values.iter().collect::<HashSet<_>>().len() == values.len();
    assert!(unique(batch.users.iter().map(|user| user.email.as_str()).collect()));
    assert!(unique(batch.users.iter().map(|user| user.clerk_user_id.as_str()).collect()));
    assert!(unique(batch.users.iter().filter_map(|user| user.stripe_customer_id.as_deref()).collect()));
    for user in &batch.users {
        assert!(user.email.is_ascii() && user.email == user.email.to_lowercase(), "{}", user.email);
        assert!(user.timezone.parse::<chrono_tz::Tz>().is_ok());
    }
}
