//! `learning_plans`, as the row handles read and write it.

use super::enums::{GenerationStatus, LearningStyle, PlanOrigin, SkillLevel};
use sea_orm::entity::prelude::*;

/// A plan, the root of a learner's tree.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "learning_plans")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub topic: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub notes: Option<String>,
    pub skill_level: SkillLevel,
    pub weekly_hours: i32,
    pub learning_style: LearningStyle,
    pub start_date: Option<Date>,
    pub deadline_date: Option<Date>,
    #[sea_orm(column_type = "Text")]
    pub visibility: String,
    pub origin: PlanOrigin,
    pub generation_status: GenerationStatus,
    pub is_quota_eligible: bool,
    pub finalized_at: Option<DateTimeUtc>,
    pub version: i32,
    #[sea_orm(column_type = "Text")]
    pub timezone: String,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub availability: Option<Json>,
    #[sea_orm(column_type = "Text", nullable)]
    pub calendar_feed_hash: Option<String>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub rescheduled_at: Option<DateTimeUtc>,
}

/// The edges that reads of a plan's tree follow.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "super::modules::Entity")]
    Modules,
}

impl Related<super::modules::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Modules.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
