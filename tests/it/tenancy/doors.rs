//! The doors of `waymark_persistence`: what they cost in round trips, and that nothing leaks from one transaction into
//! the next, whichever way it ends.

mod messages;
mod pooler;
mod wire;

use crate::tenancy::people::Person;
use crate::tenancy::session::{Actor, Answer, DENIED, Session};
use crate::tenancy::stage;
use std::future::pending;
use tokio::sync::oneshot;
use uuid::Uuid;
use waymark_domain::accounts::UserCtx;
use waymark_domain::billing::SubscriptionTier;
use waymark_domain::ids::{ModuleId, PlanId, UserId};
use waymark_persistence::{Db, DbOptions, StoreError};
use waymark_testkit::database::TestDb;
use wire::Wire;

fn ctx(person: Person) -> UserCtx {
    UserCtx {
        subject: person.subject().to_owned(),
        user_id: UserId(person.user_id()),
        tier: SubscriptionTier::Free,
        request_id: "test".to_owned(),
    }
}

fn plan_of(person: Person) -> PlanId {
    PlanId(crate::tenancy::people::id("learning_plans", person, 1))
}

fn module_of(person: Person) -> ModuleId {
    ModuleId(crate::tenancy::people::id("modules", person, 1))
}

/// Pools of one connection each, so that every transaction meets what its predecessor left behind.
fn narrow(db: &TestDb) -> DbOptions {
    DbOptions { request_connections: 1, service_connections: 1, ..db.options() }
}

async fn doors(options: &DbOptions) -> Db {
    Db::connect(options).await.unwrap()
}

async fn own_subject(doors: &Db, person: Person) -> Option<String> {
    let account = doors.authenticated(&ctx(person), async |tx| tx.accounts().own().await).await.unwrap();
    account.map(|account| account.subject)
}

