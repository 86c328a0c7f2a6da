//! The plan that is read: six modules of six tasks, with resources, a third of them done.

use crate::against_floor::Read;
use crate::http::{self, Connection};
use crate::server::Site;
use std::error::Error;
use std::time::{Duration, Instant};
use waymark_testkit::model_server::{ModelServer, StreamReply, plan_json};

const SUBJECT: &str = "user_reader";
/// How long the plan may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the server sends.
const DETAIL: &str = include_str!("../../../crates/persistence/src/plans/detail.sql");

/// Lets the product make it, and adds progress.
///
/// # Errors
/// Whatever does not start or answer, or a plan of another size.
pub async fn make(site: &Site) -> Result<Read, Box<dyn Error>> {
    let model = ModelServer::start(StreamReply::plan(&plan_json(6, 6))).await;
    let server = site.serve(&[("AI_BASE_URL", &model.base_url()), ("AI_DEFAULT_MODEL", "test/model")])?;
    let token = site.token(SUBJECT);
    let mut connection = Connection::open(server.addr()).await?;
    let profile = connection.ask(&http::get("/v1/user/profile", &token)).await?.json(200)?;
    let user = profile.get("id").and_then(|id| id.as_str()).ok_or("no id")?.to_owned();
    let body = r#"{"topic": "Rust", "skillLevel": "beginner", "weeklyHours": 80, "learningStyle": "mixed"}"#;
    let created = connection.ask(&http::post("/v1/plans", &token, body)).await?.json(201)?;
    let id = created.get("id").and_then(|id| id.as_str()).ok_or("no id")?.to_owned();
    let request = http::get(&format!("/v1/plans/{id}"), &token);
    let deadline = Instant::now() + PATIENCE;
    while connection.ask(&request).await?.json(200)?.get("status").is_none_or(|status| status != "ready") {
        if Instant::now() > deadline {
            return Err("the plan was not made in time".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    site.db
        .run(
            "insert into task_progress (id, task_id, user_id, status, completed_at)
             select gen_random_uuid(), t.id, t.user_id, s.status,
                    case when s.status = 'completed' then now() end
               from tasks t, lateral (select (array['completed', 'in_progress', 'not_started'])[1 + t.\"order\" % 3]
                                             ::progress_status as status) s",
        )
        .await;
    // Statistics now, so that no plan changes in the middle of a round.
    site.db.run("vacuum analyze").await;
    let answer = connection.ask(&request).await?;
    let bytes = answer.body.len();
    let tasks = answer.json(200)?.pointer("/progress/tasksTotal").and_then(serde_json::Value::as_u64);
    if tasks != Some(36) {
        return Err(format!("a plan of 36 tasks was wanted, not {tasks:?}").into());
    }
    let claims = format!(r#"{{"sub":"{SUBJECT}","uid":"{user}"}}"#);
    Ok(Read {
        name: "plan_read".to_owned(),
        request,
        bytes,
        statement: DETAIL.replace("$1", ":id"),
        variables: vec![("id", id), ("claims", claims)],
    })
}
