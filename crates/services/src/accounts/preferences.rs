//! What a person chooses for all their plans, and their name: as themselves.

use super::{Account, Accounts};
use crate::generation::catalogue::CatalogueError;
use crate::plans::{Done, KeyReused, RequestKey, once_as};
use waymark_domain::accounts::{DisplayName, PreferencesPatch, UserCtx};
use waymark_persistence::{Preferences, StoreError, UserTx};

/// Why a use case around accounts did not work.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The account was erased meanwhile.
    #[error("the account is gone")]
    Gone,
    /// The catalogue has no such model.
    #[error("the catalogue has no such model")]
    ModelInvalid,
    /// The tier may not use this model.
    #[error("this tier may not use that model")]
    ModelNotAllowed,
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The store did not do it.
    #[error("the account could not be stored or read")]
    Store(#[from] StoreError),
}

impl From<KeyReused> for AccountsError {
    fn from(_: KeyReused) -> Self {
        Self::KeyReused
    }
}

impl Accounts {
    /// The learner's preferences.
    ///
    /// # Errors
    /// [`AccountsError::Gone`]
    pub async fn preferences(&self, ctx: &UserCtx) -> Result<Preferences, AccountsError> {
        self.engine.db.authenticated(ctx, async |tx| preferences(tx).await).await
    }

    /// Changes the learner's preferences. A model must be in the catalogue and in the tier.
    ///
    /// # Errors
    /// [`AccountsError`]
    pub async fn change_preferences(
        &self,
        ctx: &UserCtx,
        patch: &PreferencesPatch,
        key: Option<&RequestKey>,
    ) -> Result<Done<Preferences>, AccountsError> {
        once_as(&self.engine, ctx, key, async |tx| {
            let account = tx.accounts().own().await?.ok_or(AccountsError::Gone)?;
            if let Some(Some(model)) = &patch.preferred_model {
                let models = self.engine.settings.limits.of(account.tier).models;
                self.engine.catalogue.resolve(Some(model), None, models).map_err(|error| match error {
                    CatalogueError::Invalid => AccountsError::ModelInvalid,
                    CatalogueError::NotAllowedForTier => AccountsError::ModelNotAllowed,
                })?;
            }
            tx.accounts().set_preferences(account.id, patch).await?;
            preferences(tx).await
        })
        .await
    }

    /// Changes the learner's name; none takes it away.
    ///
    /// # Errors
    /// [`AccountsError`]
    pub async fn rename(
        &self,
        ctx: &UserCtx,
        name: Option<&DisplayName>,
        key: Option<&RequestKey>,
    ) -> Result<Done<Account>, AccountsError> {
        once_as(&self.engine, ctx, key, async |tx| {
            let account = tx.accounts().own().await?.ok_or(AccountsError::Gone)?;
            tx.accounts().rename(account.id, name).await?;
            tx.accounts().own().await?.ok_or(AccountsError::Gone)
        })
        .await
    }
}

async fn preferences(tx: &UserTx) -> Result<Preferences, AccountsError> {
    tx.accounts().preferences().await?.ok_or(AccountsError::Gone)
}
