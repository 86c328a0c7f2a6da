//! Erasing people for whom workers write and streams wait.

use super::{OWNER, Stage};
use serde_json::json;
use waymark_testkit::app::Options;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, Script, StreamReply, plan_json};

#[tokio::test]
async fn people_who_are_erased_while_workers_write_for_them_leave_nothing_half_written() {
    let stage = Stage::with(|options| options.workers(4)).await;
    let other = stage.app.second_process(|options| options).await;
    let subjects: Vec<String> = (0..24).map(|number| format!("user_{number}")).collect();
    let erased = subjects.iter().enumerate().map(async |(number, subject)| {
        let learner = stage.app.learner(subject);
        let deletion = stage.deletion(subject);
        let mut stream = learner.stream_plan().await;
        // Each at another moment of the generation, some after its end.
        for _ in 0..number {
            stream.next().await;
        }
        let base = if number % 2 == 0 { stage.app.base() } else { other.base() };
        assert_eq!(stage.clerk.deliver(base, &deletion).await, 200, "{subject}");
        stream.rest().await;
    });
    futures_util::future::join_all(erased).await;
    let survivor = stage.app.stranger();
    let plan = survivor.create_plan().await;
    assert_eq!(survivor.settled(&plan).await["status"], "ready", "the workers go on");
    let kept = survivor.get("/v1/user/profile").await.json()["id"].as_str().unwrap().to_owned();
    let tables = "select attrelid::regclass::text as name from pg_attribute join pg_class c on c.oid = attrelid
                  where attname = 'user_id' and relkind = 'r' and relnamespace = 'public'::regnamespace";
    for row in stage.app.db().rows(tables).await {
        let table: String = row.try_get("", "name").unwrap();
        assert_eq!(
            stage.count(&format!("{table} where user_id is not null and user_id <> '{kept}'")).await,
            0,
            "{table}"
        );
    }
    assert_eq!((stage.count("users").await, stage.count("deleted_users").await), (1, 24));
}

#[tokio::test]
async fn a_stream_that_waits_for_its_turn_ends_when_its_person_is_erased() {
    let stage = Stage::with(|options| options.workers(0)).await;
    let deaf = stage.app.second_process(Options::deaf).await;
    let owner = stage.app.owner();
    let mut stream = owner.stream_plan().await;
    let plan = owner.get("/v1/plans").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let mut unheard = owner.at(deaf.base()).events(&plan, None).await;
    stage.tell(&stage.deletion(OWNER)).await;
    for stream in [&mut stream, &mut unheard] {
        let last = stream.rest().await.pop().expect("a last event");
        assert_eq!(last.kind, "canceled");
    }
}

#[tokio::test]
async fn an_explanation_that_is_being_written_for_a_person_who_is_erased_leaves_nothing() {
    let gate = Gate::closed();
    let explanation = json!({ "explanation": "It lends.", "exercise": "Borrow." }).to_string();
    let explains = Reply::from(StreamReply::text(&explanation).gated(&gate));
    let model = ModelServer::start(Script::by(move |request| {
        let prompt = request.body["messages"][0]["content"].as_str().unwrap_or_default();
        if prompt.contains("\"exercise\"") { explains.clone() } else { StreamReply::plan(&plan_json(1, 2)).into() }
    }))
    .await;
    let stage = Stage::with(|options| options.model(&model)).await;
    let owner = stage.app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    let detail = owner.get(&format!("/v1/plans/{plan}")).await.json();
    let path = format!("/v1/tasks/{}/explanation", detail["modules"][0]["tasks"][0]["id"].as_str().unwrap());
    let asked = model.counts().requests;
    let erasing = async {
        model.wait_for(|counts| counts.requests > asked).await;
        stage.tell(&stage.deletion(OWNER)).await;
        gate.open();
    };
    let body = json!({});
    let (answer, ()) = tokio::join!(owner.post(&path, &body), erasing);
    assert_eq!(answer.problem(403), "ACCOUNT_ERASED");
    for table in ["users", "ai_usage_events", "usage_metrics", "usage_reservations"] {
        assert_eq!(stage.count(table).await, 0, "{table}");
    }
}
