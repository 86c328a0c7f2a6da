//! Reads a model's answer as it arrives and gives out each module the moment its object closes. Called by the flow that
//! consumes a provider's stream; knows nothing of providers.
//!
//! What is looked for: a JSON object with a member `modules`, at most three objects deep, or a bare list of objects with
//! `tasks`. Around it there may be prose with stray brackets, a byte order mark, code fences and a model's thoughts
//! (`<think>`); what only looks like the plan is given up at the first byte that is not JSON, and the search goes on
//! from that byte. What follows the list of modules is read only to see the plan close.
//!
//! Linear in the input whatever the chunking: nothing is read again but a byte that ended something, and the bytes of
//! one module, once, when it closes. Only the current module is kept. Bounded by [`ParserLimits`].

mod error;
mod limits;
mod prose;
mod repair;
mod scanner;

pub use error::ParseError;
pub use limits::{ParsedTail, ParserLimits};

use prose::Prose;
use scanner::{Container, Scanner, Signal};
use waymark_domain::generation::{MODULES_ASKED, RawModule};

/// Objects, the plan's own included, within which the list of modules is looked for.
const DEEPEST_LIST: u32 = 3;

/// The incremental reader of one answer. After an error it stays in error.
#[derive(Debug)]
pub struct PlanParser {
    limits: ParserLimits,
    place: Place,
    prose: Prose,
    scanner: Scanner,
    /// The list of modules that is being read, by the number of containers open inside it (itself included).
    list: Option<u32>,
    /// What the value that comes next is for.
    next_value: Member,
    capture: Capture,
    /// The bytes of the module being read.
    module: Vec<u8>,
    announced: Option<u32>,
    /// Objects or lists that closed without being a plan.
    others: u32,
    tail: ParsedTail,
    steps: u64,
}

/// Where in the answer the parser is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Before the plan.
    Prose,
    /// In an object or list that is the plan or may be.
    Document,
    /// Behind the plan: nothing matters any more but the length.
    Done,
    Failed(ParseError),
}

/// What a member's name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Modules,
    Count,
    Other,
}

/// What happens to the bytes of the object being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Capture {
    Off,
    /// An element of a bare list, kept until it is known whether it is a module.
    Perhaps,
    /// A module.
    Module,
    /// A module beyond the most that are kept.
    Surplus,
}

impl PlanParser {
    /// A parser for one answer.
    pub fn new(limits: ParserLimits) -> Self {
        Self {
            scanner: Scanner::new(limits.max_depth),
            limits,
            place: Place::Prose,
            prose: Prose::default(),
            list: None,
            next_value: Member::Other,
            capture: Capture::Off,
            module: Vec::new(),
            announced: None,
            others: 0,
            tail: ParsedTail::default(),
            steps: 0,
        }
    }

    /// Reads the next piece of text and appends the modules that close in it to `out`.
    ///
    /// # Errors
    /// A limit is exceeded, or a module or the plan around it is not JSON. Modules appended before stay good.
    pub fn feed(&mut self, text: &str, out: &mut Vec<RawModule>) -> Result<(), ParseError> {
        self.feed_bytes(text.as_bytes(), out)
    }

    /// As [`Self::feed`], for UTF-8 that may be cut inside a character.
    ///
    /// # Errors
    /// As [`Self::feed`].
    pub fn feed_bytes(&mut self, bytes: &[u8], out: &mut Vec<RawModule>) -> Result<(), ParseError> {
        if let Place::Failed(error) = &self.place {
            return Err(error.clone());
        }
        let allowed = self.within_length(bytes);
        let read = self.read(allowed, out);
        let result = if allowed.len() < bytes.len() { read.and(Err(ParseError::TooLong)) } else { read };
        if let Err(error) = &result {
            self.place = Place::Failed(error.clone());
            self.module = Vec::new();
        }
        result
    }

    /// Ends the answer.
    ///
    /// # Errors
    /// An earlier error; no plan began; the plan did not close; it had no module.
    pub fn finish(self) -> Result<ParsedTail, ParseError> {
        match self.place {
            Place::Failed(error) => Err(error),
            Place::Done => Ok(self.tail),
            Place::Document => Err(ParseError::Unclosed),
            Place::Prose if self.others > 0 => Err(ParseError::NoModules),
            Place::Prose => Err(ParseError::NoObject),
        }
    }

