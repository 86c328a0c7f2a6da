//! How topic, level and style are woven into a course's texts.

use super::stages::Kind;
use waymark_domain::plans::{LearningStyle, SkillLevel};

/// Most characters of the topic inside another text.
const SUBJECT_CHARS: usize = 80;
/// Most characters of the learner's notes that are repeated.
const NOTES_CHARS: usize = 160;

/// The topic as it fits into a sentence: without "learn" in front, on one line, not too long.
pub(super) fn subject(topic: &str) -> String {
    let mut words: Vec<&str> = topic.split_whitespace().collect();
    while words.len() > 1 && words.first().is_some_and(|word| is_lead_in(word)) {
        words.remove(0);
    }
    shortened(&words.join(" "), SUBJECT_CHARS)
}

fn is_lead_in(word: &str) -> bool {
    ["learn", "learning", "study", "studying", "master", "mastering"].iter().any(|lead| word.eq_ignore_ascii_case(lead))
}

/// The learner's notes, on one line and not too long.
pub(super) fn notes(notes: &str) -> String {
    shortened(&notes.split_whitespace().collect::<Vec<_>>().join(" "), NOTES_CHARS)
}

/// At most `chars` characters, cut between words where that loses little.
fn shortened(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    let cut: String = text.chars().take(chars - 1).collect();
    let whole_words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    let kept = if whole_words.chars().count() * 2 > chars { whole_words } else { &cut };
    format!("{}…", kept.trim_end_matches([',', ';', ':', '.', ' ']))
}

/// Puts the topic and the words of the level into a template: `{topic}`, `{Learn}`, `{Try}`, `{depth}`.
pub(super) fn woven(template: &str, topic: &str, level: SkillLevel) -> String {
    let (learn, attempt, depth) = match level {
        SkillLevel::Beginner => ("Get to know", "Try", "in plain words"),
        SkillLevel::Intermediate => ("Review", "Apply", "with its limits"),
        SkillLevel::Advanced => ("Scrutinise", "Push", "down to the reasons"),
    };
    // The topic last: it is the learner's text and may hold braces of its own.
    template.replace("{Learn}", learn).replace("{Try}", attempt).replace("{depth}", depth).replace("{topic}", topic)
}

/// How to go about a task in the learner's style; `turn` picks among the ways, so that neighbours differ.
pub(super) fn approach(style: LearningStyle, kind: Kind, turn: usize) -> &'static str {
    let style = match style {
        LearningStyle::Mixed => match turn % 3 {
            0 => LearningStyle::Video,
            1 => LearningStyle::Reading,
            _ => LearningStyle::Practice,
        },
        single => single,
    };
    let ways: [&str; 3] = match (style, kind) {
        (LearningStyle::Video, Kind::Study) => [
            "Watch one complete lesson and pause whenever a new idea appears to note it in a single line.",
            "Watch two short videos by different teachers and note where they disagree.",
            "Watch once without notes, then again at a faster pace and write down what you had missed.",
        ],
        (LearningStyle::Video, Kind::Do) => [
            "Follow a walk-through on screen, then close it and do the same again from memory.",
            "Watch the first minutes of a demonstration, finish it on your own and compare the results.",
            "Record yourself while you work and watch the recording for the moment where you hesitate.",
        ],
        (LearningStyle::Video, Kind::Reflect) => [
            "Explain it to a camera in three minutes; whatever you stumble over is what to watch again.",
            "Watch an expert at work on the same thing and list two differences from your own way.",
            "Pick the one video that helped most and write down why.",
        ],
        (LearningStyle::Reading, Kind::Study) => [
            "Read one good overview to the end before you take notes, then write a summary of ten lines.",
            "Read two sources on the same point and write down what only one of them says.",
            "Read with a pencil: mark what is new, what is doubtful and what you could leave out.",
        ],
        (LearningStyle::Reading, Kind::Do) => [
            "Work through a written example line by line, then write one of your own beside it.",
            "Turn what you read into a checklist and follow it step by step.",
            "Rewrite the steps in your own words while you carry them out.",
        ],
        (LearningStyle::Reading, Kind::Reflect) => [
            "Write a page that a newcomer could follow, and check every claim against a source.",
            "Read how others answered the same question and note the best argument.",
            "Go through your notes and cut them to half their length.",
        ],
        (LearningStyle::Practice | LearningStyle::Mixed, Kind::Study) => [
            "Spend the first third on reading and the rest on trying every idea out at once.",
            "Collect three small examples and change one thing in each to see what happens.",
            "Guess first, look it up second: write your answer down before you check it.",
        ],
        (LearningStyle::Practice | LearningStyle::Mixed, Kind::Do) => [
            "Work in rounds of fifteen minutes and write down after each what you would change.",
            "Do it once slowly and correctly, once at normal speed and once without looking anything up.",
            "Start with the part you are least sure of and stop only when it works twice in a row.",
        ],
        (LearningStyle::Practice | LearningStyle::Mixed, Kind::Reflect) => [
            "Repeat the exercise that went worst and compare both attempts.",
            "Ask somebody to watch you do it, or describe every step aloud.",
            "List the mistakes you made more than once and invent an exercise against each.",
        ],
    };
    let [first, second, third] = ways;
    match (turn / 3 + turn) % 3 {
        0 => first,
        1 => second,
        _ => third,
    }
}
