//! `modules`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// A module of a plan; `order` is dense from 1.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "modules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub plan_id: Uuid,
    pub user_id: Uuid,
    pub order: i32,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub estimated_minutes: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

/// The edges that reads of a plan's tree follow.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::learning_plans::Entity",
        from = "Column::PlanId",
        to = "super::learning_plans::Column::Id"
    )]
    LearningPlans,
    #[sea_orm(has_many = "super::tasks::Entity")]
    Tasks,
}

impl Related<super::learning_plans::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::LearningPlans.def()
    }
}

impl Related<super::tasks::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Tasks.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
