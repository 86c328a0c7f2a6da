//! The stored plan as a table.

use crate::cli::output;
use crate::routes::plans::{PlanDetail, Task};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

/// Modules, tasks, minutes and links.
pub fn render(plan: &PlanDetail) -> String {
    let mut table = Table::new();
    if output::on_a_terminal() {
        table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        // Links stay whole for whatever reads them.
        table.load_style(presets::ASCII_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(["", "Modules, tasks and links", "Minutes"]);
    for module in &plan.modules {
        let title = Cell::new(module.title.to_uppercase());
        table.add_row([Cell::new(module.order), title, number(module.estimated_minutes.into())]);
        for task in &module.tasks {
            let place = format!("{}.{}", module.order, task.order);
            table.add_row([Cell::new(place), Cell::new(with_links(task)), number(task.estimated_minutes.into())]);
        }
    }
    let total = output::counted(plan.progress.tasks_total, "task");
    table.add_row([Cell::new(""), Cell::new(total), number(plan.progress.minutes_total)]);
    table.to_string()
}

fn number(minutes: i64) -> Cell {
    Cell::new(minutes).set_alignment(CellAlignment::Right)
}

fn with_links(task: &Task) -> String {
    let links = task.resources.iter().map(|resource| format!("\n  {}", resource.url));
    format!("{}{}", task.title, links.collect::<String>())
}
