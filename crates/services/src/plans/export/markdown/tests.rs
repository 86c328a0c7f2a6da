//! Tests of the document: read by a Markdown parser that is not ours, hostile texts come out as they went in.

use super::super::samples::{hostile, plan, schedule};
use super::*;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// What a reader sees.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    headings: Vec<String>,
    /// Texts in bold: the tasks.
    tasks: Vec<String>,
    /// Text and address of links.
    links: Vec<(String, String)>,
    ticks: Vec<bool>,
    /// HTML, code, tables, images, quotes, rules: nothing of ours.
    foreign: Vec<String>,
}

fn read(document: &str) -> Seen {
    let (mut seen, mut text) = (Seen::default(), String::new());
    let mut address = String::new();
    for event in Parser::new_ext(document, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::Heading { .. } | Tag::Strong) => text.clear(),
            Event::Start(Tag::Link { dest_url, .. }) => {
                text.clear();
                address = dest_url.to_string();
            }
            Event::Text(part) => text.push_str(&part),
            Event::End(TagEnd::Heading(_)) => seen.headings.push(std::mem::take(&mut text)),
            Event::End(TagEnd::Strong) => seen.tasks.push(std::mem::take(&mut text)),
            Event::End(TagEnd::Link) => seen.links.push((std::mem::take(&mut text), std::mem::take(&mut address))),
            Event::TaskListMarker(ticked) => seen.ticks.push(ticked),
            Event::Start(Tag::Paragraph | Tag::List(None) | Tag::Item)
            | Event::End(_)
            | Event::SoftBreak
            | Event::HardBreak => {}
            other => seen.foreign.push(format!("{other:?}")),
        }
    }
    seen
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn hostile_titles_are_read_as_they_are_and_nothing_else_is_there() {
    for title in hostile() {
        let plan = plan(&title);
        let seen = read(&render(&plan, &schedule(&plan)));
        let clean = words(&title.replace(|c: char| c.is_control(), " "));
        assert_eq!(seen.foreign, Vec::<String>::new(), "{title:?}");
        assert_eq!(seen.headings.first(), Some(&clean), "{title:?}");
        assert_eq!(seen.headings.get(1), Some(&format!("1. {clean}")), "{title:?}");
        assert_eq!(seen.tasks, vec![clean.clone(); 2], "{title:?}");
        assert_eq!(seen.links.first().map(|link| link.0.clone()), Some(clean), "{title:?}");
        assert_eq!(seen.ticks, [true, false]);
    }
}

#[test]
fn what_readers_make_links_of_is_escaped_to_the_byte() {
    for (text, escaped) in [
        ("http://x.example", "http\\://x.example"),
        ("www.x.example", "www\\.x.example"),
        ("(WwW.x.example)", "(WwW\\.x.example)"),
        ("_www.x", "\\_www\\.x"),
        ("awww.x, éwww.x, ww.x, wwww.x", "awww.x, éwww.x, ww.x, wwww.x"),
        ("www", "www"),
        ("a.b@c.example @d", "a.b\\@c.example \\@d"),
        ("@d", "\\@d"),
    ] {
        assert_eq!(escape::inline(text), escaped);
    }
}

#[test]
fn an_address_leads_where_it_led() {
    let mut plan = plan("Rust");
    let url = "https://example.org/a(b)?q=1&copy=2&lt;x=%20|\"<y>";
    plan.modules[0].tasks[0].resources[0].url = url.to_owned();
    let seen = read(&render(&plan, &schedule(&plan)));
    assert_eq!(seen.links[0].1, "https://example.org/a(b)?q=1&copy=2&lt;x=%20%7C%22%3Cy%3E");
}

proptest! {
    #[test]
    fn any_text_is_read_as_it_is(title in "\\PC{1,60}") {
        prop_assume!(!title.trim().is_empty());
        let plan = plan(&title);
        let seen = read(&render(&plan, &schedule(&plan)));
        let clean = words(&title.replace(|c: char| matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'), " "));
        prop_assert_eq!(&seen.foreign, &Vec::<String>::new());
        prop_assert_eq!(seen.headings.first(), Some(&clean));
        prop_assert_eq!(&seen.tasks, &vec![clean; 2]);
    }

    #[test]
    fn any_line_of_punctuation_is_read_as_it_is(title in "[-+*_#>=~`|!\\[\\]()<>{}&;:.0-9a ]{1,24}") {
        prop_assume!(!title.trim().is_empty());
        let plan = plan(&title);
        let seen = read(&render(&plan, &schedule(&plan)));
        prop_assert_eq!(&seen.foreign, &Vec::<String>::new());
        prop_assert_eq!(seen.headings.first(), Some(&words(&title)));
    }
}
