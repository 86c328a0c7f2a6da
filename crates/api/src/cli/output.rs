//! Words for the person at the terminal: results on standard output, complaints on standard error. A reader that has gone
//! away (`waymark openapi | head`) is no reason to fail.

use std::error::Error;
use std::io::{IsTerminal, Write};

/// A line of the result.
pub fn say(line: &str) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

/// A number of things: "1 task", "2 tasks".
pub fn counted(number: impl Into<u64>, thing: &str) -> String {
    match number.into() {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}

/// Why the command failed, with its causes.
pub fn complain(error: &(dyn Error + 'static)) {
    let mut out = std::io::stderr().lock();
    drop(writeln!(out, "error: {error}"));
    let mut shown = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        // Some errors repeat their source.
        if !shown.contains(&text) {
            drop(writeln!(out, "  because: {text}"));
        }
        shown = text;
        cause = inner.source();
    }
}

/// Whether a person sees standard output.
pub fn on_a_terminal() -> bool {
    std::io::stdout().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_thing_is_singular() {
        assert_eq!([0_u32, 1, 2].map(|number| counted(number, "task")), ["0 tasks", "1 task", "2 tasks"]);
    }
}
