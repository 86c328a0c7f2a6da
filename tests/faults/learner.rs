//! What a learner does all day, at random: ask for plans, watch them, stop them, ask again, go through them, bring former
//! states back, throw them away.

use crate::chance::Chance;
use crate::client::{Answer, Client, Request};
use crate::history::Touched;
use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// One learner.
pub struct Learner {
    client: Client,
    /// In front of the keys, which are never used twice.
    name: String,
    requests: u32,
    paying: bool,
    followers: JoinSet<()>,
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Create,
    Stream,
    Retry,
    Regenerate,
    Cancel,
    Delete,
    Restore,
    Attach,
    Read,
    Touch,
}

const DEEDS: [(usize, Deed); 10] = [
    (12, Deed::Create),
    (12, Deed::Stream),
    (16, Deed::Retry),
    (24, Deed::Regenerate),
    (8, Deed::Cancel),
    (5, Deed::Delete),
    (12, Deed::Restore),
    (8, Deed::Attach),
    (10, Deed::Read),
    (16, Deed::Touch),
];

impl Learner {
    /// Signs in, for the round with this number.
    pub async fn join(world: &Arc<World>, (name, round): (String, usize), tier: &'static str, chance: Chance) -> Self {
        let mut client = Client::new(world, &name, chance);
        client.insist(&Request::get("/v1/user/profile")).await;
        let sql =
            format!("update users set subscription_tier = '{tier}' where clerk_user_id = '{name}' returning 1::bigint");
        assert!(world.number(&sql).await.is_some(), "{name} has signed up");
        let name = format!("{name}-{round}");
        Self { client, name, requests: 0, paying: tier == "pro", followers: JoinSet::new() }
    }

    /// Does this and that until told to stop, and then waits until everything that was asked for is answered.
    pub async fn live(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow_and_update() {
            self.act().await;
            sleep(self.client.chance.millis(0, 40)).await;
        }
        while self.followers.join_next().await.is_some() {}
    }

    async fn act(&mut self) {
        let deed = *self.client.chance.weighed(&DEEDS);
        match deed {
            Deed::Create => self.create().await,
            Deed::Stream => self.stream(),
            Deed::Retry => self.retry().await,
            Deed::Regenerate => self.regenerate().await,
            Deed::Cancel => self.cancel().await,
            Deed::Delete => self.delete().await,
            Deed::Restore => self.restore().await,
            Deed::Attach => self.attach().await,
            Deed::Read => self.read().await,
            Deed::Touch => self.touch().await,
        }
    }

    /// A key never used before.
    fn key(&mut self) -> String {
        self.requests += 1;
        format!("{}-{}", self.name, self.requests)
    }

