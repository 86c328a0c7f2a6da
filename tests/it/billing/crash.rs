//! A process that dies while money or people are in its hands, at each point where that could matter: the same event again,
//! or the same request, to a process that lives makes it right, and once.

use super::orders::account::{chains, trail};
use super::shop::{CHANGES, CHECKOUT, EVENTS, Shop, session, standing, subscription, wish};
use reqwest::Method;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;
use waymark_services::crash::MONEY_POINTS;
use waymark_testkit::actor::Actor;
use waymark_testkit::clerk_server::{ClerkEvent, ClerkServer};
use waymark_testkit::outside::{PRO, STARTER};
use waymark_testkit::process::{CrashAt, Process};
use waymark_testkit::stripe_server::StripeEvent;
use waymark_testkit::wait::until;

/// The body of the process that dies.
#[tokio::test]
#[ignore = "the body of a process that other tests start"]
async fn doomed_process() {
    waymark_testkit::process::body().await;
}

/// A process of this shop that dies when it first comes to a point.
struct Doomed {
    process: Process,
    point: &'static str,
}

impl Doomed {
    async fn start(shop: &Shop, point: &'static str) -> Self {
        Self::working(shop, point, 0).await
    }

    async fn working(shop: &Shop, point: &'static str, workers: usize) -> Self {
        assert!(MONEY_POINTS.contains(&point), "{point}");
        let options = shop.app.options().clone().workers(workers);
        let crash = CrashAt { point, visit: 1 };
        let process = Process::doomed("billing::crash::doomed_process", &options, Some(crash)).await;
        Self { process: process.unwrap(), point }
    }

    /// Delivers an event, and dies of it.
    async fn take(mut self, shop: &Shop, event: &StripeEvent) {
        let answer = shop.stripe.try_deliver(self.process.base(), event).await;
        self.died(answer).await;
    }

    async fn take_clerk(mut self, clerk: &ClerkServer, event: &ClerkEvent) {
        let answer = clerk.try_deliver(self.process.base(), event).await;
        self.died(answer).await;
    }

    /// Asks for a checkout, and the process dies of it.
    async fn checkout(mut self, actor: &Actor, key: &str, price: &str) {
        let actor = actor.at(self.process.base());
        let request = actor.request(Method::POST, CHECKOUT).header("idempotency-key", key).json(&wish(price));
        let answer = request.send().await.ok().map(|answer| answer.status().as_u16());
        self.died(answer).await;
    }

    /// It aborted itself and said nothing.
    async fn died(&mut self, answer: Option<u16>) {
        assert_eq!(answer, None, "it lived on at {}", self.point);
        let status = until("the process is gone", async || self.process.ended()).await;
        assert_eq!(status.signal(), Some(nix::sys::signal::Signal::SIGABRT as i32), "{}: {status}", self.point);
    }
}

/// The last event of a kind.
fn last(shop: &Shop, kind: &str) -> StripeEvent {
    shop.stripe.events().into_iter().rfind(|event| event.kind == kind).unwrap()
}

/// Dies at a point while an upgrade is told; `stored` says whether it was taken in by then.
async fn an_upgrade(point: &'static str, stored: bool) {
    let shop = Shop::with(|options| options.workers(0)).await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, STARTER).await;
    let (events, changes) = (shop.number(EVENTS).await, shop.number(CHANGES).await);
    shop.stripe.set_price(&bought, PRO);
    let upgrade = last(&shop, "customer.subscription.updated");

    Doomed::start(&shop, point).await.take(&shop, &upgrade).await;
    let there = i64::from(stored);
    assert_eq!((shop.number(EVENTS).await, shop.number(CHANGES).await), (events + there, changes + there), "{point}");
    let tier = if stored { "pro" } else { "starter" };
    assert_eq!(subscription(&owner).await["tier"], tier, "{point}: all or nothing");

    // More has happened by the time it comes again.
    shop.stripe.cancel_at_period_end(&bought, true);
    for _ in 0..2 {
        assert_eq!(shop.stripe.deliver(shop.app.base(), &upgrade).await, 200);
        assert_eq!(shop.number(EVENTS).await, events + 1, "{point}");
        assert_eq!(shop.number(CHANGES).await, changes + 1, "{point}");
    }
    assert_eq!(standing(&owner).await, "pro pro active active");
    assert_eq!(subscription(&owner).await["cancelAtPeriodEnd"], !stored, "{point}: it is looked at anew");
    shop.tell().await;
    assert_eq!(subscription(&owner).await["cancelAtPeriodEnd"], true);
    trail_holds(&shop, point).await;
}

