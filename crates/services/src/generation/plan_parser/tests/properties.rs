//! Any plan in any wrapping and any chunking gives the modules that reading the whole at once gives.

use crate::generation::plan_parser::{ParserLimits, PlanParser};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use waymark_domain::generation::RawModule;

/// Any JSON, a few levels deep, with texts that look like structure.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Eighths, which every reader rounds alike.
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..5).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z \\\\\"{}\\[\\],:\n\t<>é😀]{0,30}",
        Just(r#"{"modules": [{"title": "no"}]}"#.to_owned()),
        Just("\\".to_owned()),
        Just("</think>```".to_owned()),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        prop::sample::select(
            &["title", "description", "estimated_minutes", "minutes", "tasks", "resources", "url", "type"][..]
        )
        .prop_map(str::to_owned),
        text(),
    ]
}

fn module() -> impl Strategy<Value = Map<String, Value>> {
    let members = prop::collection::vec((name(), any_json()), 0..6);
    (text(), members, prop::collection::vec(any_json(), 0..4)).prop_map(|(title, members, tasks)| {
        let mut module: Map<String, Value> = members.into_iter().collect();
        module.insert("title".into(), title.into());
        module.insert("tasks".into(), tasks.into());
        module
    })
}

/// The list of modules with things between them that are none; and the modules alone.
fn list() -> impl Strategy<Value = (Value, Vec<Value>)> {
    let stray = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), text().prop_map(Value::from)];
    let element = prop_oneof![6 => module().prop_map(Value::from), 1 => stray];
    prop::collection::vec(element, 0..6).prop_flat_map(|rest| {
        module().prop_map(move |first| {
            let all: Vec<Value> = std::iter::once(Value::from(first)).chain(rest.clone()).collect();
            let modules = all.iter().filter(|element| element.is_object()).cloned().collect();
            (Value::from(all), modules)
        })
    })
}

/// Members beside the modules, never another list of them.
fn beside() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec(("[a-z]{1,6}", any_json()), 0..3).prop_map(|members| members.into_iter().collect())
}

/// A document, and its modules as written.
fn document() -> impl Strategy<Value = (Value, Vec<Value>)> {
    (list(), beside(), beside(), 0..5).prop_map(|((list, modules), mut inner, mut outer, shape)| {
        if shape == 4 {
            return (list, modules);
        }
        inner.insert("modules".into(), list);
        let document = match shape {
            0 => Value::from(inner),
            1 => {
                outer.insert("plan".into(), inner.into());
                Value::from(outer)
            }
            2 => json!({"data": {"plan": inner}}),
            _ => json!([inner]),
        };
        (document, modules)
    })
}

/// Prose that holds no plan, whatever follows it.
fn prose() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z .,:;!?'()\n*#é😀-]{0,30}",
        prop::sample::select(
            &[
                "```json\n",
                "\u{FEFF}",
                "{a plan}",
                "[1] ",
                "[x](https://a.b)",
                "<think>{\"modules\": [{\"title\": 1}]} [ \" </think>",
                "{",
                "{\"a\"",
                "{\"a\": 1",
                "{}",
                "[{}]",
                "{\"modules\": []}",
                "a < b ",
                "<b>",
                "<",
                "<{",
                "{\"a\": \"b\"}",
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat() + "\n")
}

/// How a document is written: white space between tokens, and which characters are escaped.
#[derive(Debug, Clone)]
struct Hand {
    spaces: Vec<&'static str>,
    escapes: u8,
}

fn hand() -> impl Strategy<Value = Hand> {
    let space = prop::sample::select(&["", " ", "\n", "\r\n\t", "    "][..]);
    (prop::collection::vec(space, 1..7), 0_u8..4).prop_map(|(spaces, escapes)| Hand { spaces, escapes })
}

/// Writes a document by hand.
struct Writer<'h> {
    hand: &'h Hand,
    tokens: usize,
    out: String,
}