    /// The query that asks for a model: those who pay choose a paid one now and then.
    fn model(&mut self) -> &'static str {
        if self.paying && self.client.chance.percent(40) { "?model=openai%2Fgpt-5-mini" } else { "" }
    }

    fn wish(key: &str) -> Value {
        json!({ "topic": format!("Course #{key}#"), "skillLevel": "beginner", "weeklyHours": 8, "learningStyle": "mixed" })
    }

    async fn create(&mut self) {
        let (key, model) = (self.key(), self.model());
        let request = Request::change("create", Method::POST, format!("/v1/plans{model}"), key.clone());
        let answer = self.client.insist(&request.body(Self::wish(&key))).await;
        if let Some(Answer { status: 201, body }) = answer {
            self.client.world.history.stands_for(&key, body["id"].as_str().unwrap());
        }
    }

    fn stream(&mut self) {
        let (key, model) = (self.key(), self.model());
        let request =
            Request::change("create and stream", Method::POST, format!("/v1/plans/stream{model}"), key.clone());
        self.watch(request.body(Self::wish(&key)), Some(key));
    }

    /// Follows a stream in the background.
    fn watch(&mut self, request: Request, key: Option<String>) {
        let mut client = self.client.clone();
        client.chance = self.client.chance.fork();
        self.followers.spawn(async move {
            if let Ok(watched) = client.follow(&request).await {
                let history = &client.world.history;
                let plan =
                    watched.first().and_then(|seen| seen.first()).and_then(|event| event.data["planId"].as_str());
                if let (Some(key), Some(plan)) = (&key, plan) {
                    history.stands_for(key, plan);
                }
                history.seen().streams.push(watched);
            }
        });
    }

    /// One of the learner's plans, mostly in this state.
    async fn plan(&mut self, state: &str) -> Option<String> {
        let page = self.client.once(&Request::get("/v1/plans?limit=50")).await?;
        let plans = page.body["items"].as_array()?;
        let wanted: Vec<&Value> = plans.iter().filter(|plan| plan["status"] == state).collect();
        let plan = if self.client.chance.percent(8) && !plans.is_empty() {
            self.client.chance.pick(plans)
        } else if wanted.is_empty() {
            return None;
        } else {
            *self.client.chance.pick(&wanted)
        };
        plan["id"].as_str().map(str::to_owned)
    }

    async fn retry(&mut self) {
        let Some(plan) = self.plan("failed").await else { return };
        let key = self.key();
        self.watch(Request::change("retry", Method::POST, format!("/v1/plans/{plan}/retry"), key.clone()), Some(key));
    }

    async fn regenerate(&mut self) {
        let Some(plan) = self.plan("ready").await else { return };
        let (key, model) = (self.key(), self.model());
        let wishes = match self.client.chance.below(4) {
            0 => json!({ "notes": "less theory", "weeklyHours": 12 }),
            1 => json!({ "skillLevel": "advanced", "learningStyle": "video", "notes": null }),
            _ => json!({}),
        };
        let path = format!("/v1/plans/{plan}/regenerate{model}");
        let request = Request::change("regenerate", Method::POST, path, key.clone()).body(wishes);
        if let Some(Answer { status: 202, body }) = self.client.insist(&request).await {
            self.client.world.history.stands_for(&key, body["planId"].as_str().unwrap());
            if self.client.chance.percent(30) {
                self.watch(Request { what: "attach", ..Request::get(format!("/v1/plans/{plan}/events")) }, None);
            }
        }
    }

    /// Stops a first generation, or what may be a regeneration.
    async fn cancel(&mut self) {
        let state = *self.client.chance.pick(&["generating", "ready"]);
        let Some(plan) = self.plan(state).await else { return };
        let request = Request::change("cancel", Method::POST, format!("/v1/plans/{plan}/cancel"), self.key());
        self.client.insist(&request).await;
    }

    async fn delete(&mut self) {
        let state = *self.client.chance.pick(&["ready", "failed", "generating"]);
        let Some(plan) = self.plan(state).await else { return };
        let request = Request::change("delete", Method::DELETE, format!("/v1/plans/{plan}"), self.key());
        if let Some(answer) = self.client.insist(&request).await
            && answer.status == 204
        {
            self.client.world.history.seen().deleted.push(plan);
        }
    }

    async fn restore(&mut self) {
        let Some(plan) = self.plan("ready").await else { return };
        let Some(page) = self.client.once(&Request::get(format!("/v1/plans/{plan}/revisions"))).await else { return };
        let Some(revisions) = page.body["items"].as_array().filter(|revisions| !revisions.is_empty()) else { return };
        let number = self.client.chance.pick(revisions)["number"].as_u64().unwrap();
        let path = format!("/v1/plans/{plan}/revisions/{number}/restore");
        let request = Request::change("restore", Method::POST, path, self.key());
        self.client.insist(&request).await;
    }

    async fn attach(&mut self) {
        let Some(plan) = self.plan("generating").await else { return };
        self.watch(Request { what: "attach", ..Request::get(format!("/v1/plans/{plan}/events")) }, None);
    }

    async fn read(&mut self) {
        let Some(plan) = self.plan("ready").await else { return };
        let part = *self.client.chance.pick(&["", "/status", "/attempts", "/generations", "/revisions"]);
        self.client.once(&Request::get(format!("/v1/plans/{plan}{part}"))).await;
    }

    /// Begins, completes or pins a task. There is no route for that yet, so the statement of one is run here; only what
    /// the database has confirmed is remembered.
    async fn touch(&mut self) {
        let Some(plan) = self.plan("ready").await else { return };
        let world = Arc::clone(&self.client.world);
        let tasks = format!(
            "select t.id::text from tasks t join modules m on m.id = t.module_id where m.plan_id = '{plan}' order by t.id"
        );
        let Ok(rows) = world.look(&tasks).await else { return };
        if rows.is_empty() {
            return;
        }
        let task: String = self.client.chance.pick(&rows).try_get_by_index(0).unwrap();
        let pinned = self.client.chance.percent(30);
        let done = world.history.seen().touched.get(&task).is_some_and(|touched| touched.status == Some("completed"));
        let status = if done || self.client.chance.percent(70) { "completed" } else { "in_progress" };
        let sql = if pinned {
            format!("update tasks set pinned = true where id = '{task}' returning 1::bigint")
        } else {
            format!(
                "insert into task_progress (task_id, user_id, status, completed_at)
                 select id, user_id, '{status}', case when '{status}' = 'completed' then now() end from tasks where id = '{task}'
                 on conflict (user_id, task_id) do update set status = excluded.status,
                   completed_at = coalesce(task_progress.completed_at, excluded.completed_at), updated_at = now()
                 where task_progress.status <> 'completed' or excluded.status = 'completed' returning 1::bigint"
            )
        };
        if world.number(&sql).await == Some(1) {
            let mut seen = world.history.seen();
            let touched = seen.touched.entry(task).or_insert(Touched { plan, status: None, pinned: false });
            if pinned {
                touched.pinned = true;
            } else {
                touched.status = Some(status);
            }
            drop(seen);
            world.history.answered("touch", "done");
        }
    }
}
