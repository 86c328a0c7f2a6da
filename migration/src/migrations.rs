//! The list of migrations: each is a pair of SQL files. A released migration is never edited; add the next one.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

/// One step of the schema: what to run to take it and to take it back.
struct SqlMigration {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

impl MigrationName for SqlMigration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for SqlMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.up).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.down).await.map(drop)
    }
}

macro_rules! sql_migrations {
    ($($name:literal),+ $(,)?) => {
        const MIGRATIONS: &[SqlMigration] = &[$(SqlMigration {
            name: $name,
            up: include_str!(concat!("sql/", $name, ".up.sql")),
            down: include_str!(concat!("sql/", $name, ".down.sql")),
        }),+];
    };
}

sql_migrations![
    "m20261122_000001_foundation",
    "m20261122_000002_accounts",
    "m20261122_000003_plans",
    "m20261122_000004_generation",
    "m20261122_000005_jobs_and_usage",
    "m20261122_000006_integrations",
    "m20261122_000007_operations",
    "m20261123_000008_queue",
    "m20261123_000009_ledger",
    "m20261123_000011_learner_keys",
    "m20261123_000012_calendar_feed",
    "m20261123_000013_explanations",
    "m20261123_000014_rescheduled_at",
    "m20261123_000015_billing",
    "m20261123_000016_upkeep",
];

/// The migrations in order. Use [`crate::up`] and its siblings, which also hold the lock and see to roles and grants.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        MIGRATIONS.iter().map(|m| Box::new(SqlMigration { ..*m }) as Box<dyn MigrationTrait>).collect()
    }
}

/// The names of all migrations this build knows, oldest first.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().map(|m| m.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_order() {
        let names: Vec<_> = names().collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
    }

    #[test]
    fn every_table_is_protected_where_it_is_made_and_dropped_on_the_way_down() {
        for migration in MIGRATIONS {
            let tables = migration
                .up
                .lines()
                .filter(|line| line.starts_with("create table ") || line.starts_with("create unlogged table "))
                .filter_map(|line| line.split_whitespace().find(|word| word.starts_with("public.")));
            for table in tables {
                let protection = format!("alter table {table} enable row level security, force row level security;");
                assert!(migration.up.contains(&protection), "{table} has no forced row level security");
                assert!(migration.down.contains(table), "{table} is not dropped");
            }
        }
    }
}
