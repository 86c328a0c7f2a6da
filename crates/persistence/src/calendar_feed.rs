//! The calendar feed: whose address it is, and what calendar programs were last shown of each session, so that a session's
//! SEQUENCE grows exactly when it changes. Called by `services::plans`.

use crate::accounts::{SUBSCRIPTION, tier};
use crate::error::StoreError;
use crate::rows::{all, execute, first, get};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::json;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::{PlanId, TaskId, UserId};

/// A session that is in the schedule now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSession {
    /// The task.
    pub task_id: TaskId,
    /// Which of its sessions, from 1.
    pub part: u32,
    /// SHA-256, hex, of what its event says.
    pub content_hash: String,
    /// The event's title.
    pub title: String,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
}

/// A session as calendar programs are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// The task.
    pub task_id: TaskId,
    /// Which of its sessions, from 1.
    pub part: u32,
    /// How often it has changed.
    pub sequence: u32,
    /// SHA-256, hex, of what its event says.
    pub content_hash: String,
    /// The event's title.
    pub title: String,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// When it last changed.
    pub last_modified: DateTime<Utc>,
    /// It is in the schedule no longer.
    pub cancelled: bool,
}

/// The calendar feed, as the learner.
pub struct UserCalendarFeed<'t>(&'t DatabaseTransaction);

impl UserTx {
    /// The calendar feed.
    pub fn calendar_feed(&self) -> UserCalendarFeed<'_> {
        UserCalendarFeed(&self.tx)
    }
}

impl UserCalendarFeed<'_> {
    /// What was last shown of a learner's plan, in order of time.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn entries(&self, plan: PlanId, user: UserId) -> Result<Vec<FeedEntry>, StoreError> {
        entries(self.0, (plan, user)).await
    }
}

/// The calendar feed, as the server: whoever asks for it has an address and no token.
pub struct ServiceCalendarFeed<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// The calendar feed.
    pub fn calendar_feed(&self) -> ServiceCalendarFeed<'_> {
        ServiceCalendarFeed(&self.tx)
    }
}

