//! Canceling and deleting in every phase of a generation: all ends settled, and what reached the model is accounted for.

use serde_json::json;
use std::time::Duration;
use waymark_testkit::actor::Actor;
use waymark_testkit::app::{App, Options};
use waymark_testkit::model_server::{Gate, ModelServer, Reply, Script, StreamReply, plan_json};
use waymark_testkit::wait;

/// How a generation is brought into a phase and what it has cost by then.
struct Phase {
    name: &'static str,
    script: fn(&Gate) -> Script,
    options: fn(Options) -> Options,
    /// Requests the model has seen when the phase is reached, and how many of them count as reached.
    asked: usize,
    reached: i64,
    /// Modules released to the client first.
    modules: usize,
}

const PHASES: [Phase; 5] = [
    Phase {
        name: "waiting in the queue",
        script: |_| Reply::error(500, "never asked").into(),
        options: |options| options.workers(0),
        asked: 0,
        reached: 0,
        modules: 0,
    },
    Phase {
        name: "asked, and not answered",
        script: |_| Reply::silent().into(),
        options: |options| options,
        asked: 1,
        reached: 1,
        modules: 0,
    },
    Phase {
        name: "accepted, and nothing sent",
        script: |_| Reply::silent_after_head().into(),
        options: |options| options,
        asked: 1,
        reached: 1,
        modules: 0,
    },
    Phase {
        name: "streaming",
        script: |gate| StreamReply::plan(&plan_json(4, 2)).gated(gate).into(),
        options: |options| options,
        asked: 1,
        reached: 1,
        modules: 2,
    },
    Phase {
        name: "between two attempts",
        script: |_| Reply::from(StreamReply::plan(&plan_json(3, 2)).then_error(900, &json!(500), "gone")).into(),
        options: |options| options.first_pause(Duration::from_mins(1)),
        asked: 1,
        reached: 1,
        modules: 0,
    },
];

async fn bring_to(phase: &Phase) -> (App, ModelServer, Actor, String) {
    let gate = Gate::closed();
    let model = ModelServer::start((phase.script)(&gate)).await;
    let app = App::with(|options| (phase.options)(options.model(&model))).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    gate.release(phase.modules);
    model.wait_for(|counts| counts.requests == phase.asked).await;
    let reached = "select count(*) from generation_attempts where reached_at is not null";
    let told = "select count(*) from generation_events where type = 'module_summary'";
    wait::until(phase.name, async || {
        let waits = phase.name != "between two attempts"
            || app.db().number("select count(*) from job_queue where status = 'pending' and attempts = 1").await == 1;
        (waits
            && app.db().number(reached).await >= phase.reached
            && app.db().number(told).await >= i64::try_from(phase.modules).unwrap())
        .then_some(())
    })
    .await;
    (app, model, owner, plan)
}

async fn check(phase: &Phase, app: &App, model: &ModelServer) {
    let name = phase.name;
    model.wait_for(|counts| counts.replied + counts.closed_early == phase.asked).await;
    wait::until("the cost is recorded", async || {
        (app.db().number("select count(*) from ai_usage_events").await >= phase.reached).then_some(())
    })
    .await;
    let zero = [
        ("live jobs", "select count(*) from job_queue where status in ('pending', 'processing')"),
        ("attempts in progress", "select count(*) from generation_attempts where status = 'in_progress'"),
        ("open reservations", "select count(*) from usage_reservations where state <> 'released'"),
        ("plans being generated", "select count(*) from learning_plans where generation_status = 'generating'"),
        ("counted plans", "select coalesce(sum(plans_generated), 0)::bigint from usage_metrics"),
        (
            "spend that no row explains",
            "select (coalesce((select sum(ai_cost_microusd) from usage_metrics), 0)
               - coalesce((select sum(cost_microusd) from ai_usage_events), 0))::bigint",
        ),
    ];
    for (what, sql) in zero {
        assert_eq!(app.db().number(sql).await, 0, "{what} after stopping when {name}");
    }
    assert_eq!(app.db().number("select count(*) from ai_usage_events").await, phase.reached, "{name}");
    assert_eq!(model.counts().requests, phase.asked, "{name}: nothing was asked again");
}

#[tokio::test]
async fn a_cancel_in_any_phase_ends_settled_with_its_cost() {
    for phase in &PHASES {
        let (app, model, owner, plan) = bring_to(phase).await;
        let answer = owner.post(&format!("/v1/plans/{plan}/cancel"), &json!({})).await;
        assert!(answer.status.is_success(), "{}: {}", phase.name, answer.text);
        assert_eq!(answer.json()["status"], "failed", "{}", phase.name);
        let events = owner.events(&plan, None).await.rest().await;
        assert_eq!(events.last().unwrap().kind, "canceled", "{}", phase.name);
        check(phase, &app, &model).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_deletion_in_any_phase_ends_settled_with_its_cost() {
    for phase in &PHASES {
        let (app, model, owner, plan) = bring_to(phase).await;
        let answer = owner.delete(&format!("/v1/plans/{plan}")).await;
        assert_eq!(answer.status, 204, "{}: {}", phase.name, answer.text);
        assert_eq!(owner.get(&format!("/v1/plans/{plan}")).await.problem(404), "NOT_FOUND");
        check(phase, &app, &model).await;
        app.stop().await;
    }
}
