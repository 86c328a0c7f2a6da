//! What an account has, what the payment provider says that it should have, and the trail that leads there.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};
use serde_json::{Value, json};
use waymark_domain::billing::{PaidSubscription, PriceTiers, ProviderStatus, Subscription, SubscriptionStatus};
use waymark_testkit::outside::{PRO, STARTER};
use waymark_testkit::stripe_server::StripeServer;

/// An account as a customer.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::billing) struct Account {
    pub customer: Option<String>,
    /// The subscription in the words of the trail.
    pub words: Value,
}

/// One row of the trail.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::billing) struct Row {
    pub actor: String,
    pub subject: String,
    pub from: Value,
    pub to: Value,
}

/// The learner's row.
const ACCOUNT: &str = "select stripe_customer_id as customer, jsonb_build_object(
    'tier', subscription_tier, 'status', subscription_status, 'providerStatus', stripe_subscription_status,
    'subscription', stripe_subscription_id, 'cancelAtPeriodEnd', cancel_at_period_end, 'periodEnd',
    to_char(subscription_period_end at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')) as words
  from users";

pub(in crate::billing) async fn rows(superuser: &DatabaseConnection, sql: String) -> Vec<QueryResult> {
    superuser.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap()
}

/// What a learner's account has.
pub(in crate::billing) async fn account(superuser: &DatabaseConnection, user: &str) -> Account {
    let found = rows(superuser, format!("{ACCOUNT} where id = '{user}'")).await;
    let row = found.first().unwrap();
    Account { customer: row.try_get("", "customer").unwrap(), words: row.try_get("", "words").unwrap() }
}

/// What the trail tells of a learner, oldest first.
pub(in crate::billing) async fn trail(superuser: &DatabaseConnection, user: &str) -> Vec<Row> {
    let sql = format!(
        "select actor, subject, data from audit_log where user_id = '{user}' and action = 'subscription.changed' order by id"
    );
    let found = rows(superuser, sql).await;
    let read = |row: &QueryResult| {
        let mut data: Value = row.try_get("", "data").unwrap();
        Row {
            actor: row.try_get("", "actor").unwrap(),
            subject: row.try_get("", "subject").unwrap(),
            from: data["from"].take(),
            to: data["to"].take(),
        }
    };
    found.iter().map(read).collect()
}

/// What the account of a customer should have by what the payment provider has now. Which of several subscriptions counts is
/// the domain's to say, and proven there.
pub(in crate::billing) fn wanted(stripe: &StripeServer, customer: &str) -> Account {
    let gone = stripe.customers().iter().any(|known| known.id == customer && known.deleted);
    if gone {
        return Account { customer: None, words: words(&Subscription::default()) };
    }
    let prices = PriceTiers { starter: vec![STARTER.to_owned()], pro: vec![PRO.to_owned()] };
    let theirs = stripe.subscriptions().into_iter().filter(|known| known.customer == customer);
    let bought: Vec<_> = theirs
        .map(|known| PaidSubscription {
            status: known.status.parse().unwrap(),
            tier: prices.tier(&known.price),
            period_end: Some(known.period_end),
            cancels_at_period_end: known.cancel_at_period_end || known.cancel_at.is_some(),
            created: known.created,
            id: known.id,
        })
        .collect();
    let has = Subscription::of(&bought, chrono::Utc::now()).unwrap();
    Account { customer: Some(customer.to_owned()), words: words(&has) }
}

fn words(it: &Subscription) -> Value {
    json!({
        "tier": it.tier.as_str(),
        "status": it.status.map(SubscriptionStatus::as_str),
        "providerStatus": it.provider_status.map(ProviderStatus::as_str),
        "subscription": it.subscription_id,
        "periodEnd": it.period_end.map(|end| end.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        "cancelAtPeriodEnd": it.cancel_at_period_end,
    })
}

/// Whether rows, in some order, lead from nothing to `end`, each from where the one before it led to. Their own order is that
/// of clocks: two processes may write within one tick.
pub(in crate::billing) fn chains(rows: &[Row], end: &Value) -> bool {
    fn leads(rows: &[Row], at: &Value, end: &Value) -> bool {
        if rows.is_empty() {
            return at == end;
        }
        (0..rows.len()).any(|next| {
            let mut rest = rows.to_vec();
            let row = rest.remove(next);
            row.from == *at && leads(&rest, &row.to, end)
        })
    }
    leads(rows, &words(&Subscription::default()), end)
}
