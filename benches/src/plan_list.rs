//! A page of summaries of a learner with 200 plans among 200,000, against the same SQL alone. Called by
//! `bench plan-list`.

use crate::Report;
use crate::against_floor::{self, Options, Read};
use crate::http::{self, Connection};
use crate::server::Site;
use std::error::Error;

const SUBJECT: &str = "user_reader";

/// What the server sends. No filter and no cursor; a variable of `pgbench` cannot be null, so `none` becomes it.
const LIST: &str = include_str!("../../crates/persistence/src/plans/list.sql");

/// 1,998 others with 100 plans each; every tenth of their plans has two modules of three tasks.
const OTHERS: &str = "
insert into users (clerk_user_id) select 'user_' || n from generate_series(1, 1998) n;
insert into learning_plans (user_id, topic, skill_level, learning_style, weekly_hours, generation_status,
    is_quota_eligible, created_at)
  select u.id, 'Topic ' || n, 'beginner', 'mixed', 5, 'ready', true, now() - n * interval '1 hour'
    from users u, generate_series(1, 100) n where u.clerk_user_id <> 'user_reader';
insert into modules (plan_id, user_id, \"order\", title)
  select p.id, p.user_id, n, 'Module ' || n from learning_plans p, generate_series(1, 2) n where p.topic like '%0';
insert into tasks (module_id, user_id, \"order\", title, estimated_minutes)
  select m.id, m.user_id, n, 'Task ' || n, 30 from modules m, generate_series(1, 3) n;";

/// The reader's 200 plans, each with six modules of six tasks, a third of them done.
const OWN: &str = "
insert into learning_plans (user_id, topic, skill_level, learning_style, weekly_hours, generation_status,
    is_quota_eligible, created_at)
  select u.id, 'Topic ' || n, 'beginner', 'mixed', 5, 'ready', true, now() - n * interval '1 hour'
    from users u, generate_series(1, 200) n where u.clerk_user_id = 'user_reader';
insert into modules (plan_id, user_id, \"order\", title)
  select p.id, p.user_id, n, 'Module ' || n from learning_plans p join users u on u.id = p.user_id,
         generate_series(1, 6) n where u.clerk_user_id = 'user_reader';
insert into tasks (module_id, user_id, \"order\", title, estimated_minutes)
  select m.id, m.user_id, n, 'Task ' || n, 30 from modules m join users u on u.id = m.user_id,
         generate_series(1, 6) n where u.clerk_user_id = 'user_reader';
insert into task_progress (task_id, user_id, status, completed_at)
  select t.id, t.user_id, 'completed', now() from tasks t join users u on u.id = t.user_id
   where u.clerk_user_id = 'user_reader' and t.\"order\" <= 2;";

/// Measures it.
///
/// # Errors
/// Whatever does not start or answer.
pub async fn run(options: &Options) -> Report {
    let site = Site::new().await?;
    let read = make(&site).await?;
    against_floor::run(options, &site, &read).await
}

async fn make(site: &Site) -> Result<Read, Box<dyn Error>> {
    let server = site.serve_without_worker()?;
    let token = site.token(SUBJECT);
    let mut connection = Connection::open(server.addr()).await?;
    let profile = connection.ask(&http::get("/v1/user/profile", &token)).await?.json(200)?;
    let user = profile.get("id").and_then(|id| id.as_str()).ok_or("no id")?.to_owned();
    site.db.run(OTHERS).await;
    site.db.run(OWN).await;
    site.db.run("vacuum analyze").await;
    let plans = site.db.number("select count(*) from learning_plans").await;
    let request = http::get("/v1/plans?limit=100", &token);
    let answer = connection.ask(&request).await?;
    let bytes = answer.body.len();
    let shown = answer.json(200)?.get("items").and_then(|items| items.as_array().map(Vec::len));
    if (plans, shown) != (200_000, Some(100)) {
        return Err(format!("a page of 100 among 200000 plans was wanted, not {shown:?} among {plans}").into());
    }
    let statement = LIST
        .replace("$1::text", "nullif(:status, 'none')::text")
        .replace("$1::", "nullif(:status, 'none')::")
        .replace("$2::timestamptz", "nullif(:after, 'none')::timestamptz")
        .replace("($2, $3)", "(nullif(:after, 'none')::timestamptz, nullif(:id, 'none')::uuid)")
        .replace("$4", ":shown");
    let claims = format!(r#"{{"sub":"{SUBJECT}","uid":"{user}"}}"#);
    let variables = [("status", "none"), ("after", "none"), ("id", "none"), ("shown", "101")];
    let variables = variables.into_iter().map(|(name, value)| (name, value.to_owned()));
    Ok(Read {
        name: "plan_list".to_owned(),
        request,
        bytes,
        statement,
        variables: variables.chain([("claims", claims)]).collect(),
    })
}
