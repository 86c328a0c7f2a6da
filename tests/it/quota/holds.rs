//! Money held for an explanation stands while it is written, whatever becomes of its task.

use serde_json::json;
use waymark_services::quota::Verify;
use waymark_testkit::actor::plan_request;
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, Script, StreamReply, plan_json};

/// A model whose use costs something, so that money is held for it.
const PAID: &str = "anthropic/claude-sonnet-4.5";
const HELD: &str = "select count(*) from usage_reservations where kind = 'ai_spend' and state = 'reserved'";

#[tokio::test]
async fn the_hold_of_a_running_explanation_stands_when_its_plan_is_deleted() {
    let gate = Gate::closed();
    let text = json!({ "explanation": "It lends.", "exercise": "Borrow twice." }).to_string();
    let explains = Reply::from(StreamReply::text(&text).cost(0.002).gated(&gate));
    let model = ModelServer::start(Script::by(move |request| {
        let asked = request.body["messages"][0]["content"].as_str().is_some_and(|text| text.contains("\"exercise\""));
        if asked { explains.clone() } else { StreamReply::plan(&plan_json(1, 2)).cost(0.0).into() }
    }))
    .await;
    let app = App::with(|options| options.model(&model).metered()).await;
    let owner = app.owner();
    owner.get("/v1/user/profile").await;
    app.db().run("update users set subscription_tier = 'pro'").await;
    let created = owner.post(&format!("/v1/plans?model={PAID}"), &plan_request()).await.json();
    let plan = created["id"].as_str().unwrap();
    owner.settled(plan).await;
    let detail = owner.get(&format!("/v1/plans/{plan}")).await.json();
    let path = format!("/v1/tasks/{}/explanation", detail["modules"][0]["tasks"][0]["id"].as_str().unwrap());
    let asked = model.counts().requests;

    let empty = json!({});
    let deleting = async {
        model.wait_for(|counts| counts.requests > asked).await;
        owner.delete(&format!("/v1/plans/{plan}")).await;
        assert_eq!(app.db().number("select count(*) from tasks").await, 0);
        let verdict = app.services().quota().verify(Verify::Repair, |_, _| {}).await.unwrap();
        assert_eq!((verdict.found, app.db().number(HELD).await), (0, 1), "the call is still running");
        gate.open();
    };
    let (answer, ()) = tokio::join!(owner.post(&path, &empty), deleting);
    assert_eq!(answer.problem(404), "NOT_FOUND");
    assert_eq!(app.db().number(HELD).await, 0);
    assert_eq!(
        app.db().number("select sum(ai_cost_microusd)::bigint from usage_metrics").await,
        2000,
        "it is paid for"
    );
    let verdict = app.services().quota().verify(Verify::Look, |_, _| {}).await.unwrap();
    assert_eq!(verdict.found, 0);
}
