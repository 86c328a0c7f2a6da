//! The matrix: every table of the catalogue, every actor, every verb, every column.

mod expected;

use crate::tenancy::people::Person;
use crate::tenancy::session::{Actor, Answer, DENIED, Session};
use crate::tenancy::stage;
use crate::tenancy::tables::{TABLES, Table, insert, key};
use expected::{EDITABLE, EXPECTED, Expected, HIDDEN};
use waymark_testkit::database::TestDb;

const COLUMNS: &str = "select attname::text from pg_attribute where attnum > 0 and not attisdropped and attrelid = ";

/// A row that nobody has yet.
const NEW_ROW: u32 = 3;

#[tokio::test]
async fn every_table_of_the_catalogue_has_a_row_in_the_matrix() {
    let db = TestDb::new().await;
    let catalogue = stage::tables_of_the_catalogue(&db).await;
    let expected: Vec<_> = EXPECTED.iter().map(|row| row.table.to_owned()).collect();
    assert_eq!(catalogue, expected, "a new table needs policies and a line in the matrix");
    let mut seeded: Vec<_> = TABLES.iter().map(|table| table.name.to_owned()).collect();
    seeded.sort();
    assert_eq!(catalogue, seeded, "a new table needs a row to try the matrix with");
}

#[tokio::test]
async fn the_owner_may_do_what_the_matrix_says_and_no_more() {
    verbs(Actor::Learner(Person::Owner), |row| row.owner).await;
}

#[tokio::test]
async fn a_stranger_may_do_what_the_matrix_says_and_no_more() {
    verbs(Actor::Learner(Person::Stranger), |row| row.stranger).await;
}

#[tokio::test]
async fn anonymous_may_do_nothing() {
    verbs(Actor::Anonymous, |row| row.anonymous).await;
}

#[tokio::test]
async fn a_login_that_has_not_passed_a_door_may_do_nothing() {
    verbs(Actor::RequestLogin, |_| "xxxx").await;
    verbs(Actor::ServiceLogin, |_| "xxxx").await;
}

#[tokio::test]
async fn the_owner_reads_and_edits_exactly_the_columns_of_the_matrix() {
    columns(Person::Owner, 'A').await;
}

#[tokio::test]
async fn a_stranger_reads_and_edits_no_column() {
    columns(Person::Stranger, '0').await;
}

#[tokio::test]
async fn a_stranger_cannot_hang_a_row_of_their_own_under_the_owners_parent() {
    let db = stage::seeded().await;
    let before = stage::contents(&db).await;
    let session = Session::open(&db, Actor::Learner(Person::Stranger)).await;
    // A key has no parent but its person.
    for table in TABLES.iter().filter(|table| table.name != "idempotency_keys") {
        let sql = insert(table, Person::Stranger, Person::Owner, NEW_ROW);
        let answer = session.try_out(&sql).await;
        // A schedule, module, task .. is refused by policy, before any key is looked at; the rest has no right to insert.
        assert!(answer.is_refused_with(DENIED), "{}: {answer:?}", table.name);
    }
    session.commit().await;
    assert_eq!(before, stage::contents(&db).await);
}

#[tokio::test]
async fn service_cannot_hang_one_learners_row_under_anothers_parent() {
    let db = stage::seeded().await;
    let composite =
        "select conrelid::regclass::text from pg_constraint where contype = 'f' and cardinality(conkey) > 1";
    let children = stage::texts(&db, composite).await;
    assert!(children.len() >= 10, "the children refer to their parents with the owner: {children:?}");
    // Nothing may stand in the way of the foreign key.
    db.run("delete from job_queue; delete from notion_sync_state; delete from google_calendar_sync_state").await;
    let session = Session::open(&db, Actor::Service).await;
    for table in TABLES.iter().filter(|table| children.contains(&table.name.to_owned())) {
        let answer = session.try_out(&insert(table, Person::Stranger, Person::Owner, NEW_ROW)).await;
        assert!(answer.is_refused_with("23503"), "{}: {answer:?}", table.name);
    }
}

/// Tries the four verbs on the owner's row of each table, and that nothing of it lasts where nothing may.
async fn verbs(actor: Actor, expect: impl Fn(&Expected) -> &'static str) {
    let db = stage::seeded().await;
    let before = stage::contents(&db).await;
    let session = Session::open(&db, actor).await;
    let mut wrong = Vec::new();
    for row in &EXPECTED {
        let table = TABLES.iter().find(|table| table.name == row.table).unwrap();
        let mut found = String::new();
        let mut answers = Vec::new();
        for sql in statements(table) {
            let answer = session.try_out(&sql).await;
            found.push(letter(&answer));
            answers.push(answer);
        }
        if found != expect(row) {
            wrong.push(format!("{}: expected {}, found {found}: {answers:?}", row.table, expect(row)));
        }
    }
    session.commit().await;
    assert!(wrong.is_empty(), "{actor:?}\n{}", wrong.join("\n"));
    assert_eq!(before, stage::contents(&db).await);
}

/// Select, insert, update, delete of the owner's row.
fn statements(table: &Table) -> [String; 4] {
    let name = table.name;
    let key_column = key_column(name);
    let filter = format!("where {key_column} = '{}'", key(name, Person::Owner, 1));
    let editable = columns_in(&EDITABLE, name).first().copied().unwrap_or(key_column);
    [
        format!("select {key_column} from public.{name} {filter}"),
        insert(table, Person::Owner, Person::Owner, NEW_ROW),
        format!(r#"update public.{name} set "{editable}" = "{editable}" {filter}"#),
        format!("delete from public.{name} {filter}"),
    ]
}

/// Reads and changes the owner's row column by column; `touched` is what an allowed statement gives.
async fn columns(person: Person, touched: char) {
    let db = stage::seeded().await;
    let session = Session::open(&db, Actor::Learner(person)).await;
    let mut wrong = Vec::new();
    for row in EXPECTED.iter().filter(|row| row.owner.starts_with('A')) {
        let (name, hidden, editable) = (row.table, columns_in(&HIDDEN, row.table), columns_in(&EDITABLE, row.table));
        let filter = format!("where {} = '{}'", key_column(name), key(name, Person::Owner, 1));
        let read = if person == Person::Owner { touched } else { row.stranger.chars().next().unwrap() };
        for column in stage::texts(&db, &format!("{COLUMNS}'{name}'::regclass")).await {
            let is_hidden = hidden.contains(&column.as_str());
            let is_editable = editable.contains(&column.as_str());
            // A hidden column may not stand on the right, or its missing right to read would hide a right to write.
            let value = if is_hidden { "null".to_owned() } else { format!(r#""{column}""#) };
            for (sql, expected) in [
                (format!(r#"select "{column}" from {name} {filter}"#), if is_hidden { 'x' } else { read }),
                (
                    format!(r#"update {name} set "{column}" = {value} {filter}"#),
                    if is_editable { touched } else { 'x' },
                ),
            ] {
                let answer = session.try_out(&sql).await;
                if letter(&answer) != expected {
                    wrong.push(format!("{sql}: expected {expected}, found {answer:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn key_column(table: &str) -> &'static str {
    if table == "rate_limit_buckets" { "bucket" } else { "id" }
}

fn columns_in(list: &[(&str, &'static [&'static str])], table: &str) -> &'static [&'static str] {
    list.iter().find(|(name, _)| *name == table).map_or(&[], |(_, columns)| columns)
}

fn letter(answer: &Answer) -> char {
    match answer {
        Answer::Rows(0) => '0',
        Answer::Rows(1) => 'A',
        refused if refused.is_refused_with(DENIED) => 'x',
        _ => '?',
    }
}
