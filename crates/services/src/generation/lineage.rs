//! A regeneration's two ends: what the model is told of the present plan, and how its answer replaces that plan without
//! taking anything the learner has done.

use super::attempt::Assignment;
use super::emitter::EventOwner;
use super::provider::{PlanBrief, PresentModule, PresentTask};
use chrono::NaiveDate;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;
use waymark_domain::generation::DraftModule;
use waymark_domain::ids::TaskId;
use waymark_domain::plans::{PlanInput, PlanSnapshot, merge, proposal_of_drafts};
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
/// model carried on keeps its id. Of the plan's inputs only those are written that the regeneration overrides. Returns how many modules and tasks the plan has then.
pub(crate) async fn replace(
    tx: &ServiceTx,
    owner: EventOwner,
    assignment: &Assignment,
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
    let inputs = inputs(&present, &assignment.brief, &assignment.overridden);
    tx.plans().apply((plan, user), &inputs, &merged, crate::ids::new::<Uuid>).await?;
    Ok(size)
}

/// The plan's inputs with the overrides of its regeneration. The others stay as the learner has them by now: they may have
/// changed them, or caught up, while the model was writing.
fn inputs<'a>(present: &'a PlanSnapshot, asked: &'a PlanBrief, overridden: &[PlanInput]) -> PlanInputs<'a> {
    let mut inputs = PlanInputs::of(present);
    for input in overridden {
        match input {
            PlanInput::Topic => inputs.topic = &asked.topic,
            PlanInput::Notes => inputs.notes = asked.notes.as_deref(),
            PlanInput::SkillLevel => inputs.skill_level = asked.skill_level,
            PlanInput::WeeklyHours => inputs.weekly_hours = i32::from(asked.weekly_hours),
            PlanInput::LearningStyle => inputs.learning_style = asked.learning_style,
            PlanInput::StartDate => inputs.start_date = Some(asked.start_date),
            PlanInput::DeadlineDate => inputs.deadline_date = Some(asked.deadline_date),
        }
    }
    let merged = (inputs.start_date.unwrap_or(asked.start_date), inputs.deadline_date.unwrap_or(asked.deadline_date));
    let dates = dates(merged, (asked.start_date, asked.deadline_date), present.start_date.zip(present.deadline_date));
    PlanInputs { start_date: Some(dates.0), deadline_date: Some(dates.1), ..inputs }
}

/// Each date was allowed beside the other one as it was then. If the two exclude each other now, or make a longer plan than
/// was ever allowed, those hold that the new content was made for.
fn dates(merged: Days, asked: Days, present: Option<Days>) -> Days {
    let length = |(start, deadline): Days| deadline - start;
    let allowed = present.map_or(length(asked), |present| length(present).max(length(asked)));
    if merged.0 <= merged.1 && length(merged) <= allowed { merged } else { asked }
}

/// A first day and a last one.
type Days = (NaiveDate, NaiveDate);

#[cfg(test)]
mod tests;
