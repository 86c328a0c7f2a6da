//! Skips what a model says around its plan, until something might be the plan. Fed by the parser.

use super::scanner::{Container, Token};

/// Tags around a model's thoughts. What stands between them is no answer, however much it looks like one.
const THOUGHT_TAGS: [&[u8]; 4] = [b"think", b"thinking", b"thought", b"reasoning"];

/// Text before a plan.
#[derive(Debug, Default)]
pub(super) struct Prose {
    state: State,
    tag: Token,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// Behind a `<`.
    Tag,
    /// Behind a `[`: a list of objects, if nothing but white space comes before a `{`.
    List,
    /// Between a model's thought tags.
    Thought,
    /// Behind a `<` in a thought.
    ThoughtTag,
}

impl Prose {
    /// Reads until a plan may begin: how many bytes are used up, and with what the plan may begin. Its `{` is not used
    /// up; the `[` of a list is.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> (usize, Option<Container>) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.state {
                State::Text | State::Thought => match self.skip(bytes.get(at..).unwrap_or_default()) {
                    Some(skipped) => at += skipped,
                    None => return (bytes.len(), None),
                },
                State::List if byte == b'{' => return (at, Some(self.found(Container::Array))),
                State::List if byte == b'[' || byte.is_ascii_whitespace() => at += 1,
                State::List => self.state = State::Text,
                State::Tag | State::ThoughtTag => at += self.tag_byte(byte),
            }
            if self.state == State::Text && bytes.get(at) == Some(&b'{') {
                return (at, Some(self.found(Container::Object)));
            }
        }
        (at, None)
    }

    fn found(&mut self, root: Container) -> Container {
        self.state = State::Text;
        root
    }

    /// Goes to the next byte that matters in text or in a thought, and over it unless it is a `{`.
    fn skip(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.state == State::Thought {
            let less = bytes.iter().position(|&byte| byte == b'<')?;
            self.enter_tag(State::ThoughtTag);
            return Some(less + 1);
        }
        let next = bytes.iter().position(|&byte| matches!(byte, b'{' | b'[' | b'<'))?;
        match bytes.get(next) {
            Some(b'<') => self.enter_tag(State::Tag),
            Some(b'[') => self.state = State::List,
            _ => return Some(next),
        }
        Some(next + 1)
    }

    fn enter_tag(&mut self, state: State) {
        self.state = state;
        self.tag.clear();
    }

    /// Takes a byte behind a `<`; returns how many bytes that used up (none when it belongs to what follows).
    fn tag_byte(&mut self, byte: u8) -> usize {
        let in_thought = self.state == State::ThoughtTag;
        match byte {
            b'>' => self.state = if self.is_in_thought_after_tag(in_thought) { State::Thought } else { State::Text },
            b'|' => {}
            b'/' => self.tag.push(b'/'),
            _ if byte.is_ascii_alphabetic() => self.tag.push(byte.to_ascii_lowercase()),
            _ => {
                self.state = if in_thought { State::Thought } else { State::Text };
                return 0;
            }
        }
        1
    }

    fn is_in_thought_after_tag(&self, in_thought: bool) -> bool {
        let name = self.tag.text().unwrap_or_default();
        let closes = name.strip_prefix(b"/").is_some_and(|name| THOUGHT_TAGS.contains(&name));
        if in_thought { !closes } else { THOUGHT_TAGS.contains(&name) }
    }
}
