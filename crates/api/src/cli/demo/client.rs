//! The demo's HTTP client: what any client of the API does.

use super::frames::{Frame, Frames};
use crate::error::Problem;
use crate::routes::generation::NewPlanBody;
use crate::routes::plans::PlanDetail;
use reqwest::Response;
use serde::de::DeserializeOwned;
use std::error::Error;
use waymark_domain::generation::{
    AttemptRestart, Canceled, Complete, EventKind, GenerationFailed, ModuleSummary, PlanEvent, PlanStart, Progress,
};
use waymark_domain::ids::PlanId;

/// A client with a token.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// How a generation ended.
pub enum Ended {
    /// The plan is ready.
    Complete(PlanId),
    /// It is not, and why.
    Failed(String),
}

impl Client {
    /// A client of the server at `base`.
    pub fn new(base: String, token: String) -> Result<Self, Box<dyn Error>> {
        // A proxy in the environment has no business between us and our own loopback port.
        Ok(Self { http: reqwest::Client::builder().no_proxy().build()?, base, token })
    }

    /// Asks for a plan and shows its events as they come, until the last one.
    pub async fn create_and_watch(
        &self,
        body: &NewPlanBody,
        mut show: impl FnMut(&PlanEvent),
    ) -> Result<Ended, Box<dyn Error>> {
        let request = self.http.post(format!("{}/api/v1/plans/stream", self.base));
        let mut answer = accepted(request.bearer_auth(&self.token).json(body).send().await?).await?;
        let mut frames = Frames::default();
        while let Some(chunk) = answer.chunk().await? {
            for frame in frames.push(&chunk) {
                let event = read(&frame)?;
                show(&event);
                if let Some(ended) = ended(&event) {
                    return Ok(ended);
                }
            }
        }
        Err("the stream broke off".into())
    }

    /// Reads the stored plan back.
    pub async fn plan(&self, id: PlanId) -> Result<PlanDetail, Box<dyn Error>> {
        let request = self.http.get(format!("{}/api/v1/plans/{id}", self.base));
        Ok(accepted(request.bearer_auth(&self.token).send().await?).await?.json().await?)
    }
}

async fn accepted(answer: Response) -> Result<Response, Box<dyn Error>> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let problem: Problem = answer.json().await?;
    let offences = problem.errors.iter().map(|error| format!("\n  {}: {}", error.field, error.message));
    Err(format!("{} ({}){}", problem.detail, problem.code, offences.collect::<String>()).into())
}

fn ended(event: &PlanEvent) -> Option<Ended> {
    match event {
        PlanEvent::Complete(complete) => Some(Ended::Complete(complete.plan_id)),
        PlanEvent::Error(failed) => {
            Some(Ended::Failed(format!("{} ({}, {})", failed.message, failed.code, failed.classification)))
        }
        PlanEvent::Canceled(_) => Some(Ended::Failed("the generation was canceled".to_owned())),
        PlanEvent::PlanStart(_)
        | PlanEvent::ModuleSummary(_)
        | PlanEvent::Progress(_)
        | PlanEvent::AttemptRestart(_) => None,
    }
}

fn read(frame: &Frame) -> Result<PlanEvent, Box<dyn Error>> {
    let data = frame.data.as_str();
    Ok(match frame.event.parse()? {
        EventKind::PlanStart => PlanEvent::PlanStart(json::<PlanStart>(data)?),
        EventKind::ModuleSummary => PlanEvent::ModuleSummary(json::<ModuleSummary>(data)?),
        EventKind::Progress => PlanEvent::Progress(json::<Progress>(data)?),
        EventKind::AttemptRestart => PlanEvent::AttemptRestart(json::<AttemptRestart>(data)?),
        EventKind::Complete => PlanEvent::Complete(json::<Complete>(data)?),
        EventKind::Error => PlanEvent::Error(json::<GenerationFailed>(data)?),
        EventKind::Canceled => PlanEvent::Canceled(json::<Canceled>(data)?),
    })
}

fn json<T: DeserializeOwned>(data: &str) -> serde_json::Result<T> {
    serde_json::from_str(data)
}
