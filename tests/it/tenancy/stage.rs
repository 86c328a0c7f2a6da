//! A database with two learners who have a row in every table, and ways to see that nothing in it changed.

use crate::tenancy::people::EVERYBODY;
use crate::tenancy::tables::{TABLES, insert};
use std::collections::BTreeMap;
use waymark_testkit::database::TestDb;

/// Every table of the application's schema, by name.
const TABLE_NAMES: &str = "select relname::text from pg_class where relnamespace = 'public'::regnamespace \
     and relkind in ('r', 'p') order by relname";

/// A fresh database with both learners' rows.
pub async fn seeded() -> TestDb {
    let db = TestDb::new().await;
    db.run(&seed()).await;
    db
}

/// The statements that insert both learners' rows.
pub fn seed() -> String {
    let rows = TABLES.iter().flat_map(|table| {
        EVERYBODY.iter().flat_map(move |&person| (1..=table.seeded).map(move |n| insert(table, person, person, n)))
    });
    rows.collect::<Vec<_>>().join(";\n")
}

/// What stands in every table, as the superuser sees it: one digest a table.
pub async fn contents(db: &TestDb) -> BTreeMap<String, String> {
    let digests = TABLES.iter().map(|table| {
        let name = table.name;
        format!("select '{name}' as name, coalesce(md5(string_agg(r::text, '|' order by r::text)), '') as digest from {name} r")
    });
    let sql = digests.collect::<Vec<_>>().join(" union all ");
    let rows = db.rows(&sql).await;
    rows.iter().map(|row| (row.try_get("", "name").unwrap(), row.try_get("", "digest").unwrap())).collect()
}

/// The tables of the catalogue.
pub async fn tables_of_the_catalogue(db: &TestDb) -> Vec<String> {
    texts(db, TABLE_NAMES).await
}

/// The first column of a query, as text.
pub async fn texts(db: &TestDb, sql: &str) -> Vec<String> {
    db.rows(sql).await.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}