/// Every change is told of once, each from where the one before it led to.
async fn trail_holds(shop: &Shop, point: &str) {
    let superuser = shop.app.db().superuser().await;
    let user = shop.text("select id::text from users").await;
    let rows = trail(&superuser, &user).await;
    let has = super::orders::account::account(&superuser, &user).await;
    assert!(chains(&rows, &has.words), "{point}: {rows:?}");
    assert!(rows.iter().all(|row| row.from != row.to), "{point}: {rows:?}");
    superuser.close().await.unwrap();
}

#[tokio::test]
async fn an_event_is_taken_in_again_after_a_death_when_its_reading_was_numbered() {
    an_upgrade("billing.numbered", false).await;
}

#[tokio::test]
async fn an_event_is_taken_in_again_after_a_death_when_the_provider_was_asked() {
    an_upgrade("billing.read", false).await;
}

#[tokio::test]
async fn an_event_is_taken_in_again_after_a_death_before_its_commit() {
    an_upgrade("billing.before_commit", false).await;
}

#[tokio::test]
async fn an_event_is_not_taken_in_twice_after_a_death_behind_its_commit() {
    an_upgrade("billing.after_commit", true).await;
}

#[tokio::test]
async fn an_end_that_was_cut_off_at_each_point_ends_once() {
    let shop = Shop::with(|options| options.workers(0)).await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, PRO).await;
    let (events, changes) = (shop.number(EVENTS).await, shop.number(CHANGES).await);
    shop.stripe.cancel(&bought);
    let end = last(&shop, "customer.subscription.deleted");
    // One delivery after the other dies, each a step further.
    for point in ["billing.numbered", "billing.read", "billing.before_commit"] {
        Doomed::start(&shop, point).await.take(&shop, &end).await;
        assert_eq!((shop.number(EVENTS).await, shop.number(CHANGES).await), (events, changes), "{point}");
    }
    Doomed::start(&shop, "billing.after_commit").await.take(&shop, &end).await;
    shop.tell().await;
    assert_eq!((shop.number(EVENTS).await, shop.number(CHANGES).await), (events + 1, changes + 1));
    assert_eq!(standing(&owner).await, "free free canceled canceled");
    trail_holds(&shop, "every point").await;
}

/// Dies at a point while a checkout is made; the same request and the payment come after.
async fn a_checkout(point: &'static str, noted: bool) {
    let shop = Shop::with(|options| options.workers(0)).await;
    let owner = shop.app.owner();
    Doomed::start(&shop, point).await.checkout(&owner, "one", PRO).await;
    let customers = shop.stripe.customers();
    assert_eq!(customers.len(), 1, "{point}");
    assert_eq!(shop.customer("user_owner").await, noted.then(|| customers[0].id.clone()), "{point}");
    assert_eq!(shop.open_sessions().len(), usize::from(noted), "{point}");
    assert_eq!(shop.text("select coalesce(stripe_checkout_session_id, '') from users").await, "", "{point}");

    let first = owner.post_once(CHECKOUT, "one", &wish(PRO)).await;
    assert_eq!(first.status.as_u16(), 200, "{}", first.text);
    let again = owner.post_once(CHECKOUT, "one", &wish(PRO)).await;
    assert_eq!((session(&again), again.header("idempotency-replayed")), (session(&first), "true"), "{point}");
    assert_eq!(shop.stripe.customers(), customers, "{point}: one customer");
    assert_eq!(shop.customer("user_owner").await.as_ref(), Some(&customers[0].id));
    assert_eq!(shop.stripe.sessions().len(), 1, "{point}: one page");
    assert_eq!(shop.open_sessions(), [session(&first)], "{point}");

    shop.stripe.complete_checkout(&session(&first));
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro active active");
    assert_eq!(shop.number(CHANGES).await, 1, "{point}");
}

#[tokio::test]
async fn a_customer_that_was_made_by_a_process_that_died_is_found_again() {
    a_checkout("customer.made", false).await;
}

#[tokio::test]
async fn a_page_that_was_made_by_a_process_that_died_is_given_out_again() {
    a_checkout("checkout.made", true).await;
}

