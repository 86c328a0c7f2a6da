//! Two processes on one database, and as many learners as tests want.

use super::super::shop::Shop;
use super::account::{Account, account, rows, wanted};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::sync::atomic::{AtomicUsize, Ordering};
use waymark_testkit::app::App;
use waymark_testkit::stripe_server::StripeEvent;

/// The payment provider's double and the processes that it tells.
pub(super) struct Lane {
    pub shop: Shop,
    pub other: App,
    pub superuser: DatabaseConnection,
    learners: AtomicUsize,
    /// How many of the provider's events were asked for.
    known: AtomicUsize,
}

/// Somebody who is a customer.
#[derive(Debug, Clone)]
pub(super) struct Learner {
    pub user: String,
    pub customer: String,
}

impl Lane {
    pub async fn open() -> Self {
        let shop = Shop::with(|options| options.workers(0)).await;
        let other = shop.app.second_process(|options| options).await;
        let superuser = shop.app.db().superuser().await;
        Self { shop, other, superuser, learners: AtomicUsize::new(0), known: AtomicUsize::new(0) }
    }

    pub async fn close(self) {
        self.superuser.close().await.unwrap();
        self.other.stop().await;
        self.shop.app.stop().await;
    }

    /// A learner who is a customer; `linked`: and whose account says so. The customer says it anyway.
    pub async fn learner(&self, linked: bool) -> Learner {
        let number = self.learners.fetch_add(1, Ordering::Relaxed);
        let insert = format!("insert into users (clerk_user_id) values ('user_{number}') returning id::text");
        let user: String = rows(&self.superuser, insert).await[0].try_get_by_index(0).unwrap();
        let customer = self.shop.stripe.customer(None, Some(&user));
        if linked {
            let update = format!("update users set stripe_customer_id = '{customer}' where id = '{user}'");
            self.superuser.execute_unprepared(&update).await.unwrap();
        }
        Learner { user, customer }
    }

    /// Delivers an event to the first process or the second; the status.
    pub async fn deliver(&self, event: &StripeEvent, second: bool) -> u16 {
        let base = if second { self.other.base() } else { self.shop.app.base() };
        self.shop.stripe.deliver(base, event).await
    }

    /// The events that concern subscriptions and were not asked for before, oldest first.
    pub fn events(&self) -> Vec<StripeEvent> {
        let events = self.shop.stripe.events();
        let known = self.known.swap(events.len(), Ordering::Relaxed);
        events.into_iter().skip(known).filter(|event| event.kind != "customer.created").collect()
    }

    /// What the account has.
    pub async fn has(&self, learner: &Learner) -> Account {
        account(&self.superuser, &learner.user).await
    }

    /// What the account should have.
    pub fn wants(&self, learner: &Learner) -> Account {
        wanted(&self.shop.stripe, &learner.customer)
    }

    /// How many of these events are stored.
    pub async fn stored(&self, events: &[StripeEvent]) -> i64 {
        let ids: Vec<_> = events.iter().map(|event| format!("'{}'", event.id)).collect();
        let sql = format!(
            "select count(*) from stripe_webhook_events where event_id = any(array[{}]::text[])",
            ids.join(",")
        );
        rows(&self.superuser, sql).await[0].try_get_by_index(0).unwrap()
    }
}
