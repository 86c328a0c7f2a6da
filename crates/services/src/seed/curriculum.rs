//! What a model would have answered: modules with tasks and links, made from a course's parts.

use super::chance::Chance;
use super::courses::{EXERCISES, Exercise};
use super::library::{Part, capitalised};
use waymark_domain::generation::{DraftModule, DraftResource, DraftTask, MODULE_MINUTES};

/// A module about a part, with so many tasks.
pub(super) fn module(chance: &mut Chance, part: &Part, tasks: usize) -> DraftModule {
    let mut places: Vec<usize> = chance.shuffled(0..EXERCISES.len()).into_iter().take(tasks).collect();
    // What comes first is done first.
    places.sort_unstable();
    let exercises = places.into_iter().filter_map(|place| EXERCISES.get(place));
    let tasks: Vec<DraftTask> = exercises.map(|exercise| task(chance, part, exercise)).collect();
    let minutes: u16 = tasks.iter().map(|task| task.minutes).sum();
    DraftModule {
        title: capitalised(part.name),
        description: Some(format!("What you need of {} before you go on, with something to show for it.", part.name)),
        minutes: minutes.clamp(*MODULE_MINUTES.start(), *MODULE_MINUTES.end()),
        tasks,
    }
}

fn task(chance: &mut Chance, part: &Part, exercise: &Exercise) -> DraftTask {
    let (fewest, most) = exercise.minutes;
    let links = exercise.links.iter().filter_map(|kind| part.link(*kind));
    DraftTask {
        key: None,
        title: exercise.title.replace("{}", part.name),
        description: Some(exercise.description.to_owned()),
        // In steps of five, as people estimate.
        minutes: u16::try_from(chance.number(fewest / 5..=most / 5) * 5).unwrap_or(u16::MAX),
        resources: links
            .map(|link| DraftResource { kind: link.kind, title: link.title.clone(), url: link.url.clone() })
            .collect(),
    }
}
