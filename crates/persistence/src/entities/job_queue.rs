//! `job_queue`, as the row handles read and write it.

use super::enums::{JobStatus, JobType};
use sea_orm::entity::prelude::*;

/// A job. `fence` grows with every claim, and a worker's writes name it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_queue")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub plan_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub job_type: JobType,
    pub status: JobStatus,
    pub priority: i32,
    pub attempts: i32,
    pub max_attempts: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub result: Option<Json>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    pub locked_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub locked_by: Option<String>,
    pub lease_expires_at: Option<DateTimeUtc>,
    pub fence: i64,
    pub scheduled_for: DateTimeUtc,
    pub started_at: Option<DateTimeUtc>,
    pub completed_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub turn: Option<i64>,
    #[sea_orm(column_type = "JsonBinary")]
    pub history: Json,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
