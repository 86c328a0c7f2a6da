//! Which events of other services have had their effect here. An event is claimed in the transaction of its effect, so that it
//! has one however often it is delivered.

use crate::error::StoreError;
use crate::rows::{execute, get, only};
use crate::session::ServiceTx;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

/// Events, as the server.
pub struct ServiceWebhookEvents<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Events of other services.
    pub fn webhook_events(&self) -> ServiceWebhookEvents<'_> {
        ServiceWebhookEvents(&self.tx)
    }
}

impl ServiceWebhookEvents<'_> {
    /// Whether an event of the payment provider has had its effect.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn has_stripe(&self, event: &str) -> Result<bool, StoreError> {
        let sql = "select exists (select from stripe_webhook_events where event_id = $1) as known";
        get(&only(self.0, "an event", sql, [event.into()]).await?, "known")
    }

    /// Claims an event of the payment provider; false when it has had its effect. Waits for whoever is about to claim it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn claim_stripe(&self, id: Uuid, event: &str, kind: &str, livemode: bool) -> Result<bool, StoreError> {
        let sql = "insert into stripe_webhook_events (id, event_id, type, livemode) values ($1, $2, $3, $4)
                   on conflict (event_id) do nothing";
        Ok(execute(self.0, sql, [id.into(), event.into(), kind.into(), livemode.into()]).await? == 1)
    }

    /// Claims an event of the identity provider; false when it has had its effect. Waits for whoever is about to claim it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn claim_clerk(&self, id: Uuid, event: &str, kind: &str) -> Result<bool, StoreError> {
        let sql = "insert into clerk_webhook_events (id, event_id, type) values ($1, $2, $3)
                   on conflict (event_id) do nothing";
        Ok(execute(self.0, sql, [id.into(), event.into(), kind.into()]).await? == 1)
    }
}
