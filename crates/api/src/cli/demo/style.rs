//! A little emphasis for terminals, nothing elsewhere.

/// Whether to emphasise.
#[derive(Debug, Clone, Copy)]
pub struct Style(pub bool);

impl Style {
    /// Stands out.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Stands back.
    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
