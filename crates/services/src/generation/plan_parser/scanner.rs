//! Follows the structure of JSON byte by byte without reading its values. Fed by the parser.
//!
//! Lenient where nothing is lost: a trailing comma, the spelling of numbers and literals, and escapes are left to the
//! JSON reader that sees a module in the end.

/// An object or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Object,
    Array,
}

/// What the scanner stopped for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// The bytes are used up.
    More,
    /// An object or list has opened; it counts in [`Scanner::depth`].
    Opened(Container),
    /// An object or list has closed; it no longer counts.
    Closed,
    /// A member's name has ended: [`Scanner::token`].
    Key,
    /// A number or literal has ended: [`Scanner::token`]. The byte after it is not used up.
    Scalar,
    /// An object or list more than allowed.
    TooDeep,
    /// The next byte, not used up, cannot stand here.
    NotJson,
}

/// Where the scanner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a member's name or the end of an object.
    Member,
    Key,
    KeyEscape,
    /// Behind a name.
    Colon,
    /// Before a value, or the end of a list.
    Value,
    Text,
    TextEscape,
    Scalar,
    /// Behind a value.
    Next,
}

/// Follows one document.
#[derive(Debug)]
pub(super) struct Scanner {
    state: State,
    /// Open containers, the innermost in the lowest bit: 1 is an object.
    stack: u64,
    depth: u32,
    max_depth: u32,
    root: Container,
    token: Token,
}

impl Scanner {
    /// A scanner that allows `max_depth` containers in each other, at most 64.
    pub(super) fn new(max_depth: u32) -> Self {
        Self {
            state: State::Value,
            stack: 0,
            depth: 0,
            max_depth: max_depth.min(u64::BITS),
            root: Container::Object,
            token: Token::default(),
        }
    }

    /// Begins a document: before the `{` of an object, or behind the `[` of a list.
    pub(super) fn restart(&mut self, root: Container) {
        (self.state, self.stack, self.root) = (State::Value, 0, root);
        self.depth = u32::from(root == Container::Array);
    }

    /// How many containers are open.
    pub(super) const fn depth(&self) -> u32 {
        self.depth
    }

    /// How many of them are objects.
    pub(super) const fn objects(&self) -> u32 {
        self.stack.count_ones()
    }

    /// What the document is.
    pub(super) const fn root(&self) -> Container {
        self.root
    }

    /// The last name or scalar as written; none when it is too long to mean anything here.
    pub(super) fn token(&self) -> Option<&[u8]> {
        self.token.text()
    }

    /// Reads until there is something to tell: how many bytes are used up, and what it is. `lax` lets control
    /// characters pass in texts (a model's raw line breaks).
    pub(super) fn advance(&mut self, bytes: &[u8], lax: bool) -> (usize, Signal) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let signal = match self.state {
                State::Text => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    at += rest.iter().position(|&byte| ends_run(byte)).unwrap_or(rest.len());
                    let Some(&byte) = bytes.get(at) else { break };
                    self.text_byte(byte, lax)
                }
                State::TextEscape => self.go(State::Text),
                State::Key => self.key_byte(byte, lax),
                State::KeyEscape => {
                    self.token.push(byte);
                    self.go(State::Key)
                }
                State::Scalar if is_scalar(byte) => {
                    self.token.push(byte);
                    Signal::More
                }
                State::Scalar => {
                    self.state = State::Next;
                    return (at, Signal::Scalar);
                }
                State::Member | State::Colon | State::Value | State::Next if is_space(byte) => Signal::More,
                State::Member => self.member_byte(byte),
                State::Colon if byte == b':' => self.go(State::Value),
                State::Colon => Signal::NotJson,
                State::Value => self.value_byte(byte),
                State::Next => self.next_byte(byte),
            };
            match signal {
                Signal::More => at += 1,
                Signal::NotJson => return (at, signal),
                _ => return (at + 1, signal),
            }
        }
        (at, Signal::More)
    }

    fn go(&mut self, state: State) -> Signal {
        self.state = state;
        Signal::More
    }

    fn text_byte(&mut self, byte: u8, lax: bool) -> Signal {
        match byte {
            b'"' => self.go(State::Next),
            b'\\' => self.go(State::TextEscape),
            _ if lax => Signal::More,
            _ => Signal::NotJson,
        }
    }

    fn key_byte(&mut self, byte: u8, lax: bool) -> Signal {
        match byte {
            b'"' => {
                self.state = State::Colon;
                return Signal::Key;
            }
            b'\\' => self.state = State::KeyEscape,
            0..0x20 if !lax => return Signal::NotJson,
            _ => {}
        }
        self.token.push(byte);
        Signal::More
    }

    fn member_byte(&mut self, byte: u8) -> Signal {
        match byte {
            b'"' => {
                self.token.clear();
                self.go(State::Key)
            }
            b'}' => self.close(),
            _ => Signal::NotJson,
        }
    }

    fn value_byte(&mut self, byte: u8) -> Signal {
        match byte {
            b'"' => self.go(State::Text),
            b'{' => self.open(Container::Object),
            b'[' => self.open(Container::Array),
            b']' if self.innermost() == Container::Array => self.close(),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                self.token.clear();
                self.token.push(byte);
                self.go(State::Scalar)
            }
            _ => Signal::NotJson,
        }
    }

    fn next_byte(&mut self, byte: u8) -> Signal {
        match (byte, self.innermost()) {
            (b',', Container::Object) => self.go(State::Member),
            (b',', Container::Array) => self.go(State::Value),
            (b'}', Container::Object) | (b']', Container::Array) => self.close(),
            _ => Signal::NotJson,
        }
    }

    const fn innermost(&self) -> Container {
        if self.stack & 1 == 1 { Container::Object } else { Container::Array }
    }

    fn open(&mut self, container: Container) -> Signal {
        if self.depth >= self.max_depth {
            return Signal::TooDeep;
        }
        self.depth += 1;
        self.stack = (self.stack << 1) | u64::from(container == Container::Object);
        self.state = if container == Container::Object { State::Member } else { State::Value };
        Signal::Opened(container)
    }

    fn close(&mut self) -> Signal {
        self.depth = self.depth.saturating_sub(1);
        self.stack >>= 1;
        self.state = State::Next;
        Signal::Closed
    }
}

const fn ends_run(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

const fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// The beginning of a name, a scalar or a tag: as much as is worth comparing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Token {
    bytes: [u8; 16],
    length: usize,
}

impl Token {
    pub(super) const fn clear(&mut self) {
        self.length = 0;
    }

    pub(super) fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
        }
        self.length = self.length.saturating_add(1);
    }

    /// All of it; none when it was longer than what is kept.
    pub(super) fn text(&self) -> Option<&[u8]> {
        self.bytes.get(..self.length)
    }
}
