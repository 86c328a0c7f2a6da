//! A task explained without a language model: how to go about it, and an exercise that suits any subject.

use super::wording::subject;
use crate::generation::provider::TaskBrief;
use serde_json::{Value, json};
use waymark_domain::plans::{LearningStyle, SkillLevel};

/// The explanation as JSON of the prompt's schema. Equal tasks give equal texts.
pub(super) fn explain(task: &TaskBrief) -> Value {
    let (title, topic, module) = (&task.title, subject(&task.topic), &task.module);
    let minutes = task.minutes.max(5);
    let depth = match task.skill_level {
        SkillLevel::Beginner => {
            "Aim to say in your own words what it is and what it is for; details can wait. If a word is new, write it down \
             with one plain sentence before you go on."
        }
        SkillLevel::Intermediate => {
            "Aim to use it without looking it up, and to say when it is the wrong choice. Compare it with what you already \
             do in its place."
        }
        SkillLevel::Advanced => {
            "Aim for the reasons: what it is built on, where it breaks, and what the people who made it gave up for it."
        }
    };
    let way = match task.learning_style {
        LearningStyle::Reading => "Read one good text to the end and mark the three sentences that carry it.",
        LearningStyle::Video => "Watch one recording, stop wherever something surprises you, and say why it did.",
        LearningStyle::Practice => "Begin by trying it, and read up only on what stopped you.",
        LearningStyle::Mixed => "Read or watch a short introduction, then try it at once.",
    };
    let goal = task.description.as_deref().map_or_else(String::new, |text| format!("\n\nWhat is asked: {text}"));
    let third = (minutes / 3).max(2);
    json!({
        "explanation": format!(
            "“{title}” is a step of “{module}” on your way to {topic}. {depth}\n\n{way} The usual mistake is to go on as \
             soon as it sounds familiar: you know it when you can do it with the sources closed.{goal}"
        ),
        "exercise": format!(
            "1. For {third} minutes, write down everything you know about “{title}”, with the sources closed.\n\
             2. For {third} minutes, make one small example of your own from {topic} that shows it, and change one thing in \
             it to see what happens.\n\
             3. For {third} minutes, compare both with a source, correct them in another colour, and write one question \
             that is still open.\n\
             It is right when somebody who knows nothing of it could repeat your example from what you wrote."
        ),
    })
}
