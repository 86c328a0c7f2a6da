//! Accounts: who a token's subject is here.

mod erasure;
mod identity;
mod preferences;
mod subscription;

pub use erasure::SealedToken;
pub use identity::KnownIdentity;
pub use preferences::Preferences;
pub(crate) use subscription::{SUBSCRIPTION, subscription, tier};

use crate::error::StoreError;
use crate::rows::{execute, first, get, only};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde::{Deserialize, Serialize};
use waymark_domain::billing::{Subscription, SubscriptionTier};
use waymark_domain::ids::UserId;

/// A person as they and the server see them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Our key.
    pub id: UserId,
    /// The identity provider's key.
    pub subject: String,
    /// Lower-case; unknown until the identity provider tells.
    pub email: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// Whose limits hold for them now: what they pay for, and in arrears only until the period's end.
    pub tier: SubscriptionTier,
    /// IANA name.
    pub timezone: String,
    /// The model they like.
    pub preferred_model: Option<String>,
    /// When they were first seen.
    pub created_at: DateTime<Utc>,
}

/// The columns of an [`Account`], for a statement in which `users` is called `u`.
fn columns() -> String {
    format!("u.id, u.clerk_user_id, u.email, u.name, u.timezone, u.preferred_model, u.created_at, {SUBSCRIPTION}")
}

fn account(row: &QueryResult) -> Result<Account, StoreError> {
    Ok(Account {
        id: UserId(get(row, "id")?),
        subject: get(row, "clerk_user_id")?,
        email: get(row, "email")?,
        name: get(row, "name")?,
        tier: tier(row)?,
        timezone: get(row, "timezone")?,
        preferred_model: get(row, "preferred_model")?,
        created_at: get(row, "created_at")?,
    })
}

/// A learner's own account.
pub struct UserAccounts<'t>(&'t UserTx);

impl UserTx {
    /// Accounts, as the learner.
    pub fn accounts(&self) -> UserAccounts<'_> {
        UserAccounts(self)
    }
}

impl UserAccounts<'_> {
    /// The learner's own account; none once it is erased.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn own(&self) -> Result<Option<Account>, StoreError> {
        let sql = format!("select {} from users u", columns());
        first(&self.0.tx, &sql, []).await?.map(|row| account(&row)).transpose()
    }

    /// What the learner has bought, and whether the payment provider knows them; none once they are erased.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn subscription(&self) -> Result<Option<(Subscription, bool)>, StoreError> {
        let sql = format!("select {SUBSCRIPTION}, u.stripe_customer_id is not null as has_customer from users u");
        first(&self.0.tx, &sql, []).await?.map(|row| Ok((subscription(&row)?, get(&row, "has_customer")?))).transpose()
    }
}

/// Accounts, as the server.
pub struct ServiceAccounts<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Accounts, as the server.
    pub fn accounts(&self) -> ServiceAccounts<'_> {
        ServiceAccounts(&self.tx)
    }
}

impl ServiceAccounts<'_> {
    /// The account of a subject.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn by_subject(&self, subject: &str) -> Result<Option<Account>, StoreError> {
        let sql = format!("select {} from users u where u.clerk_user_id = $1", columns());
        first(self.0, &sql, [subject.into()]).await?.map(|row| account(&row)).transpose()
    }

    /// Waits until nobody else makes or erases the account of this subject, or gives this address away, for the rest of the
    /// transaction: there may be no row yet that could be locked. Of the two the subject comes first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn alone(&self, with: &str) -> Result<(), StoreError> {
        let sql = "select pg_advisory_xact_lock(hashtextextended($1, 28773)) is null as locked";
        only(self.0, "a lock", sql, [with.into()]).await.map(drop)
    }

    /// Whether this subject was erased: a late token must not bring the person back.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_erased(&self, subject: &str) -> Result<bool, StoreError> {
        let sql = "select exists (select from deleted_users where clerk_user_id = $1) as erased";
        get(&only(self.0, "a tombstone", sql, [subject.into()]).await?, "erased")
    }

    /// Makes the account of a subject seen for the first time, unless another request just did. An e-mail that another
    /// account holds is left out.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn provision(
        &self,
        id: UserId,
        subject: &str,
        email: Option<&str>,
        name: Option<&str>,
    ) -> Result<Account, StoreError> {
        let insert = "insert into users (id, clerk_user_id, email, name, clerk_name) values ($1, $2, lower($3), $4, $4)
                      on conflict do nothing";
        for email in [email, None] {
            execute(self.0, insert, [id.0.into(), subject.into(), email.into(), name.into()]).await?;
            if let Some(found) = self.by_subject(subject).await? {
                return Ok(found);
            }
        }
        Err(StoreError::WrongCount { what: "a provisioned account", expected: 1, actual: 0 })
    }

    /// The tier whose limits hold for an account now; none once it is erased.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn tier(&self, id: UserId) -> Result<Option<SubscriptionTier>, StoreError> {
        let sql = format!("select {SUBSCRIPTION} from users u where u.id = $1");
        first(self.0, &sql, [id.0.into()]).await?.map(|row| tier(&row)).transpose()
    }

    /// Locks an account for the rest of the transaction and reads its tier: whoever counts and then inserts holds this.
    /// Rows that merely refer to the account do not wait for it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        let sql = format!("select {} from users u where u.id = $1 for no key update", columns());
        first(self.0, &sql, [id.0.into()]).await?.map(|row| account(&row)).transpose()
    }
}
