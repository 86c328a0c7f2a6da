//! What one answer may take, and what it took.

use waymark_domain::generation::{MAX_MODULES, MAX_OUTPUT_CHARS};

/// Bounds on one answer. The defaults are the product's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParserLimits {
    /// Most characters in all, prose included.
    pub max_chars: usize,
    /// Deepest nesting of objects and lists, at most 64.
    pub max_depth: u32,
    /// Most bytes of one module.
    pub max_module_bytes: usize,
    /// Most modules kept; later ones are counted and dropped.
    pub max_modules: usize,
}

impl Default for ParserLimits {
    fn default() -> Self {
        Self { max_chars: MAX_OUTPUT_CHARS, max_depth: 16, max_module_bytes: 64 * 1024, max_modules: MAX_MODULES }
    }
}

/// What has been read of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ParsedTail {
    /// Modules that closed, kept or not.
    pub modules_seen: u32,
    /// Modules given out.
    pub modules_kept: u32,
    /// Characters of the answer.
    pub chars: u64,
    /// Bytes of the answer.
    pub bytes: u64,
}