impl ServiceCalendarFeed<'_> {
    /// Gives a learner's plan an address by the SHA-256 (hex) of its secret, or takes it away; the former one is good no
    /// longer. False when there is no such plan of theirs.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn set(&self, plan: PlanId, user: UserId, secret_hash: Option<&str>) -> Result<bool, StoreError> {
        let sql = "update learning_plans set calendar_feed_hash = $3 where id = $1 and user_id = $2";
        Ok(execute(self.0, sql, [plan.0.into(), user.0.into(), secret_hash.into()]).await? > 0)
    }

    /// The plan that has this address, and its owner; `request_id` names the request in the owner's name. Found by a hash
    /// in an index: how long that takes tells nothing of the secret.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, secret_hash: &str, request_id: &str) -> Result<Option<(PlanId, UserCtx)>, StoreError> {
        let sql = format!(
            "select p.id, p.user_id, u.clerk_user_id, {SUBSCRIPTION}
             from learning_plans p join users u on u.id = p.user_id where p.calendar_feed_hash = $1"
        );
        let Some(row) = first(self.0, &sql, [secret_hash.into()]).await? else { return Ok(None) };
        let owner = UserCtx {
            subject: get(&row, "clerk_user_id")?,
            user_id: UserId(get(&row, "user_id")?),
            tier: tier(&row)?,
            request_id: request_id.to_owned(),
        };
        Ok(Some((PlanId(get(&row, "id")?), owner)))
    }

    /// Locks a learner's plan for the rest of the transaction: what is read of it from here on is what the ledger is
    /// compared with, so nobody who has read less of the plan writes after who has read more. False when it is gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock(&self, plan: PlanId, user: UserId) -> Result<bool, StoreError> {
        let sql = "select id from learning_plans where id = $1 and user_id = $2 for no key update";
        Ok(first(self.0, sql, [plan.0.into(), user.0.into()]).await?.is_some())
    }

    /// What is shown of a learner's plan when its schedule has these sessions, in order of time. Sessions that are new or
    /// changed since they were last shown are written down as of `now`, with a grown sequence; those that are gone are
    /// cancelled, and forgotten when that was before `forget`. The caller [holds](Self::lock) the plan and has read the
    /// sessions since.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn show(
        &self,
        owned: (PlanId, UserId),
        sessions: &[FeedSession],
        now: DateTime<Utc>,
        forget: DateTime<Utc>,
    ) -> Result<Vec<FeedEntry>, StoreError> {
        self.write(owned, sessions, now, forget).await?;
        entries(self.0, owned).await
    }

    async fn write(
        &self,
        (plan, user): (PlanId, UserId),
        sessions: &[FeedSession],
        now: DateTime<Utc>,
        forget: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let shown = json!(
            sessions
                .iter()
                .map(|session| json!({
                    "task_id": session.task_id, "part": session.part, "content_hash": session.content_hash,
                    "title": session.title, "starts_at": session.starts_at, "ends_at": session.ends_at,
                }))
                .collect::<Vec<_>>()
        );
        let write = "insert into calendar_feed_entries as e
                       (plan_id, user_id, task_id, part, content_hash, title, starts_at, ends_at, last_modified)
                     select $1, $2, s.task_id, s.part, s.content_hash, s.title, s.starts_at, s.ends_at, $4
                     from jsonb_to_recordset($3) as s (task_id uuid, part integer, content_hash text, title text,
                       starts_at timestamptz, ends_at timestamptz)
                     on conflict (plan_id, task_id, part) do update set sequence = e.sequence + 1, title = excluded.title,
                       content_hash = excluded.content_hash, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
                       last_modified = excluded.last_modified, cancelled_at = null
                     where e.content_hash <> excluded.content_hash or e.cancelled_at is not null";
        let cancel =
            "update calendar_feed_entries e set sequence = e.sequence + 1, last_modified = $4, cancelled_at = $4
                      where e.plan_id = $1 and e.user_id = $2 and e.cancelled_at is null and not exists (
                        select from jsonb_to_recordset($3) as s (task_id uuid, part integer)
                        where s.task_id = e.task_id and s.part = e.part)";
        let forgotten = "delete from calendar_feed_entries where plan_id = $1 and user_id = $2 and cancelled_at < $3";
        for sql in [write, cancel] {
            execute(self.0, sql, [plan.0.into(), user.0.into(), shown.clone().into(), now.into()]).await?;
        }
        execute(self.0, forgotten, [plan.0.into(), user.0.into(), forget.into()]).await.map(drop)
    }
}

async fn entries(tx: &DatabaseTransaction, (plan, user): (PlanId, UserId)) -> Result<Vec<FeedEntry>, StoreError> {
    let sql = "select task_id, part, sequence, content_hash, title, starts_at, ends_at, last_modified,
                 cancelled_at is not null as cancelled
               from calendar_feed_entries where plan_id = $1 and user_id = $2 order by starts_at, task_id, part";
    all(tx, sql, [plan.0.into(), user.0.into()]).await?.iter().map(entry).collect()
}

fn entry(row: &QueryResult) -> Result<FeedEntry, StoreError> {
    let number = |column: &'static str| {
        u32::try_from(get::<i32>(row, column)?)
            .map_err(|_| StoreError::Inconsistent { table: "calendar_feed_entries", column })
    };
    Ok(FeedEntry {
        task_id: TaskId(get(row, "task_id")?),
        part: number("part")?,
        sequence: number("sequence")?,
        content_hash: get(row, "content_hash")?,
        title: get(row, "title")?,
        starts_at: get(row, "starts_at")?,
        ends_at: get(row, "ends_at")?,
        last_modified: get(row, "last_modified")?,
        cancelled: get(row, "cancelled")?,
    })
}
