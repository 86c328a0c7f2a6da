//! The checker: reads the database and the history when everything is settled, and names whatever does not fit.

use crate::history::{Touched, Watched};
use crate::rules::RULES;
use crate::world::World;
use std::collections::HashMap;
use std::sync::Arc;
use waymark_domain::quota::Limits;
use waymark_persistence::Db;
use waymark_services::clock::SystemClock;
use waymark_services::quota::{Quota, Verify};
use waymark_testkit::sse::SseEvent;

/// Findings shown of one kind.
const SHOWN: usize = 5;

/// Everything that does not fit.
pub async fn everything(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    for (rule, offenders) in RULES {
        note(&mut findings, rule, world.texts(offenders).await);
    }
    note(&mut findings, "what was deleted left nothing", deleted(world).await);
    note(&mut findings, "an accepted plan is there until it is deleted", accepted(world).await);
    note(&mut findings, "what a learner has done stays", touched(world).await);
    note(&mut findings, "a stream is a gapless part of the log", streams(world).await);
    note(&mut findings, "no attempt is paid twice", paid(world).await);
    note(&mut findings, "every call has its cost", costless(world).await);
    note(&mut findings, "the counters follow from the ledger", books(world).await);
    note(&mut findings, "nothing odd was seen", world.history.seen().oddities.clone());
    findings
}

fn note(findings: &mut Vec<String>, rule: &str, offenders: Vec<String>) {
    let more = offenders.len().saturating_sub(SHOWN);
    findings.extend(offenders.into_iter().take(SHOWN).map(|offender| format!("{rule}: {offender}")));
    if more > 0 {
        findings.push(format!("{rule}: and {more} more"));
    }
}

/// Ids as a list for SQL; they come from the server's own answers.
fn list<'a>(ids: impl IntoIterator<Item = &'a String>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| format!("'{id}'")).collect();
    format!("array[{}]::uuid[]", ids.join(", "))
}

async fn deleted(world: &World) -> Vec<String> {
    let gone = list(&world.history.seen().deleted);
    let tables = ["modules", "plan_generations", "plan_revisions", "generation_events", "job_queue"];
    let rows = tables.map(|table| format!("select '{table} ' || plan_id from {table} where plan_id = any ({gone})"));
    let plans = format!("select 'plan ' || id from learning_plans where id = any ({gone})");
    world.texts(&format!("{plans} union all {}", rows.join(" union all "))).await
}

async fn accepted(world: &World) -> Vec<String> {
    let query = {
        let seen = world.history.seen();
        let kept = seen.plans.values().filter(|plan| !seen.deleted.contains(plan));
        format!(
            "select id::text from unnest({}) as told(id) where not exists (select from learning_plans p where p.id = told.id)",
            list(kept)
        )
    };
    world.texts(&query).await
}

/// A task that was begun, done or pinned is there with all of that, unless its plan was deleted.
async fn touched(world: &World) -> Vec<String> {
    let touched: HashMap<String, Touched> = {
        let seen = world.history.seen();
        let kept = seen.touched.iter().filter(|(_, touched)| !seen.deleted.contains(&touched.plan));
        kept.map(|(task, touched)| (task.clone(), touched.clone())).collect()
    };
    let query = format!(
        "select t.id::text || ' ' || m.plan_id::text || ' ' || coalesce(g.status::text, 'none') || ' ' || t.pinned
         from tasks t join modules m on m.id = t.module_id left join task_progress g on g.task_id = t.id
         where t.id = any ({})",
        list(touched.keys())
    );
    let found: HashMap<String, String> = world
        .texts(&query)
        .await
        .into_iter()
        .filter_map(|row| row.split_once(' ').map(|(task, rest)| (task.to_owned(), rest.to_owned())))
        .collect();
    let lost = touched.iter().filter_map(|(task, touched)| {
        let Some(found) = found.get(task) else { return Some(format!("task {task} is gone: {touched:?}")) };
        let (plan, state) = found.split_once(' ')?;
        let (status, pinned) = state.split_once(' ')?;
        let done = match touched.status {
            // A statement whose confirmation was lost may have gone further.
            Some("in_progress") => matches!(status, "in_progress" | "completed"),
            Some(wanted) => status == wanted,
            None => true,
        };
        let whole = done && plan == touched.plan && (!touched.pinned || pinned == "true");
        (!whole).then(|| format!("task {task} is {found}: {touched:?}"))
    });
    lost.collect()
}

