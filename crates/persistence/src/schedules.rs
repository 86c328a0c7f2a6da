//! Schedules: what one is computed from, and those that were computed. The learner reads and stores their own; the server
//! reads for a learner it names, where nobody is signed in (a calendar feed) or where a revision has to be put aside.

use crate::error::StoreError;
use crate::rows::{all, execute, execute_one, first, get, parse};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::{Value as Json, json};
use uuid::Uuid;
use waymark_domain::ids::{PlanId, TaskId, UserId};
use waymark_domain::plans::{GenerationStatus, ProgressStatus};
use waymark_domain::schedules::{Availability, Schedule};

/// How many computed schedules of a plan are kept.
const KEPT: i64 = 5;

/// The zone of rows for which nobody has said one: the columns' default.
const NO_ZONE: &str = "UTC";
/// How UTC is stored when somebody has said it.
const UTC: &str = "Etc/UTC";

/// What a plan's schedule is computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleSource {
    /// The plan.
    pub plan_id: PlanId,
    /// Where it stands.
    pub status: GenerationStatus,
    /// Grows with every edit.
    pub version: i32,
    /// The first day; plans are stored with one, else it is the day they were made.
    pub start: NaiveDate,
    /// The last day.
    pub deadline: Option<NaiveDate>,
    /// Hours a week.
    pub weekly_hours: u32,
    /// The plan's own zone and, if it has one, its own availability.
    pub own: Times,
    /// The learner's.
    pub learners: Times,
    /// When the plan was last rescheduled.
    pub rescheduled_at: Option<DateTime<Utc>>,
    /// Every task in plan order.
    pub tasks: Vec<SourceTask>,
}

/// A zone, and sessions in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// The zone; none: not said.
    pub timezone: Option<Tz>,
    /// When there is time; none: not said.
    pub availability: Option<Availability>,
}

/// A task with what a schedule needs of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceTask {
    /// The task.
    pub id: TaskId,
    /// Minutes.
    pub minutes: u32,
    /// Whether the learner wants it kept.
    pub pinned: bool,
    /// Progress.
    pub status: ProgressStatus,
    /// When it was completed.
    pub completed_at: Option<DateTime<Utc>>,
}

/// What a rescheduling changes of the plan's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rescheduling {
    /// The last day.
    pub deadline: Option<NaiveDate>,
    /// Hours a week.
    pub weekly_hours: u32,
    /// From when on.
    pub at: DateTime<Utc>,
}

/// A schedule with what it was computed from, to be stored.
#[derive(Debug)]
pub struct NewSchedule<'a> {
    /// Its key.
    pub id: Uuid,
    /// The plan.
    pub plan_id: PlanId,
    /// Whose it is.
    pub user_id: UserId,
    /// SHA-256 (hex) of the inputs.
    pub inputs_hash: &'a str,
    /// The schedule.
    pub schedule: &'a Schedule,
    /// Hours a week.
    pub weekly_hours: u32,
    /// The last day.
    pub deadline: Option<NaiveDate>,
}

const PLAN: &str = "
select p.id, p.generation_status::text, p.version, coalesce(p.start_date, p.created_at::date) as start_date,
       p.deadline_date, p.weekly_hours, p.timezone, p.availability, p.rescheduled_at,
       u.timezone as learners_timezone, u.availability as learners_availability
  from learning_plans p join users u on u.id = p.user_id
 where p.id = $1 and p.user_id = $2";

const TASKS: &str = r#"
select t.id, t.estimated_minutes, t.pinned, coalesce(g.status, 'not_started')::text as status, g.completed_at
  from modules m
  join tasks t on t.module_id = m.id and t.user_id = m.user_id
  left join task_progress g on g.task_id = t.id and g.user_id = t.user_id
 where m.plan_id = $1 and m.user_id = $2
 order by m."order", t."order""#;

/// The source of a learner's plan.
async fn source(
    tx: &DatabaseTransaction,
    (plan, user): (PlanId, UserId),
) -> Result<Option<ScheduleSource>, StoreError> {
    let Some(row) = first(tx, PLAN, [plan.0.into(), user.0.into()]).await? else { return Ok(None) };
    let tasks = all(tx, TASKS, [plan.0.into(), user.0.into()]).await?;
    Ok(Some(ScheduleSource {
        plan_id: plan,
        status: parse(&row, "learning_plans", "generation_status")?,
        version: get(&row, "version")?,
        start: get(&row, "start_date")?,
        deadline: get(&row, "deadline_date")?,
        weekly_hours: whole(&row, "learning_plans", "weekly_hours")?,
        own: times(&row, "learning_plans", ["timezone", "availability"])?,
        learners: times(&row, "users", ["learners_timezone", "learners_availability"])?,
        rescheduled_at: get(&row, "rescheduled_at")?,
        tasks: tasks.iter().map(task).collect::<Result<_, _>>()?,
    }))
}

fn task(row: &QueryResult) -> Result<SourceTask, StoreError> {
    Ok(SourceTask {
        id: TaskId(get(row, "id")?),
        minutes: whole(row, "tasks", "estimated_minutes")?,
        pinned: get(row, "pinned")?,
        status: parse(row, "task_progress", "status")?,
        completed_at: get(row, "completed_at")?,
    })
}

