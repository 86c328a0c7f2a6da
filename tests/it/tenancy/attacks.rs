//! Attacks of a learner who got their own SQL into a transaction of theirs. Each is committed, and must be refused or
//! touch no row; afterwards the superuser sees every table as it was. Since none of them changes anything they share one
//! database; what is meant to change something has its own.
//!
//! `{my.plan}` is a row of the attacker (the stranger), `{their.plan}` one of the owner, `{no.plan}` one that does not exist.

mod accounts;
mod children;
mod generation;
mod plans;
mod privileges;
mod secrets;
mod service;
mod sessions;
mod usage;

use crate::tenancy::people::{Person, id};
use crate::tenancy::session::{Actor, Answer, Session};
use crate::tenancy::stage;
use std::collections::BTreeMap;
use tokio::sync::OnceCell;
use waymark_testkit::database::TestDb;

const ATTACKER: Actor = Actor::Learner(Person::Stranger);

/// What an attack may lead to.
#[derive(Debug, Clone, Copy)]
enum Fails {
    /// With this SQLSTATE.
    With(&'static str),
    /// By touching nothing.
    WithoutRows,
}

/// 42501: a missing right or a policy.
const DENIED: Fails = Fails::With("42501");

/// One test for each line: its name, the statement, and how it fails.
macro_rules! attacks {
    (as $actor:expr; $($name:ident: $sql:expr => $fails:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::tenancy::attacks::attempt($actor, $sql, $fails).await;
        }
    )+};
}
use attacks;

/// The attacked database, and what stood in it before.
struct Target {
    db: TestDb,
    before: BTreeMap<String, String>,
}

impl Target {
    async fn get() -> &'static Self {
        static TARGET: OnceCell<Target> = OnceCell::const_new();
        TARGET
            .get_or_init(async || {
                let db = stage::seeded().await;
                let before = stage::contents(&db).await;
                Self { db, before }
            })
            .await
    }
}

/// Runs an attack and commits it.
async fn attempt(actor: Actor, sql: &str, fails: Fails) {
    let Target { db, before } = Target::get().await;
    let session = Session::open(db, actor).await;
    let answer = session.run(&fill(sql)).await;
    session.commit().await;
    assert!(as_expected(&answer, fails), "expected {fails:?}, the database answered: {answer:?}");
    assert_eq!(*before, stage::contents(db).await, "{sql}");
}

/// Runs what must stay possible, so that an attack's test does not pass because nothing works at all.
async fn succeeds(actor: Actor, sql: &str, rows: u64) {
    let db = stage::seeded().await;
    let session = Session::open(&db, actor).await;
    assert_eq!(session.run(&fill(sql)).await, Answer::Rows(rows), "{sql}");
    session.commit().await;
}

/// Each statement, as the attacker, in one database: the answers must be the same to the last letter.
async fn cannot_be_told_apart(statements: &[&str]) {
    let session = Session::open(&Target::get().await.db, ATTACKER).await;
    let mut answers = Vec::new();
    for sql in statements {
        answers.push(session.try_out(&fill(sql)).await);
    }
    assert!(as_expected(&answers[0], DENIED), "{answers:?}");
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
}

fn as_expected(answer: &Answer, fails: Fails) -> bool {
    match fails {
        Fails::With(code) => answer.is_refused_with(code),
        Fails::WithoutRows => *answer == Answer::Rows(0),
    }
}

fn fill(sql: &str) -> String {
    let mut text = sql.to_owned();
    for (kind, table) in [
        ("user", "users"),
        ("plan", "learning_plans"),
        ("module", "modules"),
        ("task", "tasks"),
        ("resource", "resources"),
        ("generation", "plan_generations"),
    ] {
        for (number, suffix) in [(1, ""), (2, "2")] {
            for (whose, person) in [("my", Person::Stranger), ("their", Person::Owner)] {
                text =
                    text.replace(&format!("{{{whose}.{kind}{suffix}}}"), &format!("'{}'", id(table, person, number)));
            }
        }
        text = text.replace(&format!("{{no.{kind}}}"), &format!("'{}'", id(table, Person::Owner, 99)));
    }
    text
}
