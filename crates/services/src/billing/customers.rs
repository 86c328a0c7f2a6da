//! One customer per account, however many requests ask for the first one at once.

use super::sync::{Cause, Reading, Written, write};
use super::{Billing, BillingError};
use sha2::{Digest, Sha256};
use waymark_domain::accounts::UserCtx;
use waymark_domain::billing::PaidSubscription;
use waymark_domain::ids::UserId;
use waymark_persistence::Customer;

/// An account after a look at the payment provider.
pub(super) struct Look {
    /// It, as it is now.
    pub account: Customer,
    /// Everything that its customer has bought.
    pub bought: Vec<PaidSubscription>,
}

impl Billing {
    /// The account as the database has it.
    pub(super) async fn account(&self, user: UserId) -> Result<Customer, BillingError> {
        self.engine.db.service(async |tx| tx.billing().find(user).await).await?.ok_or(BillingError::AccountGone)
    }

    /// The account after a look at the payment provider, which may know of a subscription, or of a deletion, that no event has
    /// told yet.
    pub(super) async fn looked_up(&self, ctx: &UserCtx, cause: &str) -> Result<Look, BillingError> {
        let account = self.account(ctx.user_id).await?;
        let Some(customer) = &account.customer_id else { return Ok(Look { account, bought: Vec::new() }) };
        let cause = Cause { actor: &ctx.subject, subject: cause, kind: None };
        let numbered = self.reading(customer).await?;
        let db = &self.engine.db;
        let written = db.service(async |tx| write(&self.engine, tx, customer, &numbered, cause).await).await?;
        let account = match written {
            Written::Current(change) if change.is_none() => account,
            Written::Current(_) | Written::Older | Written::Nobody => self.account(ctx.user_id).await?,
            // Something may bill that nobody here understands; it is in the log.
            Written::Unclear => return Err(BillingError::Unclear),
        };
        let bought = match numbered.reading {
            Reading::Bought { subscriptions, .. } => subscriptions,
            Reading::Gone | Reading::Strange(_) => Vec::new(),
        };
        Ok(Look { account, bought })
    }

    /// The account's key at the payment provider; it is made there when there is none. Requests at once send the same key for
    /// it, so that one is made; one whose making was not noted here is found again by that key within a day, and by its
    /// metadata after that.
    pub(super) async fn customer(&self, account: &Customer) -> Result<String, BillingError> {
        if let Some(customer) = &account.customer_id {
            return Ok(customer.clone());
        }
        let user = account.user_id;
        let made = self.till.stripe.create_customer(user, account.email.as_deref(), &making(account)).await?;
        crate::crash::point("customer.made");
        let db = &self.engine.db;
        let noted = db
            .service(async |tx| {
                let account = tx.billing().lock(user).await?.ok_or(BillingError::AccountGone)?;
                if let Some(first) = account.customer_id {
                    return Ok(first);
                }
                tx.billing().set_customer(user, Some(&made)).await?;
                Ok::<_, BillingError>(made.clone())
            })
            .await;
        if let Err(error) = &noted
            && error.is_account_gone()
            && let Err(error) = self.till.stripe.delete_customer(&made).await
        {
            // Erased while the customer was made: the erasure knew nothing of it.
            tracing::error!(customer = made, error = &error as &dyn std::error::Error, "a customer of nobody is left");
        }
        noted
    }
}

/// The key under which an account's customer is made. The address is part of it, because the provider refuses a known key
/// with other words; so is the last snapshot, because a deleted customer must not be found again.
fn making(account: &Customer) -> String {
    let email = hex::encode(Sha256::digest(account.email.as_deref().unwrap_or_default()));
    format!("customer:{}:{}:{}", account.user_id, account.snapshot, email.get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use waymark_domain::billing::Subscription;

    #[test]
    fn requests_at_once_send_one_key_and_those_after_a_deletion_another() {
        let account = Customer {
            user_id: UserId(Uuid::from_u128(7)),
            email: Some("a@example.com".to_owned()),
            customer_id: None,
            subscription: Subscription::default(),
            snapshot: 3,
            checkout_session: None,
        };
        assert_eq!(making(&account), making(&account.clone()));
        assert_ne!(making(&account), making(&Customer { snapshot: 4, ..account.clone() }));
        assert_ne!(making(&account), making(&Customer { email: None, ..account.clone() }));
        assert!(!making(&account).contains("example"), "keys are kept in logs");
    }
}