impl Writer<'_> {
    fn token(&mut self, token: &str) {
        self.out.push_str(token);
        self.out.push_str(self.hand.spaces[self.tokens % self.hand.spaces.len()]);
        self.tokens += 1;
    }

    fn text(&mut self, text: &str) {
        let mut written = String::from('"');
        for c in text.chars() {
            match (c, self.hand.escapes) {
                ('"' | '\\', _) => written.extend(['\\', c]),
                ('/', 1..) => written.push_str("\\/"),
                ('\0'..=' ', _) | ('\u{80}'.., 2..) => {
                    let units = c.encode_utf16(&mut [0; 2]).to_vec();
                    written.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
                }
                _ => written.push(c),
            }
        }
        written.push('"');
        self.token(&written);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(elements) => {
                self.token("[");
                for (at, element) in elements.iter().enumerate() {
                    (at > 0).then(|| self.token(","));
                    self.value(element);
                }
                self.token("]");
            }
            Value::Object(members) => {
                self.token("{");
                for (at, (name, member)) in members.iter().enumerate() {
                    (at > 0).then(|| self.token(","));
                    // The names that matter are written plainly, as every model does.
                    if name.is_ascii() && !name.contains(['"', '\\', '/']) && !name.contains(|c: char| c <= ' ') {
                        self.token(&format!("\"{name}\""));
                    } else {
                        self.text(name);
                    }
                    self.token(":");
                    self.value(member);
                }
                self.token("}");
            }
            scalar => self.token(&scalar.to_string()),
        }
    }
}

fn written(value: &Value, hand: &Hand) -> String {
    let mut writer = Writer { hand, tokens: 0, out: String::new() };
    writer.value(value);
    writer.out
}

fn roomy() -> ParserLimits {
    ParserLimits { max_chars: usize::MAX, max_module_bytes: usize::MAX, max_modules: 1000, ..ParserLimits::default() }
}

/// Reads `bytes` in pieces of the given sizes, over and over.
fn parse(bytes: &[u8], sizes: &[usize]) -> (PlanParser, Vec<RawModule>) {
    let mut parser = PlanParser::new(roomy());
    let mut modules = Vec::new();
    let mut rest = bytes;
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(size.min(rest.len()));
        parser.feed_bytes(piece, &mut modules).unwrap();
        rest = after;
    }
    (parser, modules)
}

proptest! {
    #[test]
    fn any_plan_in_any_chunking_is_what_reading_it_whole_gives(
        (document, modules) in document(), hand in hand(), before in prose(), after in text(),
        sizes in prop::collection::vec(1_usize..40, 1..6),
    ) {
        let plan = written(&document, &hand);
        prop_assert_eq!(&serde_json::from_str::<Value>(&plan).unwrap(), &document, "the writer writes JSON");
        let expected: Vec<RawModule> =
            modules.into_iter().map(|module| serde_json::from_value(module).unwrap()).collect();

        let answer = format!("{before}{plan}{after}");
        for sizes in [&sizes[..], &[1], &[usize::MAX]] {
            let (parser, parsed) = parse(answer.as_bytes(), sizes);
            prop_assert_eq!(&parsed, &expected, "{}", &answer);
            prop_assert!(parser.steps() <= 8 * answer.len() as u64 + 8, "{} steps for {}", parser.steps(), answer.len());
            prop_assert_eq!(parser.so_far().chars, answer.chars().count() as u64);
            let tail = parser.finish().unwrap();
            prop_assert_eq!(usize::try_from(tail.modules_kept).unwrap(), expected.len());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_alike_in_any_chunking(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..12),
                prop::sample::select(&[
                    "{", "}", "[", "]", "\"", "\\", ":", ",", "modules", "\"modules\"", "tasks", "<think>", "</think>", "1", "null",
                    "{\"modules\":[", "{\"title\":\"x\"}", "[{\"tasks\":[", "\\ud800", "\n", " ",
                ][..]).prop_map(|text| text.as_bytes().to_vec()),
            ],
            0..60,
        ),
        size in 1_usize..9,
    ) {
        let bytes = pieces.concat();
        let read = |size: usize| {
            let mut parser = PlanParser::new(ParserLimits { max_chars: 400, max_module_bytes: 90, max_depth: 7, max_modules: 2 });
            let mut modules = Vec::new();
            let fed = bytes.chunks(size).try_for_each(|piece| parser.feed_bytes(piece, &mut modules));
            (fed, modules, parser.modules_total_hint(), parser.so_far(), parser.steps() <= 9 * bytes.len() as u64 + 8)
        };
        let whole = read(usize::MAX);
        prop_assert!(whole.4);
        for size in [1, size] {
            let (fed, modules, hint, tail, linear) = read(size);
            prop_assert!(linear);
            prop_assert_eq!((&fed, &modules, hint), (&whole.0, &whole.1, whole.2));
            if fed.is_ok() {
                prop_assert_eq!(tail, whole.3);
            }
        }
    }
}
