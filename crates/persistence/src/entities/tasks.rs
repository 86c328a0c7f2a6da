//! `tasks`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// A task of a module; `order` is dense from 1.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub module_id: Uuid,
    pub user_id: Uuid,
    pub order: i32,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub estimated_minutes: i32,
    pub has_micro_explanation: bool,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub explanation: Option<Json>,
    pub pinned: bool,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

/// The edges that reads of a plan's tree follow.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::modules::Entity", from = "Column::ModuleId", to = "super::modules::Column::Id")]
    Modules,
    #[sea_orm(has_many = "super::task_resources::Entity")]
    TaskResources,
    #[sea_orm(has_one = "super::task_progress::Entity")]
    TaskProgress,
}

impl Related<super::modules::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Modules.def()
    }
}

impl Related<super::task_resources::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::TaskResources.def()
    }
}

impl Related<super::task_progress::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::TaskProgress.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