    /// How many modules the plan will probably have: what it said before its modules, else the most asked for
    /// typically, and never fewer than have come.
    pub fn modules_total_hint(&self) -> u32 {
        let most = u32::try_from(self.limits.max_modules).unwrap_or(u32::MAX);
        let typical = u32::try_from(*MODULES_ASKED.end() - 1).unwrap_or(u32::MAX);
        self.announced.unwrap_or(typical).max(self.tail.modules_seen).min(most)
    }

    /// Whether the plan has closed: what still comes cannot change it.
    pub const fn is_complete(&self) -> bool {
        matches!(self.place, Place::Done)
    }

    /// What has been read so far.
    pub const fn so_far(&self) -> ParsedTail {
        self.tail
    }

    /// Work done: bytes looked at, each time they were. A test of linearity counts these rather than time.
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// The part of `bytes` within the longest answer; counts its characters.
    fn within_length<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let starts_character = |byte: u8| (byte & 0xC0) != 0x80;
        let room = self.limits.max_chars.saturating_sub(usize::try_from(self.tail.chars).unwrap_or(usize::MAX));
        let mut allowed = bytes;
        if bytes.len() > room {
            let beyond = bytes.iter().enumerate().filter(|&(_, &byte)| starts_character(byte)).nth(room);
            allowed = beyond.and_then(|(at, _)| bytes.get(..at)).unwrap_or(bytes);
            self.steps += allowed.len() as u64;
        }
        self.tail.chars += allowed.iter().filter(|&&byte| starts_character(byte)).count() as u64;
        self.steps += allowed.len() as u64;
        allowed
    }

    fn read(&mut self, mut rest: &[u8], out: &mut Vec<RawModule>) -> Result<(), ParseError> {
        while !rest.is_empty() {
            let used = match self.place {
                Place::Prose => self.read_prose(rest),
                Place::Document => self.read_document(rest, out)?,
                Place::Done | Place::Failed(_) => rest.len(),
            };
            self.tail.bytes += used as u64;
            self.steps += used as u64 + 1;
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    fn read_prose(&mut self, rest: &[u8]) -> usize {
        let (used, found) = self.prose.advance(rest);
        if let Some(root) = found {
            self.scanner.restart(root);
            self.place = Place::Document;
        }
        used
    }

    fn read_document(&mut self, rest: &[u8], out: &mut Vec<RawModule>) -> Result<usize, ParseError> {
        // Raw control characters tell prose from JSON before the modules; in a module they are mended.
        let lax = self.capture != Capture::Off || self.tail.modules_seen > 0;
        let (used, signal) = self.scanner.advance(rest, lax);
        if matches!(self.capture, Capture::Perhaps | Capture::Module) {
            self.keep(rest.get(..used).unwrap_or_default())?;
        }
        match signal {
            Signal::More => {}
            Signal::Opened(container) => self.opened(container),
            Signal::Closed => self.closed(used, out)?,
            Signal::Key => self.key(),
            Signal::Scalar => self.scalar(),
            Signal::TooDeep => return Err(ParseError::TooDeep),
            Signal::NotJson => self.not_json(used)?,
        }
        Ok(used)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), ParseError> {
        if self.module.len() + bytes.len() > self.limits.max_module_bytes {
            return Err(ParseError::ModuleTooLarge);
        }
        self.module.extend_from_slice(bytes);
        Ok(())
    }

    fn opened(&mut self, container: Container) {
        let meaning = std::mem::replace(&mut self.next_value, Member::Other);
        if matches!(self.capture, Capture::Module | Capture::Surplus) {
            return;
        }
        let depth = self.scanner.depth();
        match (container, self.list) {
            (Container::Object, Some(list)) if depth == list + 1 => self.begin(self.capture_of_module()),
            (Container::Object, None) if self.is_element_of_bare_list(depth) => self.begin(Capture::Perhaps),
            (Container::Array, None) if meaning == Member::Modules && self.may_hold_list() => {
                self.list = Some(depth);
                self.capture = Capture::Off;
            }
            _ => {}
        }
    }

    fn is_element_of_bare_list(&self, depth: u32) -> bool {
        self.tail.modules_seen == 0 && depth == 2 && self.scanner.root() == Container::Array
    }

    fn may_hold_list(&self) -> bool {
        self.tail.modules_seen == 0 && self.scanner.objects() <= DEEPEST_LIST
    }

    fn capture_of_module(&self) -> Capture {
        let full = usize::try_from(self.tail.modules_kept).is_ok_and(|kept| kept >= self.limits.max_modules);
        if full { Capture::Surplus } else { Capture::Module }
    }

    fn begin(&mut self, capture: Capture) {
        self.capture = capture;
        self.module.clear();
        self.module.push(b'{');
    }

    fn key(&mut self) {
        if matches!(self.capture, Capture::Module | Capture::Surplus) {
            return;
        }
        let name = self.scanner.token();
        let is = |text: &str| name.is_some_and(|name| name.eq_ignore_ascii_case(text.as_bytes()));
        if self.capture == Capture::Perhaps && self.scanner.depth() == 2 && is("tasks") {
            self.capture = self.capture_of_module();
            self.list = Some(1);
        }
        self.next_value = if is("modules") {
            Member::Modules
        } else if ["moduleCount", "module_count", "modulesCount", "modules_count"].into_iter().any(is) {
            Member::Count
        } else {
            Member::Other
        };
    }

    fn scalar(&mut self) {
        let meaning = std::mem::replace(&mut self.next_value, Member::Other);
        if meaning == Member::Count
            && matches!(self.capture, Capture::Off | Capture::Perhaps)
            && self.tail.modules_seen == 0
        {
            let number = self.scanner.token().and_then(|token| std::str::from_utf8(token).ok()?.parse().ok());
            self.announced = number.filter(|count| *count > 0).or(self.announced);
        }
    }

    fn closed(&mut self, used: usize, out: &mut Vec<RawModule>) -> Result<(), ParseError> {
        self.next_value = Member::Other;
        let depth = self.scanner.depth();
        let ends_element = self.capture != Capture::Off && depth == self.list.unwrap_or(1);
        if ends_element {
            match std::mem::replace(&mut self.capture, Capture::Off) {
                Capture::Module => self.emit(used, out)?,
                Capture::Surplus => self.tail.modules_seen += 1,
                Capture::Perhaps | Capture::Off => {}
            }
        } else if self.list.is_some_and(|list| depth < list) {
            self.list = None;
        }
        if depth == 0 || self.is_plan_in_list(depth) {
            self.end_document();
        }
        Ok(())
    }

    /// Whether a plan has closed that stands behind a `[`, which may have been prose: its `]` is not waited for.
    fn is_plan_in_list(&self, depth: u32) -> bool {
        self.tail.modules_seen > 0 && self.list.is_none() && depth == 1 && self.scanner.root() == Container::Array
    }

    fn end_document(&mut self) {
        if self.tail.modules_seen > 0 {
            self.place = Place::Done;
            self.module = Vec::new();
        } else {
            self.others = self.others.saturating_add(1);
            self.give_up();
        }
    }

    fn emit(&mut self, used: usize, out: &mut Vec<RawModule>) -> Result<(), ParseError> {
        self.steps += self.module.len() as u64;
        let read = serde_json::from_slice(&self.module).or_else(|error| {
            self.steps += 2 * self.module.len() as u64;
            repair::repaired(&self.module).map_or(Err(error), |repaired| serde_json::from_slice(&repaired))
        });
        out.push(read.map_err(|_| self.malformed(used))?);
        self.tail.modules_seen += 1;
        self.tail.modules_kept += 1;
        Ok(())
    }

    /// A byte that no JSON has here: fatal among the modules, of no matter behind them; and before them what looked like
    /// the plan was prose.
    fn not_json(&mut self, used: usize) -> Result<(), ParseError> {
        let in_module = matches!(self.capture, Capture::Module | Capture::Surplus);
        let any_module = in_module || self.tail.modules_seen > 0;
        match (any_module, self.list) {
            (true, Some(_)) => return Err(self.malformed(used)),
            (true, None) => self.end_document(),
            (false, _) => self.give_up(),
        }
        Ok(())
    }

    fn give_up(&mut self) {
        self.place = Place::Prose;
        self.list = None;
        self.capture = Capture::Off;
        self.next_value = Member::Other;
        self.module.clear();
    }

    const fn malformed(&self, used: usize) -> ParseError {
        ParseError::Malformed { module: self.tail.modules_seen + 1, offset: self.tail.bytes + used as u64 }
    }
}

#[cfg(test)]
mod tests;
