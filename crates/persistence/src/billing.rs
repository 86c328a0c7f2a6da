//! Accounts as customers of the payment provider. Snapshots of the provider's state are numbered before they are read, and one
//! is written only over those with a smaller number: whatever order answers come in, the last one asked for stays.

use crate::accounts::{SUBSCRIPTION, subscription};
use crate::error::StoreError;
use crate::rows::{all, execute, execute_one, first, get, only};
use crate::session::ServiceTx;
use sea_orm::{DatabaseTransaction, QueryResult};
use uuid::Uuid;
use waymark_domain::billing::{ProviderStatus, Subscription, SubscriptionStatus};
use waymark_domain::ids::UserId;

/// An account as a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Our key.
    pub user_id: UserId,
    /// Lower-case.
    pub email: Option<String>,
    /// The payment provider's key; none before the first checkout.
    pub customer_id: Option<String>,
    /// What was written last.
    pub subscription: Subscription,
    /// The number of the snapshot it comes from; 0: none yet.
    pub snapshot: i64,
    /// The checkout that was opened last.
    pub checkout_session: Option<String>,
}

fn columns() -> String {
    format!(
        "u.id, u.email, u.stripe_customer_id, u.subscription_snapshot, u.stripe_checkout_session_id, {SUBSCRIPTION}"
    )
}

fn customer(row: &QueryResult) -> Result<Customer, StoreError> {
    Ok(Customer {
        user_id: UserId(get(row, "id")?),
        email: get(row, "email")?,
        customer_id: get(row, "stripe_customer_id")?,
        subscription: subscription(row)?,
        snapshot: get(row, "subscription_snapshot")?,
        checkout_session: get(row, "stripe_checkout_session_id")?,
    })
}

/// Whether a page has become the one that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutSlot {
    /// It has.
    Opened,
    /// This one is open, and not known to be closed.
    Taken(String),
}

/// Billing, as the server.
pub struct ServiceBilling<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Billing.
    pub fn billing(&self) -> ServiceBilling<'_> {
        ServiceBilling(&self.tx)
    }
}

impl ServiceBilling<'_> {
    /// A number for a snapshot that is about to be read, greater than all given before.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn next_snapshot(&self) -> Result<i64, StoreError> {
        get(
            &only(self.0, "a snapshot's number", "select nextval('subscription_snapshots') as number", []).await?,
            "number",
        )
    }

    /// An account as a customer, as it is now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, user: UserId) -> Result<Option<Customer>, StoreError> {
        let sql = format!("select {} from users u where u.id = $1", columns());
        first(self.0, &sql, [user.0.into()]).await?.map(|row| customer(&row)).transpose()
    }

    /// Locks the account that is this customer. The strongest lock from the start, for unique columns will be written.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock_customer(&self, customer_id: &str) -> Result<Option<Customer>, StoreError> {
        let sql = format!("select {} from users u where u.stripe_customer_id = $1 for update", columns());
        first(self.0, &sql, [customer_id.into()]).await?.map(|row| customer(&row)).transpose()
    }

    /// Locks an account as a customer. The strongest lock from the start, for unique columns will be written.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock(&self, user: UserId) -> Result<Option<Customer>, StoreError> {
        let sql = format!("select {} from users u where u.id = $1 for update", columns());
        first(self.0, &sql, [user.0.into()]).await?.map(|row| customer(&row)).transpose()
    }

    /// Makes a locked account this customer, or nobody's.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another account is.
    pub async fn set_customer(&self, user: UserId, customer_id: Option<&str>) -> Result<(), StoreError> {
        let sql = "update users set stripe_customer_id = $2, updated_at = now() where id = $1";
        execute_one(self.0, "a customer", sql, [user.0.into(), customer_id.into()]).await
    }

    /// Writes the snapshot of this number over a locked account, if none with a greater number was written; false otherwise.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn write(&self, user: UserId, number: i64, state: &Subscription) -> Result<bool, StoreError> {
        let sql = "update users set subscription_tier = $3::subscription_tier, subscription_status = $4::subscription_status,
                     stripe_subscription_status = $5, stripe_subscription_id = $6, subscription_period_end = $7,
                     cancel_at_period_end = $8, subscription_snapshot = $2, subscription_synced_at = now(), updated_at = now()
                   where id = $1 and subscription_snapshot < $2";
        let values = [
            user.0.into(),
            number.into(),
            state.tier.as_str().into(),
            state.status.map(SubscriptionStatus::as_str).into(),
            state.provider_status.map(ProviderStatus::as_str).into(),
            state.subscription_id.as_deref().into(),
            state.period_end.into(),
            state.cancel_at_period_end.into(),
        ];
        Ok(execute(self.0, sql, values).await? == 1)
    }

    /// Notes the checkout that is open now, if none was, or it takes the place of `closed`. None: the account is gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn open_checkout(
        &self,
        user: UserId,
        session: &str,
        closed: Option<&str>,
    ) -> Result<Option<CheckoutSlot>, StoreError> {
        let sql = "with before as (
                     select id, stripe_checkout_session_id as session from users where id = $1 for no key update),
                   opened as (
                     update users u set stripe_checkout_session_id = $2, updated_at = now() from before
                     where u.id = before.id and coalesce(before.session, $2) in ($2, $3) returning u.id)
                   select before.session, exists (select from opened) as opened from before";
        let Some(row) = first(self.0, sql, [user.0.into(), session.into(), closed.into()]).await? else {
            return Ok(None);
        };
        let other: Option<String> = get(&row, "session")?;
        Ok(Some(match other {
            Some(other) if !get(&row, "opened")? => CheckoutSlot::Taken(other),
            _ => CheckoutSlot::Opened,
        }))
    }

    /// The accounts that are customers, by their keys after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn customers(&self, after: Option<UserId>, limit: u32) -> Result<Vec<Customer>, StoreError> {
        let sql = format!(
            "select {} from users u where u.stripe_customer_id is not null and u.id > $1 order by u.id limit $2",
            columns()
        );
        let after = after.map_or(Uuid::nil(), |user| user.0);
        all(self.0, &sql, [after.into(), i64::from(limit).into()]).await?.iter().map(customer).collect()
    }
}