fn times(row: &QueryResult, table: &'static str, columns: [&'static str; 2]) -> Result<Times, StoreError> {
    let [zone, sessions] = columns;
    let inconsistent = |column| StoreError::Inconsistent { table, column };
    let timezone = match get::<String>(row, zone)?.as_str() {
        NO_ZONE => None,
        UTC => Some(Tz::UTC),
        name => Some(name.parse().map_err(|_| inconsistent("timezone"))?),
    };
    let stored: Option<Json> = get(row, sessions)?;
    let availability = stored.map(serde_json::from_value).transpose().map_err(|_| inconsistent("availability"))?;
    Ok(Times { timezone, availability })
}

/// A number that is never negative.
fn whole(row: &QueryResult, table: &'static str, column: &'static str) -> Result<u32, StoreError> {
    u32::try_from(get::<i32>(row, column)?).map_err(|_| StoreError::Inconsistent { table, column })
}

async fn reschedule(tx: &DatabaseTransaction, plan: PlanId, user: UserId, to: Rescheduling) -> Result<(), StoreError> {
    let sql = "update learning_plans set deadline_date = $3, weekly_hours = $4, rescheduled_at = $5, updated_at = now()
               where id = $1 and user_id = $2";
    let values = [plan.0.into(), user.0.into(), to.deadline.into(), i64::from(to.weekly_hours).into(), to.at.into()];
    execute_one(tx, "a rescheduled plan", sql, values).await
}

/// Schedules, as the learner.
pub struct UserSchedules<'t>(&'t UserTx);

impl UserTx {
    /// Schedules, as the learner.
    pub fn schedules(&self) -> UserSchedules<'_> {
        UserSchedules(self)
    }
}

impl UserSchedules<'_> {
    /// What a plan's schedule is computed from; none when there is no such plan of this learner.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn source(&self, plan: PlanId, user: UserId) -> Result<Option<ScheduleSource>, StoreError> {
        source(&self.0.tx, (plan, user)).await
    }

    /// The schedule that was computed from these inputs, if it is kept.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn stored(&self, plan: PlanId, inputs_hash: &str) -> Result<Option<Schedule>, StoreError> {
        let sql = "select schedule_json from plan_schedules where plan_id = $1 and inputs_hash = $2";
        let row = first(&self.0.tx, sql, [plan.0.into(), inputs_hash.into()]).await?;
        let inconsistent = |_| StoreError::Inconsistent { table: "plan_schedules", column: "schedule_json" };
        let read = |row| serde_json::from_value(get::<Json>(&row, "schedule_json")?).map_err(inconsistent);
        row.map(read).transpose()
    }

    /// Stores a schedule as the plan's newest; the oldest of more than a handful go.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn store(&self, new: &NewSchedule<'_>) -> Result<(), StoreError> {
        let sql =
            "insert into plan_schedules (id, plan_id, user_id, schedule_json, inputs_hash, timezone, weekly_hours,
                     start_date, deadline)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                   on conflict (plan_id, inputs_hash) do update set generated_at = now()";
        let values = [
            new.id.into(),
            new.plan_id.0.into(),
            new.user_id.0.into(),
            json!(new.schedule).into(),
            new.inputs_hash.into(),
            new.schedule.timezone.as_str().into(),
            i64::from(new.weekly_hours).into(),
            new.schedule.start.into(),
            new.deadline.into(),
        ];
        execute_one(&self.0.tx, "a schedule", sql, values).await?;
        // Rows that another request is removing are left to it.
        let old = "delete from plan_schedules where id in (
                     select id from plan_schedules where plan_id = $1
                      order by generated_at desc, id desc offset $2 for update skip locked)";
        execute(&self.0.tx, old, [new.plan_id.0.into(), KEPT.into()]).await.map(drop)
    }

    /// Sets a plan's own zone and availability; each, when none: the learner's. The caller holds the plan's lock and counts
    /// the edit.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn set_times(&self, plan: PlanId, times: &Times) -> Result<(), StoreError> {
        let sql = "update learning_plans set timezone = $2, availability = $3, updated_at = now() where id = $1";
        let availability = times.availability.as_ref().map(|availability| json!(availability));
        let timezone = match times.timezone {
            None => NO_ZONE,
            Some(Tz::UTC) => UTC,
            Some(zone) => zone.name(),
        };
        let values = [plan.0.into(), timezone.into(), availability.into()];
        execute_one(&self.0.tx, "a plan's times", sql, values).await
    }

    /// Lays a plan out anew. The caller holds the plan's lock and counts the edit.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn reschedule(&self, plan: PlanId, user: UserId, to: Rescheduling) -> Result<(), StoreError> {
        reschedule(&self.0.tx, plan, user, to).await
    }
}

/// Schedules, as the server.
pub struct ServiceSchedules<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Schedules, as the server.
    pub fn schedules(&self) -> ServiceSchedules<'_> {
        ServiceSchedules(&self.tx)
    }
}

impl ServiceSchedules<'_> {
    /// What the schedule of this learner's plan is computed from; none when it is not theirs.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn source(&self, plan: PlanId, user: UserId) -> Result<Option<ScheduleSource>, StoreError> {
        source(self.0, (plan, user)).await
    }

    /// Lays this learner's plan out anew. The caller holds the plan's lock, and what it does beside this counts the edit.
    ///
    /// # Errors
    /// [`StoreError::WrongCount`] when the plan is not theirs.
    pub async fn reschedule(&self, plan: PlanId, user: UserId, to: Rescheduling) -> Result<(), StoreError> {
        reschedule(self.0, plan, user, to).await
    }
}
