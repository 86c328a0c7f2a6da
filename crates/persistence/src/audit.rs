//! The trail of what was done to accounts, by whom and because of what. Written once, never changed.

use crate::error::StoreError;
use crate::rows::execute_one;
use crate::session::ServiceTx;
use sea_orm::DatabaseTransaction;
use serde_json::Value as Json;
use uuid::Uuid;
use waymark_domain::ids::UserId;

/// One thing that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry<'a> {
    /// Its key.
    pub id: Uuid,
    /// To whom; none when the account is gone with it.
    pub user_id: Option<UserId>,
    /// By whom: `stripe`, `clerk`, `operator`, `waymark` (by itself), or a learner's subject.
    pub actor: &'a str,
    /// What, such as `subscription.changed`.
    pub action: &'a str,
    /// Because of what: an event's or a job's key, a command.
    pub subject: Option<&'a str>,
    /// From what to what.
    pub data: Json,
}

/// The trail, as the server.
pub struct ServiceAudit<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// The trail.
    pub fn audit(&self) -> ServiceAudit<'_> {
        ServiceAudit(&self.tx)
    }
}

impl ServiceAudit<'_> {
    /// Writes an entry.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn record(&self, entry: AuditEntry<'_>) -> Result<(), StoreError> {
        let sql = "insert into audit_log (id, user_id, actor, action, subject, data) values ($1, $2, $3, $4, $5, $6)";
        let values = [
            entry.id.into(),
            entry.user_id.map(|user| user.0).into(),
            entry.actor.into(),
            entry.action.into(),
            entry.subject.into(),
            entry.data.into(),
        ];
        execute_one(self.0, "an audit entry", sql, values).await
    }
}
