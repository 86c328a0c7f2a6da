//! Accounts: who a token's subject is here.

mod preferences;

pub use preferences::Preferences;

use crate::error::StoreError;
use crate::rows::{execute, first, get, only, parse};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde::{Deserialize, Serialize};
use waymark_domain::billing::SubscriptionTier;
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
    /// What they pay for.
    pub tier: SubscriptionTier,
    /// IANA name.
    pub timezone: String,
    /// The model they like.
    pub preferred_model: Option<String>,
    /// When they were first seen.
    pub created_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, clerk_user_id, email, name, subscription_tier::text, timezone, preferred_model, created_at";

fn account(row: &QueryResult) -> Result<Account, StoreError> {
    Ok(Account {
        id: UserId(get(row, "id")?),
        subject: get(row, "clerk_user_id")?,
        email: get(row, "email")?,
        name: get(row, "name")?,
        tier: parse(row, "users", "subscription_tier")?,
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
        first(&self.0.tx, &format!("select {COLUMNS} from users"), []).await?.map(|row| account(&row)).transpose()
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
        let sql = format!("select {COLUMNS} from users where clerk_user_id = $1");
        first(self.0, &sql, [subject.into()]).await?.map(|row| account(&row)).transpose()
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
        let insert =
            "insert into users (id, clerk_user_id, email, name) values ($1, $2, lower($3), $4) on conflict do nothing";
        for email in [email, None] {
            execute(self.0, insert, [id.0.into(), subject.into(), email.into(), name.into()]).await?;
            if let Some(found) = self.by_subject(subject).await? {
                return Ok(found);
            }
        }
        Err(StoreError::WrongCount { what: "a provisioned account", expected: 1, actual: 0 })
    }

    /// What an account pays for; none once it is erased.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn tier(&self, id: UserId) -> Result<Option<SubscriptionTier>, StoreError> {
        let sql = "select subscription_tier::text from users where id = $1";
        first(self.0, sql, [id.0.into()]).await?.map(|row| parse(&row, "users", "subscription_tier")).transpose()
    }

    /// Locks an account for the rest of the transaction and reads its tier: whoever counts and then inserts holds this.
    /// Rows that merely refer to the account do not wait for it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        let sql = format!("select {COLUMNS} from users where id = $1 for no key update");
        first(self.0, &sql, [id.0.into()]).await?.map(|row| account(&row)).transpose()
    }
}
