//! Taking HTML out of a model's text and leaving `a < b`, `x <- y` and `Map<String, Vec<u8>>` alone.
//!
//! One pass, linear in the text, and a fixed point: no tag can come into being by taking another one out.

/// Elements of HTML, SVG and `MathML` that a model might write, sorted. Elements outside this list count as markup only
/// with an attribute: without one, an unknown element does nothing and is more likely a type parameter.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "marquee",
    "math",
    "menu",
    "meta",
    "meter",
    "nav",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "param",
    "picture",
    "portal",
    "pre",
    "progress",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "script",
    "search",
    "section",
    "select",
    "slot",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// What a `<` is.
enum Less {
    /// Begins markup that ends before this byte.
    Markup(usize),
    /// May be half of a pair `<..>`.
    Opens,
    /// A sign like any other.
    Plain,
}

/// `text` without tags, comments, and the content of scripts and styles.
pub(super) fn strip(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    // Places in `kept` of each `<` whose `>` has not come yet.
    let mut open: Vec<usize> = Vec::new();
    let mut dropped: Vec<usize> = Vec::new();
    let mut ahead = Ahead::new(text);
    let mut at = 0;
    while let Some(next) = text.get(at..).and_then(|rest| rest.find(['<', '>'])).map(|next| at + next) {
        kept.push_str(text.get(at..next).unwrap_or_default());
        at = next + 1;
        if text.as_bytes().get(next) == Some(&b'>') {
            open.pop();
            kept.push('>');
            continue;
        }
        match ahead.classify(next) {
            Less::Markup(end) => {
                // What stood before the tag now touches what follows it: no `<` may reach across.
                dropped.append(&mut open);
                at = end;
            }
            Less::Opens => {
                open.push(kept.len());
                kept.push('<');
            }
            Less::Plain => kept.push('<'),
        }
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    dropped.append(&mut open);
    without(&kept, &dropped)
}

/// `text` without the one-byte characters at `places` (ascending).
fn without(text: &str, places: &[usize]) -> String {
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for &place in places {
        left.push_str(text.get(from..place).unwrap_or_default());
        from = place + 1;
    }
    left.push_str(text.get(from..).unwrap_or_default());
    left
}

/// Looks ahead in a text; every search goes on where the last one of its kind ended, so all of them together are linear.
struct Ahead<'t> {
    text: &'t str,
    greater: Mark,
    equals: Mark,
    comment_end: Mark,
}

/// The place of a pattern at or after the place last asked for.
struct Mark {
    pattern: &'static str,
    found: Option<usize>,
    over: bool,
}

impl Mark {
    const fn new(pattern: &'static str) -> Self {
        Self { pattern, found: None, over: false }
    }

    fn at_or_after(&mut self, text: &str, at: usize) -> Option<usize> {
        if !self.over && self.found.is_none_or(|found| found < at) {
            self.found = text.get(at..).and_then(|rest| rest.find(self.pattern)).map(|found| at + found);
            self.over = self.found.is_none();
        }
        self.found
    }
}

impl<'t> Ahead<'t> {
    const fn new(text: &'t str) -> Self {
        Self { text, greater: Mark::new(">"), equals: Mark::new("="), comment_end: Mark::new("-->") }
    }

    /// What the `<` at byte `at` is.
    fn classify(&mut self, at: usize) -> Less {
        let after = self.text.get(at + 1..).unwrap_or_default();
        match after.bytes().next() {
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!' | b'?') => {}
            Some(b'<') => return Less::Opens,
            _ => return Less::Plain,
        }
        if after.starts_with("!--")
            && let Some(end) = self.comment_end.at_or_after(self.text, at)
        {
            return Less::Markup(end + 3);
        }
        let Some(end) = self.greater.at_or_after(self.text, at) else { return Less::Opens };
        let has_attribute = self.equals.at_or_after(self.text, at).is_some_and(|equals| equals < end);
        let name = element_name(after);
        if !(after.starts_with(['/', '!', '?']) || has_attribute || is_element(name)) {
            return Less::Opens;
        }
        if ["script", "style"].iter().any(|raw| name.eq_ignore_ascii_case(raw)) {
            return Less::Markup(self.raw_text_end(end + 1, name));
        }
        Less::Markup(end + 1)
    }

    /// Where the content of a script or style that begins at `from` has ended; without an end tag, with the text.
    fn raw_text_end(&self, from: usize, name: &str) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        let end_tag = rest.match_indices("</").find(|&(at, _)| {
            let found = rest.get(at + 2..at + 2 + name.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(name))
        });
        let close = end_tag.and_then(|(at, _)| rest.get(at..)?.find('>').map(|close| at + close + 1));
        close.map_or(self.text.len(), |close| from + close)
    }
}

/// The name that a tag's inside begins with; dashes and colons belong to names.
fn element_name(inside: &str) -> &str {
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | ':'))).unwrap_or(inside.len());
    inside.get(..end).unwrap_or_default()
}

/// Whether a name is an element's. Single capitals are type parameters: nobody writes `<B>` for bold any more.
fn is_element(name: &str) -> bool {
    if name.len() == 1 {
        return ELEMENTS.contains(&name);
    }
    name.contains('-') || ELEMENTS.iter().any(|element| element.eq_ignore_ascii_case(name))
}