#[tokio::test]
async fn a_customer_that_nobody_noted_is_known_by_what_it_bought() {
    let shop = Shop::with(|options| options.workers(0)).await;
    let owner = shop.app.owner();
    Doomed::start(&shop, "customer.made").await.checkout(&owner, "one", PRO).await;
    let customer = shop.stripe.customers()[0].id.clone();
    // The support sells it to them by hand.
    shop.stripe.subscribe(&customer, PRO);
    shop.tell().await;
    assert_eq!(shop.customer("user_owner").await, Some(customer));
    assert_eq!(standing(&owner).await, "pro pro active active");
    assert_eq!(owner.post(CHECKOUT, &wish(PRO)).await.problem(409), "ALREADY_SUBSCRIBED");
    assert_eq!(shop.stripe.customers().len(), 1);
}

/// How many of the identity provider's events are stored.
const CLERK_EVENTS: &str = "select count(*) from clerk_webhook_events";

#[tokio::test]
async fn a_person_is_noted_and_erased_once_whoever_dies_over_it() {
    let clerk = ClerkServer::start().await;
    let shop = Shop::with(|options| options.workers(0).clerk(&clerk, false)).await;
    let told = clerk.event("user.created", &clerk.user("user_owner", Some("Ada@Example.com")));
    Doomed::start(&shop, "clerk.before_commit").await.take_clerk(&clerk, &told).await;
    assert_eq!(shop.number("select count(*) from users").await, 0);
    assert_eq!(shop.number(CLERK_EVENTS).await, 0);
    for _ in 0..2 {
        assert_eq!(clerk.deliver(shop.app.base(), &told).await, 200);
        assert_eq!(shop.number(CLERK_EVENTS).await, 1);
    }
    assert_eq!(shop.text("select email from users").await, "ada@example.com");

    shop.buy(&shop.app.owner(), PRO).await;
    let gone = clerk.event("user.deleted", &clerk.delete_user("user_owner"));
    Doomed::start(&shop, "clerk.before_commit").await.take_clerk(&clerk, &gone).await;
    let counts = "select (select count(*) from users) * 1000 + (select count(*) from deleted_users) * 100
        + (select count(*) from job_queue where job_type = 'account_erasure') * 10
        + (select count(*) from audit_log where action = 'account.erased')";
    assert_eq!(shop.number(counts).await, 1000, "nothing of it has happened");
    for _ in 0..2 {
        assert_eq!(clerk.deliver(shop.app.base(), &gone).await, 200);
        assert_eq!(shop.number(counts).await, 111, "all of it, once");
        assert_eq!(shop.number(CLERK_EVENTS).await, 2);
    }
}

#[tokio::test]
async fn what_is_left_of_an_erasure_is_done_and_told_once_though_a_worker_dies_over_it() {
    let clerk = ClerkServer::start().await;
    let shop = Shop::with(|options| options.workers(0).clerk(&clerk, false).lease(Duration::from_secs(1))).await;
    let bought = shop.buy(&shop.app.owner(), PRO).await;
    let gone = clerk.event("user.deleted", &clerk.delete_user("user_owner"));
    let mut doomed = Doomed::working(&shop, "chore.before_commit", 1).await;
    assert_eq!(clerk.deliver(shop.app.base(), &gone).await, 200);
    doomed.died(None).await;
    let told = "select count(*) from audit_log where action = 'account.erasure_finished'";
    assert_eq!(shop.number(told).await, 0);
    let _healthy = shop.app.second_process(|options| options.workers(1)).await;
    let open = "select count(*) from job_queue where job_type = 'account_erasure' and status <> 'completed'";
    until("the erasure is done", async || (shop.number(open).await == 0).then_some(())).await;
    assert_eq!(shop.number(told).await, 1);
    assert_eq!(
        shop.number("select count(*) from job_queue where job_type = 'account_erasure' and payload <> '{}'").await,
        0
    );
    let there = shop.stripe.subscriptions().into_iter().find(|it| it.id == bought).unwrap();
    assert_eq!(there.status, "canceled");
}

#[test]
fn every_point_has_its_test() {
    let source = include_str!("crash.rs");
    for point in MONEY_POINTS {
        let dies_there = source.matches(&format!("\"{point}\"")).count();
        assert!(dies_there > 0, "nobody dies at {point}");
    }
}
