//! Erasing a person: here at once and for good, elsewhere by queued work that is tried until it is done.

use super::clerk::News;
use crate::billing::stripe::StripeError;
use crate::billing::{Cause, Till};
use crate::generation::engine::Engine;
use crate::jobs::ChoreError;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::time::Duration;
use waymark_domain::billing::ProviderStatus;
use waymark_domain::ids::{JobId, UserId};
use waymark_domain::integrations::IntegrationProvider;
use waymark_domain::jobs::JobType;
use waymark_persistence::{AuditEntry, NewJob, SealedToken, ServiceTx, StoreError};

/// In the line of those who do not pay: nobody waits for it.
const PRIORITY: i16 = 1;
/// With the pauses between them, about 22 hours.
const TRIES: i32 = 30;

/// What is left to do elsewhere for somebody who is gone. Tokens stay sealed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Work {
    user_id: UserId,
    #[serde(default)]
    customer: Option<String>,
    #[serde(default)]
    checkout_session: Option<String>,
    #[serde(default)]
    tokens: Vec<Token>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    provider: IntegrationProvider,
    key_id: String,
    /// Base64.
    access: String,
    refresh: Option<String>,
}

impl From<SealedToken> for Token {
    fn from(token: SealedToken) -> Self {
        Self {
            provider: token.provider,
            key_id: token.key_id,
            access: BASE64_STANDARD.encode(token.access),
            refresh: token.refresh.map(|refresh| BASE64_STANDARD.encode(refresh)),
        }
    }
}

/// What a sealed token is bound to, so that nobody else's opens in its place.
pub(crate) fn bound_to(user: UserId, provider: IntegrationProvider, which: &str) -> String {
    format!("{user}:{provider}:{which}")
}

/// Erases a subject in one transaction: a tombstone, the rows, and a job for what is left elsewhere.
pub(crate) async fn erase(tx: &ServiceTx, subject: &str, cause: Cause<'_>) -> Result<News, StoreError> {
    let accounts = tx.accounts();
    accounts.alone(subject).await?;
    let first = accounts.bury(crate::ids::new(), subject).await?;
    let Some((user_id, customer)) = accounts.lock_for_erasure(subject).await? else {
        // Never seen here, or erased before.
        return Ok(if first { News::Erased } else { News::Buried });
    };
    let tokens = accounts.sealed_tokens(user_id).await?;
    let checkout_session = tx.billing().find(user_id).await?.and_then(|account| account.checkout_session);
    let data = json!({
        "user": user_id,
        "customer": customer,
        "integrations": tokens.iter().map(|token| token.provider).collect::<Vec<_>>(),
        "type": cause.kind,
    });
    let tokens = tokens.into_iter().map(Token::from).collect();
    let work = Work { user_id, customer, checkout_session, tokens };
    let anything = work.customer.is_some() || !work.tokens.is_empty();
    accounts.erase(user_id).await?;
    if anything {
        tx.jobs().enqueue(&job(&work)?).await?;
    }
    record(tx, "account.erased", cause, data).await?;
    Ok(News::Erased)
}

fn job(work: &Work) -> Result<NewJob, StoreError> {
    let payload =
        serde_json::to_value(work).map_err(|_| StoreError::Inconsistent { table: "job_queue", column: "payload" })?;
    Ok(NewJob {
        id: crate::ids::new(),
        plan_id: None,
        user_id: None,
        job_type: JobType::AccountErasure,
        priority: PRIORITY,
        max_attempts: TRIES,
        payload,
        delay: Duration::ZERO,
    })
}

/// In the trail, of nobody: whoever it is about is not there any more.
async fn record(tx: &ServiceTx, action: &str, cause: Cause<'_>, data: Json) -> Result<(), StoreError> {
    let Cause { actor, subject, .. } = cause;
    let entry = AuditEntry { id: crate::ids::new(), user_id: None, actor, action, subject: Some(subject), data };
    tx.audit().record(entry).await
}

