//! What the entities claim about the schema, for the test that compares them with PostgreSQL's catalogue.

use sea_orm::{ColumnTrait, ColumnType, EntityTrait, IdenStatic, Iterable};

/// One column, as an entity declares it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityColumn {
    /// The table, in schema `public`.
    pub table: &'static str,
    /// The column's name in the database.
    pub column: &'static str,
    /// PostgreSQL's name for the type, as `format_type(atttypid, atttypmod)` prints it.
    pub sql_type: String,
    /// Whether the column may be null.
    pub nullable: bool,
}

/// All columns of all entities, table by table.
pub fn columns() -> Vec<EntityColumn> {
    let mut all = Vec::new();
    macro_rules! collect {
        ($($table:ident),+ $(,)?) => { $(of::<super::$table::Entity>(&mut all);)+ };
    }
    collect![
        ai_usage_events,
        audit_log,
        calendar_feed_entries,
        clerk_webhook_events,
        deleted_users,
        generation_attempts,
        generation_events,
        google_calendar_sync_state,
        idempotency_keys,
        integration_tokens,
        job_queue,
        learning_plans,
        modules,
        notion_sync_state,
        oauth_state_tokens,
        plan_generations,
        plan_revisions,
        plan_schedules,
        rate_limit_buckets,
        resources,
        stripe_webhook_events,
        task_calendar_events,
        task_progress,
        task_resources,
        tasks,
        usage_metrics,
        usage_reservations,
        users,
    ];
    all
}

fn of<E: EntityTrait>(all: &mut Vec<EntityColumn>) {
    let entity = E::default();
    all.extend(E::Column::iter().map(|column| {
        let definition = column.def();
        EntityColumn {
            table: entity.table_name(),
            column: column.as_str(),
            sql_type: sql_type(definition.get_column_type()),
            nullable: definition.is_null(),
        }
    }));
}

fn sql_type(kind: &ColumnType) -> String {
    match kind {
        ColumnType::Text => "text".to_owned(),
        ColumnType::Char(Some(length)) => format!("character({length})"),
        ColumnType::Integer => "integer".to_owned(),
        ColumnType::BigInteger => "bigint".to_owned(),
        ColumnType::Boolean => "boolean".to_owned(),
        ColumnType::Uuid => "uuid".to_owned(),
        ColumnType::Date => "date".to_owned(),
        ColumnType::TimestampWithTimeZone => "timestamp with time zone".to_owned(),
        ColumnType::JsonBinary => "jsonb".to_owned(),
        ColumnType::VarBinary(_) => "bytea".to_owned(),
        ColumnType::Enum { name, .. } => name.to_string(),
        ColumnType::Array(item) => format!("{}[]", sql_type(item)),
        // Shows up in the comparison as what it is: a type the schema does not use.
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_type_that_the_schema_uses() {
        let known = [
            "text",
            "character(3)",
            "integer",
            "bigint",
            "boolean",
            "uuid",
            "date",
            "timestamp with time zone",
            "jsonb",
            "bytea",
            "text[]",
            "skill_level",
            "learning_style",
            "resource_type",
            "progress_status",
            "generation_status",
            "job_status",
            "job_type",
            "subscription_tier",
            "subscription_status",
            "integration_provider",
            "plan_origin",
        ];
        for column in columns() {
            assert!(known.contains(&column.sql_type.as_str()), "{column:?}");
        }
    }
}
