//! What retry, regeneration and revisions refuse: plans in another state, bad input, limits, what is not there.

use serde_json::{Value, json};
use waymark_testkit::actor::{Actor, Answer};
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, StreamReply, plan_json};

fn fields(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let fields = body["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap().to_owned());
    let mut fields: Vec<String> = fields.collect();
    fields.sort();
    fields
}

/// The codes of 409 that retry, regeneration and restore answer.
async fn conflicts(owner: &Actor, plan: &str) -> [String; 3] {
    let answer = async |what: &str| owner.post(&format!("/v1/plans/{plan}/{what}"), &json!({})).await.problem(409);
    [answer("retry").await, answer("regenerate").await, answer("revisions/1/restore").await]
}

async fn ready_plan(owner: &Actor) -> String {
    let plan = owner.create_plan().await;
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    plan
}

#[tokio::test]
async fn a_plan_in_another_state_says_so() {
    let (first, second) = (Gate::closed(), Gate::closed());
    let sound = StreamReply::plan(&plan_json(3, 2));
    let replies = vec![
        StreamReply::text("I would rather not.").into(),
        Reply::from(sound.clone().gated(&first)),
        Reply::from(sound.gated(&second)),
    ];
    let model = ModelServer::start(replies).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();

    let failed = owner.create_plan().await;
    assert_eq!(owner.settled(&failed).await["status"], "failed");
    for what in ["regenerate", "revisions/1/restore"] {
        let answer = owner.post(&format!("/v1/plans/{failed}/{what}"), &json!({})).await;
        assert_eq!(answer.problem(409), "NOT_READY", "{what}");
    }

    let plan = owner.create_plan().await;
    let running = || ["GENERATION_RUNNING"; 3].map(str::to_owned);
    assert_eq!(conflicts(&owner, &plan).await, running(), "while it is generated");
    first.open();
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    assert_eq!(owner.post(&format!("/v1/plans/{plan}/retry"), &json!({})).await.problem(409), "NOT_FAILED");

    assert_eq!(owner.post(&format!("/v1/plans/{plan}/regenerate"), &json!({})).await.status.as_u16(), 202);
    let regenerated = ["NOT_FAILED", "GENERATION_RUNNING", "GENERATION_RUNNING"].map(str::to_owned);
    assert_eq!(conflicts(&owner, &plan).await, regenerated, "while it is regenerated");
    assert_eq!(owner.get(&format!("/v1/plans/{plan}")).await.json()["status"], "ready", "and readable all the while");
    second.open();
    owner.idle(&plan).await;
    let revisions = owner.get(&format!("/v1/plans/{plan}/revisions")).await.json();
    assert_eq!(revisions["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_offence_of_a_regeneration_is_named_and_nothing_is_queued() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let regenerate =
        async |query: &str, body: Value| owner.post(&format!("/v1/plans/{plan}/regenerate{query}"), &body).await;
    let body = json!({
        "topic": "ab", "notes": 1, "skillLevel": "guru", "weeklyHours": 0, "learningStyle": [], "startDate": "soon",
        "deadlineDate": 5, "status": "ready",
    });
    let refused = regenerate("?force=1", body).await;
    assert_eq!(refused.problem(400), "VALIDATION_FAILED");
    let expected = [
        "deadlineDate",
        "force",
        "learningStyle",
        "notes",
        "skillLevel",
        "startDate",
        "status",
        "topic",
        "weeklyHours",
    ];
    assert_eq!(fields(&refused), expected);
    let past = regenerate("", json!({ "startDate": "2001-01-01" })).await;
    assert_eq!((past.problem(400).as_str(), fields(&past)), ("VALIDATION_FAILED", vec!["startDate".to_owned()]));
    let today = chrono::Utc::now().date_naive();
    let days = |days: i64| json!(today + chrono::Duration::days(days));
    let reversed = regenerate("", json!({ "startDate": days(9), "deadlineDate": days(5) })).await;
    assert_eq!(fields(&reversed), ["deadlineDate"]);
    assert_eq!(regenerate("", json!({ "deadlineDate": days(60) })).await.problem(403), "DURATION_EXCEEDED");
    assert_eq!(regenerate("?model=no/such", json!({})).await.problem(400), "MODEL_INVALID");
    let text = owner.post_raw(&format!("/v1/plans/{plan}/regenerate"), "text/plain", "{}").await;
    assert_eq!(text.problem(415), "UNSUPPORTED_MEDIA_TYPE");
    let member = owner.post(&format!("/v1/plans/{plan}/retry"), &json!({ "topic": "Rust" })).await;
    assert_eq!((member.problem(400).as_str(), fields(&member)), ("VALIDATION_FAILED", vec!["topic".to_owned()]));
    assert_eq!(app.db().number("select count(*) from plan_generations").await, 1);
    assert_eq!(app.db().number("select count(*) from usage_reservations where state = 'reserved'").await, 0);
}

#[tokio::test]
async fn a_regeneration_over_the_months_number_is_refused_with_limit_and_use() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    app.db().run("update usage_metrics set regenerations_used = 5").await;
    let refused = owner.post(&format!("/v1/plans/{plan}/regenerate"), &json!({})).await;
    assert_eq!(refused.problem(403), "QUOTA_EXCEEDED");
    assert_eq!((&refused.json()["limit"], &refused.json()["used"]), (&json!(5), &json!(5)));
}

#[tokio::test]
async fn revisions_that_are_not_there_are_not_found() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let base = format!("/v1/plans/{plan}/revisions");
    assert_eq!(owner.get(&base).await.json(), json!({ "items": [], "nextCursor": null }));
    for path in ["/1", "/1/compare", "/2147483647"] {
        assert_eq!(owner.get(&format!("{base}{path}")).await.problem(404), "NOT_FOUND", "{path}");
    }
    assert_eq!(owner.post(&format!("{base}/1/restore"), &json!({})).await.problem(404), "NOT_FOUND");
    for number in ["0", "01", "x", "-1", "2147483648"] {
        assert_eq!(owner.get(&format!("{base}/{number}")).await.problem(400), "INVALID_ID", "{number}");
    }
    assert_eq!(owner.post(&format!("/v1/plans/{plan}/regenerate"), &json!({})).await.status.as_u16(), 202);
    owner.idle(&plan).await;
    assert_eq!(owner.get(&format!("{base}/1")).await.status.as_u16(), 200);
    assert_eq!(owner.get(&format!("{base}/1/compare?with=2")).await.problem(404), "NOT_FOUND");
    assert_eq!(owner.get(&format!("{base}/1/compare?with=1")).await.json()["removed"], json!([]));
    let bad = owner.get(&format!("{base}/1/compare?with=x&from=1")).await;
    assert_eq!((bad.problem(400).as_str(), fields(&bad)), ("VALIDATION_FAILED", vec!["from".into(), "with".into()]));
    let others = ready_plan(&app.stranger()).await;
    assert_eq!(owner.get(&format!("/v1/plans/{others}/revisions")).await.problem(404), "NOT_FOUND");
}