/// Does what is left elsewhere, for the trail. Every step may be done again, since a canceled subscription stays canceled, and
/// none is in the way of another.
pub(crate) async fn finish(engine: &Engine, payload: &Json) -> Result<Json, ChoreError> {
    let work: Work =
        serde_json::from_value(payload.clone()).map_err(|_| ChoreError::Hopeless("malformed payload".to_owned()))?;
    let mut left = Vec::new();
    let (mut canceled, mut revoked) = (Vec::new(), Vec::new());
    if let Err(error) = close_page(engine, &work).await {
        left.push(error.to_string());
    }
    if let Err(error) = stop_paying(engine, &work, &mut canceled).await {
        left.push(error.to_string());
    }
    for token in &work.tokens {
        match give_back(engine, work.user_id, token).await {
            Ok(()) => revoked.push(token.provider),
            Err(error) => left.push(error.to_string()),
        }
    }
    if left.is_empty() {
        return Ok(json!({"user": work.user_id, "canceledSubscriptions": canceled, "revoked": revoked}));
    }
    left.dedup();
    // Also what was refused: a key that is changed, or a right that is given, mends it within the day.
    Err(ChoreError::Later(left.join("; ")))
}

/// The row of the trail that says so.
pub(crate) async fn record_end(tx: &ServiceTx, job: JobId, done: &Json) -> Result<(), StoreError> {
    let job = job.to_string();
    let cause = Cause { actor: "waymark", subject: &job, kind: None };
    record(tx, "account.erasure_finished", cause, done.clone()).await
}

fn till(engine: &Engine) -> Result<&Till, ChoreError> {
    engine.till.as_deref().ok_or_else(|| ChoreError::later("no payment provider is configured"))
}

/// Closes the page on which they could begin to pay.
async fn close_page(engine: &Engine, work: &Work) -> Result<(), ChoreError> {
    match &work.checkout_session {
        Some(session) => Ok(till(engine)?.stripe.expire_checkout(session).await?),
        None => Ok(()),
    }
}

/// Cancels what the customer still pays for.
async fn stop_paying(engine: &Engine, work: &Work, canceled: &mut Vec<String>) -> Result<(), ChoreError> {
    let Some(customer) = &work.customer else { return Ok(()) };
    let stripe = &till(engine)?.stripe;
    let bought = match stripe.subscriptions(customer).await {
        Ok(bought) => bought,
        Err(StripeError::NotFound) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if bought.is_empty() && stripe.customer(customer).await?.is_none() {
        return Err(ChoreError::later("the payment provider knows no such customer: is it the right key?"));
    }
    for it in bought {
        let over = matches!(it.status.parse(), Ok(ProviderStatus::Canceled | ProviderStatus::IncompleteExpired));
        if !over {
            stripe.cancel_subscription(&it.id, &format!("erasure:{}", it.id)).await?;
            canceled.push(it.id);
        }
    }
    Ok(())
}

/// Gives access back: by the token that lives longest.
async fn give_back(engine: &Engine, user: UserId, token: &Token) -> Result<(), ChoreError> {
    let (Some(sealer), Some(revoker)) = (&engine.sealer, &engine.revoker) else {
        return Err(ChoreError::later("no encryption key is configured"));
    };
    let (envelope, which) = match &token.refresh {
        Some(refresh) if token.provider == IntegrationProvider::GoogleCalendar => (refresh, "refresh"),
        _ => (&token.access, "access"),
    };
    let bytes = BASE64_STANDARD.decode(envelope).map_err(|_| ChoreError::Hopeless("malformed payload".to_owned()))?;
    let opened = sealer
        .open(&token.key_id, &bytes, &bound_to(user, token.provider, which))
        .map_err(|error| ChoreError::later(&format!("a token of {}: {error}", token.provider)))?;
    Ok(revoker.revoke(token.provider, opened.expose_secret()).await?)
}
