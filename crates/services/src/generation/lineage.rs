//! A regeneration's two ends: what the model is told of the present plan, and how its answer replaces that plan without
//! taking anything the learner has done.

use super::emitter::EventOwner;
use super::provider::{PlanBrief, PresentModule, PresentTask};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;
use waymark_domain::generation::DraftModule;
use waymark_domain::ids::TaskId;
use waymark_domain::plans::{PlanSnapshot, merge, proposal_of_drafts};
use waymark_persistence::{NewRevision, PlanInputs, ServiceTx, StoreError};

/// Lays the present plan into the brief, its tasks under short keys in order of study; returns whose keys they are.
pub(crate) fn present(plan: &PlanSnapshot, brief: &mut PlanBrief) -> HashMap<String, TaskId> {
    let mut keys = HashMap::new();
    brief.present = plan
        .modules
        .iter()
        .map(|module| PresentModule {
            title: module.title.clone(),
            tasks: module
                .tasks
                .iter()
                .map(|task| {
                    let key = format!("t{}", keys.len() + 1);
                    keys.insert(key.clone(), task.id);
                    PresentTask {
                        key,
                        title: task.title.clone(),
                        minutes: u32::try_from(task.estimated_minutes).unwrap_or(0),
                        status: task.status,
                        pinned: task.pinned,
                    }
                })
                .collect(),
        })
        .collect();
    keys
}

/// The keys of what stays whatever the model says.
pub(crate) fn staying(brief: &PlanBrief) -> HashSet<String> {
    let tasks = brief.present.iter().flat_map(|module| &module.tasks);
    tasks.filter(|task| task.must_stay()).map(|task| task.key.clone()).collect()
}

/// Replaces the plan by what the model made of it: the present state becomes a revision, what must stay stays, what the
/// model carried on keeps its id. Returns how many modules and tasks the plan has then.
pub(crate) async fn replace(
    tx: &ServiceTx,
    owner: EventOwner,
    brief: &PlanBrief,
    modules: &[DraftModule],
    keys: &HashMap<String, TaskId>,
) -> Result<(usize, usize), StoreError> {
    let (plan, user) = (owner.plan_id, owner.user_id);
    let gone = StoreError::WrongCount { what: "a plan to be replaced", expected: 1, actual: 0 };
    if tx.plans().lock(plan, user).await?.is_none() {
        return Err(gone);
    }
    tx.plans().lock_tree(plan).await?;
    let Some(present) = tx.plans().snapshot(plan).await? else { return Err(gone) };
    let generation_id = Some(owner.generation_id);
    tx.revisions().add(&NewRevision { plan_id: plan, user_id: user, snapshot: &present, generation_id }).await?;
    let merged = merge(&present, proposal_of_drafts(modules, keys, &present));
    let size = (merged.modules.len(), merged.modules.iter().map(|module| module.tasks.len()).sum());
    tx.plans().apply((plan, user), &inputs(brief), &merged, crate::ids::new::<Uuid>).await?;
    Ok(size)
}

fn inputs(brief: &PlanBrief) -> PlanInputs<'_> {
    PlanInputs {
        topic: &brief.topic,
        notes: brief.notes.as_deref(),
        skill_level: brief.skill_level,
        learning_style: brief.learning_style,
        weekly_hours: i32::from(brief.weekly_hours),
        start_date: Some(brief.start_date),
        deadline_date: Some(brief.deadline_date),
    }
}
