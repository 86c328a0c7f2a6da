//! The entities say what the schema says: same tables, columns, types and nullability, in both directions.

use std::collections::BTreeSet;
use waymark_persistence::catalogue;
use waymark_testkit::database::TestDb;

const COLUMNS: &str = "select relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
         || case when attnotnull then '' else ' null' end
    from pg_attribute a join pg_class c on c.oid = attrelid
   where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and attnum > 0 and not attisdropped";

#[tokio::test]
async fn the_entities_are_the_catalogue() {
    let db = TestDb::new().await;
    let schema: BTreeSet<String> = crate::tenancy::stage::texts(&db, COLUMNS).await.into_iter().collect();
    let declared = catalogue::columns();
    let entities: BTreeSet<String> = declared
        .iter()
        .map(|c| format!("{}.{} {}{}", c.table, c.column, c.sql_type, if c.nullable { " null" } else { "" }))
        .collect();
    assert_eq!(declared.len(), entities.len(), "a column is declared twice");
    let unknown: Vec<_> = entities.difference(&schema).collect();
    let missing: Vec<_> = schema.difference(&entities).collect();
    assert!(
        unknown.is_empty() && missing.is_empty(),
        "only in the entities: {unknown:#?}\nonly in the schema: {missing:#?}"
    );
}
