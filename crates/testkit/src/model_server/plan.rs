//! Plans for replies.

use serde_json::{Value, json};

/// A well-formed plan of `modules` with `tasks` each. Its texts hold what parsers and byte boundaries stumble over:
/// quotes, backslashes, braces, letters of two to four bytes.
pub fn plan_json(modules: usize, tasks: usize) -> Value {
    let modules: Vec<Value> = (1..=modules).map(|module| module_json(module, tasks)).collect();
    json!({ "modules": modules })
}

fn module_json(module: usize, tasks: usize) -> Value {
    let tasks: Vec<Value> = (1..=tasks).map(|task| task_json(module, task)).collect();
    json!({
        "title": format!("Module {module}: naïve 学习 🎓"),
        "description": "Braces } ] { and \"modules\": [ in a text, a back\\slash,\na second line and an escape \\u0041.",
        "estimated_minutes": 30 * tasks.len().max(1),
        "tasks": tasks,
    })
}

fn task_json(module: usize, task: usize) -> Value {
    json!({
        "title": format!("Task {module}.{task} – “erste Übung”"),
        "description": format!("Do step {task} of module {module}. 👩‍🏫"),
        "estimated_minutes": 30,
        "resources": [{
            "type": "article",
            "title": format!("Reading {module}.{task}"),
            "url": format!("https://example.org/m{module}/t{task}?q=a%20b"),
        }],
    })
}

/// The plan's JSON in pieces: each ends with a module's closing brace, the last one is what follows. Joined, they are
/// the plan; members beside `modules` are left out.
pub fn plan_segments(plan: &Value) -> Vec<String> {
    let modules = plan.get("modules").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut segments: Vec<String> = Vec::with_capacity(modules.len() + 1);
    for module in modules {
        let lead = if segments.is_empty() { "{\"modules\":[" } else { "," };
        segments.push(format!("{lead}{module}"));
    }
    segments.push(if segments.is_empty() { "{\"modules\":[]}" } else { "]}" }.to_owned());
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_segments_join_to_the_plan() {
        for modules in [0, 1, 4] {
            let plan = plan_json(modules, 2);
            let segments = plan_segments(&plan);
            assert_eq!(segments.len(), modules + 1);
            assert_eq!(serde_json::from_str::<Value>(&segments.concat()).unwrap(), plan);
        }
    }
}
