//! `rate_limit_buckets`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// An exact limit: `state` is when the bucket would be empty (theoretical arrival time).
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_limit_buckets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub bucket: String,
    pub state: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