/// An error of the caller's own, beside those of the store.
#[derive(Debug)]
enum Stopped {
    OnPurpose,
    Store(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[tokio::test]
async fn opening_a_session_costs_two_round_trips_and_closing_it_one() {
    let db = stage::seeded().await;
    let wire = Wire::between(&db.request_url()).await;
    let doors = doors(&DbOptions { request_url: wire.url(), ..narrow(&db) }).await;
    // Connects and prepares.
    doors.authenticated::<_, StoreError>(&ctx(Person::Owner), async |_| Ok(())).await.unwrap();

    let before = wire.round_trips();
    let inside =
        doors.authenticated::<_, StoreError>(&ctx(Person::Stranger), async |_| Ok(wire.round_trips())).await.unwrap();
    assert_eq!(inside - before, 2, "begin; role and claims");
    assert_eq!(wire.round_trips() - inside, 1, "commit");
    doors.close().await;
}

#[tokio::test]
async fn every_door_costs_three_round_trips() {
    let db = stage::seeded().await;
    let (request, service) = (Wire::between(&db.request_url()).await, Wire::between(&db.service_url()).await);
    let options = DbOptions { request_url: request.url(), service_url: Some(service.url()), ..narrow(&db) };
    let doors = doors(&options).await;
    for round in 1..=3 {
        let before = request.round_trips() + service.round_trips();
        doors.anonymous::<_, StoreError>(async |_| Ok(())).await.unwrap();
        doors.service::<_, StoreError>(async |_| Ok(())).await.unwrap();
        let spent = request.round_trips() + service.round_trips() - before;
        assert!(round == 1 || spent == 6, "{spent}");
    }
    doors.close().await;
}

#[tokio::test]
async fn claims_do_not_leak_into_the_next_transaction() {
    let db = stage::seeded().await;
    let doors = doors(&narrow(&db)).await;
    for person in [Person::Owner, Person::Stranger, Person::Owner] {
        assert_eq!(own_subject(&doors, person).await.as_deref(), Some(person.subject()));
        doors.ping().await.unwrap();
    }
    let unknown = UserCtx { subject: "nobody".to_owned(), user_id: UserId(Uuid::nil()), ..ctx(Person::Owner) };
    let account = doors.authenticated(&unknown, async |tx| tx.accounts().own().await).await.unwrap();
    assert_eq!(account, None);
    let connections =
        "select count(*) from pg_stat_activity where usename = 'waymark_request' and datname = current_database()";
    assert_eq!(db.number(connections).await, 1, "all of it went over one connection");
    doors.close().await;
}

#[tokio::test]
async fn a_learner_sees_their_plan_and_a_stranger_does_not() {
    let db = stage::seeded().await;
    let doors = doors(&db.options()).await;
    let plan = plan_of(Person::Owner);
    let seen = async |person| {
        doors.authenticated(&ctx(person), async |tx| tx.plans().state(plan).await).await.unwrap().is_some()
    };
    assert!(seen(Person::Owner).await);
    assert!(!seen(Person::Stranger).await);
    let module = module_of(Person::Owner);
    let deleted =
        doors.authenticated(&ctx(Person::Stranger), async |tx| tx.modules().delete(module).await).await.unwrap();
    assert!(!deleted);
    assert!(seen(Person::Owner).await);
    doors.close().await;
}

#[tokio::test]
async fn a_subject_with_quotes_is_text_and_no_claim() {
    let db = stage::seeded().await;
    let doors = doors(&db.options()).await;
    let subject = format!(r#"x","uid":"{}","y":"\"#, Person::Owner.user_id());
    let crafted = UserCtx { subject, user_id: UserId(Person::Stranger.user_id()), ..ctx(Person::Stranger) };
    let account = doors.authenticated(&crafted, async |tx| tx.accounts().own().await).await.unwrap().unwrap();
    assert_eq!(account.id.0, Person::Stranger.user_id());
    doors.close().await;
}

#[tokio::test]
async fn an_error_of_the_work_rolls_back() {
    let db = stage::seeded().await;
    let before = stage::contents(&db).await;
    let doors = doors(&narrow(&db)).await;
    let result = doors
        .authenticated(&ctx(Person::Owner), async |tx| {
            assert!(tx.modules().delete(module_of(Person::Owner)).await?);
            Err::<(), _>(Stopped::OnPurpose)
        })
        .await;
    assert!(matches!(result, Err(Stopped::OnPurpose)), "{result:?}");
    assert_eq!(before, stage::contents(&db).await);
    // The connection is fit for the next one.
    assert_eq!(own_subject(&doors, Person::Stranger).await.as_deref(), Some("user_stranger"));
    doors.close().await;
}

#[tokio::test]
async fn an_error_of_the_servers_work_rolls_back() {
    let db = stage::seeded().await;
    let before = stage::contents(&db).await;
    let doors = doors(&narrow(&db)).await;
    let result = doors
        .service(async |tx| {
            tx.accounts().provision(UserId(Uuid::now_v7()), "user_new", None, None).await?;
            Err::<(), _>(Stopped::OnPurpose)
        })
        .await;
    assert!(matches!(result, Err(Stopped::OnPurpose)), "{result:?}");
    assert_eq!(before, stage::contents(&db).await);
    doors.close().await;
}

#[tokio::test]
async fn a_refused_statement_rolls_back_what_came_before_it() {
    let db = stage::seeded().await;
    let before = stage::contents(&db).await;
    let doors = doors(&narrow(&db)).await;
    let result = doors
        .service(async |tx| {
            tx.accounts().provision(UserId(Uuid::now_v7()), "user_new", None, None).await?;
            // A finished plan is not being generated.
            tx.plans().mark_failed(plan_of(Person::Owner)).await?;
            Ok::<_, Stopped>(())
        })
        .await;
    assert!(matches!(result, Err(Stopped::Store(StoreError::WrongCount { .. }))), "{result:?}");
    assert_eq!(before, stage::contents(&db).await);
    doors.close().await;
}

#[tokio::test]
async fn work_that_is_dropped_in_the_middle_rolls_back() {
    let db = stage::seeded().await;
    let before = stage::contents(&db).await;
    let doors = doors(&narrow(&db)).await;
    let (deleted, told) = oneshot::channel();
    let owner = ctx(Person::Owner);
    let work = doors.authenticated::<(), StoreError>(&owner, async |tx| {
        assert!(tx.modules().delete(module_of(Person::Owner)).await?);
        deleted.send(()).unwrap();
        pending().await
    });
    tokio::select! {
        _ = work => unreachable!("it never ends"),
        told = told => told.unwrap(),
    }
    // One connection: this waits until it has been rolled back, and would meet the learner's role and claims if it had not.
    assert_eq!(own_subject(&doors, Person::Stranger).await.as_deref(), Some("user_stranger"));
    assert_eq!(before, stage::contents(&db).await);
    doors.close().await;
}

#[tokio::test]
async fn work_that_panics_rolls_back() {
    let db = stage::seeded().await;
    let before = stage::contents(&db).await;
    let doors = doors(&narrow(&db)).await;
    let in_task = doors.clone();
    let task = tokio::spawn(async move {
        in_task
            .authenticated::<(), StoreError>(&ctx(Person::Owner), async |tx| {
                assert!(tx.modules().delete(module_of(Person::Owner)).await?);
                panic!("a defect");
            })
            .await
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(own_subject(&doors, Person::Stranger).await.as_deref(), Some("user_stranger"));
    assert_eq!(before, stage::contents(&db).await);
    doors.close().await;
}

#[tokio::test]
async fn without_a_cache_of_statements_clients_may_share_a_connection_that_knows_their_names() {
    let db = stage::seeded().await;
    let (request, service) = (pooler::pool(&db.request_url()).await, pooler::pool(&db.service_url()).await);
    let options = DbOptions { request_url: request, service_url: Some(service), statement_cache: 0, ..narrow(&db) };
    // The driver counts names from 1 in each connection, so that two clients use the same ones.
    let clients = [doors(&options).await, doors(&options).await];
    for person in [Person::Owner, Person::Stranger, Person::Owner] {
        for client in &clients {
            assert_eq!(client.check_powers().await.unwrap(), Vec::<String>::new());
            assert_eq!(own_subject(client, person).await.as_deref(), Some(person.subject()));
            let known = client.service(async |tx| tx.accounts().by_subject(person.subject()).await).await.unwrap();
            assert_eq!(known.unwrap().id.0, person.user_id());
            client.ping().await.unwrap();
        }
    }
    let connections =
        "select count(*) from pg_stat_activity where usename like 'waymark\\_%' and datname = current_database()";
    assert!(db.number(connections).await <= 4, "the pooler shares");
    for client in clients {
        client.close().await;
    }
}

#[tokio::test]
async fn a_statement_outside_a_door_has_no_rights() {
    let db = stage::seeded().await;
    for actor in [Actor::RequestLogin, Actor::ServiceLogin] {
        let session = Session::open(&db, actor).await;
        for sql in ["select * from users", "update users set name = 'x'", "select app.current_user_id()"] {
            let answer = session.try_out(sql).await;
            assert!(answer.is_refused_with(DENIED), "{actor:?} {sql}: {answer:?}");
        }
        assert_eq!(session.run("select 1").await, Answer::Rows(1));
    }
}

#[tokio::test]
async fn a_read_in_the_openers_own_statement_has_no_rights() {
    let db = stage::seeded().await;
    let session = Session::open(&db, Actor::RequestLogin).await;
    let claims = Person::Owner.claims();
    let answer = session
        .run(&format!(
            "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', '{claims}', true), \
             (select count(*) from users)"
        ))
        .await;
    assert!(answer.is_refused_with(DENIED), "{answer:?}");
}

#[tokio::test]
async fn the_request_pool_cannot_open_the_servers_door() {
    let db = stage::seeded().await;
    let swapped = DbOptions::new(db.service_url(), Some(db.request_url()));
    let doors = doors(&swapped).await;
    let server = doors.service::<_, StoreError>(async |_| Ok(())).await;
    assert!(matches!(server, Err(StoreError::Denied(_))), "{server:?}");
    let learner = doors.authenticated::<_, StoreError>(&ctx(Person::Owner), async |_| Ok(())).await;
    assert!(matches!(learner, Err(StoreError::Denied(_))), "{learner:?}");
    doors.close().await;
}