/// Each connection showed consecutive events, one connection went on where the last broke off, and all of it is what the
/// log holds.
async fn streams(world: &World) -> Vec<String> {
    let streams: Vec<Watched> = world.history.seen().streams.clone();
    let query = "select plan_id::text || ' ' || seq || ' ' || type || ' ' || data from generation_events";
    let log: HashMap<(String, i64), String> = world
        .texts(query)
        .await
        .into_iter()
        .filter_map(|row| {
            let mut parts = row.splitn(3, ' ');
            let (plan, seq) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
            Some(((plan, seq), parts.next()?.to_owned()))
        })
        .collect();
    let deleted = world.history.seen().deleted.clone();
    streams.iter().flat_map(|watched| misfits(watched, &log, &deleted)).collect()
}

fn misfits(watched: &Watched, log: &HashMap<(String, i64), String>, deleted: &[String]) -> Vec<String> {
    let mut misfits = Vec::new();
    let plan = watched.first().and_then(|seen| seen.first()).and_then(|event| event.data["planId"].as_str());
    let Some(plan) = plan else { return misfits };
    let mut last: Option<i64> = None;
    for seen in watched {
        for (place, event) in seen.iter().enumerate() {
            // A later generation has begun by the time the client came back: its stream is the newest one's.
            let anew = place == 0 && event.kind == "plan_start";
            if last.is_some_and(|last| event.id != last + 1 && !(anew && event.id > last)) {
                misfits.push(format!("plan {plan}: event {} after {last:?}", event.id));
            }
            last = Some(event.id);
            if !deleted.iter().any(|gone| gone == plan) && !is_logged(plan, event, log) {
                misfits.push(format!("plan {plan}: event {} is not what the log holds", event.id));
            }
        }
    }
    misfits
}

fn is_logged(plan: &str, event: &SseEvent, log: &HashMap<(String, i64), String>) -> bool {
    let Some((kind, data)) = log.get(&(plan.to_owned(), event.id)).and_then(|row| row.split_once(' ')) else {
        return false;
    };
    kind == event.kind && serde_json::from_str(data).is_ok_and(|data: serde_json::Value| data == event.data)
}

/// The model accepted no more calls for a plan than the plan has attempts.
async fn paid(world: &World) -> Vec<String> {
    let query = "select split_part(p.topic, '#', 2) || ' ' || count(a.id) from learning_plans p
                 left join generation_attempts a on a.plan_id = p.id group by p.id, p.topic";
    let attempts = world.texts(query).await;
    let accepted = world.model.accepted();
    let twice = attempts.iter().filter_map(|row| {
        let (tag, attempts) = row.split_once(' ')?;
        let calls = accepted.get(tag).copied().unwrap_or_default();
        (calls > attempts.parse().ok()?).then(|| format!("plan #{tag}#: {calls} calls, {attempts} attempts"))
    });
    twice.collect()
}

/// The model accepted no more calls for a plan than have a cost on record.
async fn costless(world: &World) -> Vec<String> {
    let query = "select split_part(p.topic, '#', 2) || ' ' || count(u.id) from learning_plans p
                 left join ai_usage_events u on u.plan_id = p.id group by p.id, p.topic";
    let costs = world.texts(query).await;
    let accepted = world.model.accepted();
    let costless = costs.iter().filter_map(|row| {
        let (tag, costs) = row.split_once(' ')?;
        let calls = accepted.get(tag).copied().unwrap_or_default();
        (calls > costs.parse().ok()?).then(|| format!("plan #{tag}#: {calls} calls, {costs} costs"))
    });
    costless.collect()
}

async fn books(world: &World) -> Vec<String> {
    let db = Db::connect(&world.db.options()).await.unwrap();
    let quota = Quota::new(db.clone(), Arc::new(SystemClock), Limits::default(), None);
    let mut differences = Vec::new();
    let verdict = quota.verify(Verify::Look, |difference, _| differences.push(difference.to_string())).await.unwrap();
    db.close().await;
    if verdict.learners == 0 {
        differences.push("nobody's books were looked at".to_owned());
    }
    differences
}
