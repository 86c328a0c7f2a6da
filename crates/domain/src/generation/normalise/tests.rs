//! Whatever a model writes, what is stored is bounded and clean.

use super::text::{one_line, paragraphs};
use super::{MAX_DESCRIPTION_CHARS, MAX_TITLE_CHARS, NormaliseError, normalise_module};
use crate::generation::{DraftModule, DraftTask, MAX_RESOURCES, MAX_TASKS, RawModule, RawResource, RawTask};
use crate::plans::ResourceType;
use proptest::prelude::*;

fn line(text: &str) -> String {
    one_line(text, MAX_TITLE_CHARS).unwrap_or_default()
}

fn task(title: &str, minutes: Option<f64>) -> RawTask {
    RawTask { title: Some(title.into()), estimated_minutes: minutes, ..RawTask::default() }
}

fn module(minutes: Option<f64>, tasks: Vec<RawTask>) -> RawModule {
    RawModule { title: Some("Basics".into()), description: None, estimated_minutes: minutes, tasks }
}

fn links(resources: Vec<RawResource>) -> Vec<(ResourceType, String, String)> {
    let only = RawTask { resources, ..task("Read", Some(30.0)) };
    let made = normalise_module(module(Some(60.0), vec![only])).unwrap().module;
    made.tasks[0].resources.iter().map(|link| (link.kind, link.title.clone(), link.url.clone())).collect()
}

fn link(kind: &str, url: &str) -> RawResource {
    RawResource { kind: Some(kind.into()), title: None, url: Some(url.into()) }
}

#[test]
fn markup_is_taken_out_and_its_text_stays() {
    assert_eq!(line("<b>Bold</b> and <a href=\"x\">link</a>"), "Bold and link");
    assert_eq!(line("one<br/>two<!-- <b> gone --> three"), "onetwo three");
    assert_eq!(line("a<script>alert('<b>')</script >b<STYLE>x{}</style>c"), "abc");
    assert_eq!(line("a<script>never closed"), "a");
    assert_eq!(line("<x onclick=alert(1)>y</x>"), "y");
    assert_eq!(line("<img src=x onerror=alert(1)//"), "img src=x onerror=alert(1)//");
}

#[test]
fn a_key_is_short_letters_and_digits_or_nothing() {
    let key_of = |key: &str| {
        let keyed = RawTask { key: Some(key.into()), ..task("Read", Some(30.0)) };
        normalise_module(module(Some(60.0), vec![keyed])).unwrap().module.tasks.remove(0).key
    };
    assert_eq!(key_of(" t12\n").as_deref(), Some("t12"));
    assert_eq!(key_of("abcdefgh12345678").as_deref(), Some("abcdefgh12345678"));
    for wrong in ["", "  ", "t-1", "t 1", "-3", "é1", "abcdefgh123456789", "<b>t1</b>"] {
        assert_eq!(key_of(wrong), None, "{wrong:?}");
    }
}

#[test]
fn taking_markup_out_makes_no_new_markup() {
    assert_eq!(line("<<b>script>x"), "script>x");
    assert_eq!(line("<scr<b>ipt>x"), "script>x");
    assert_eq!(line("<\u{200B}script>x</script>y"), "y");
    assert_eq!(line("<!<b>-- x"), "-- x");
}

#[test]
fn signs_and_type_parameters_are_no_markup() {
    for text in
        ["a < b and c > d", "x <- y", "I <3 it", "Map<String, Vec<u8>>", "Pair<A, B>", "if x <= 3", "a <> b", "->"]
    {
        assert_eq!(line(text), text);
    }
}

#[test]
fn unseen_characters_go_and_emoji_stay_whole() {
    assert_eq!(line("a\0b\u{202E}c\u{2066}d\u{200B}e\u{FEFF}f\u{7F}g"), "abcdefg");
    assert_eq!(line("👩🏽\u{200D}💻 and 🏳\u{FE0F}\u{200D}🌈"), "👩🏽\u{200D}💻 and 🏳\u{FE0F}\u{200D}🌈");
    assert_eq!(line("می\u{200C}خواهم"), "می\u{200C}خواهم");
    assert_eq!(line("a\u{200D}b \u{200D}"), "ab");
}

#[test]
fn titles_are_one_line_and_descriptions_keep_their_lines() {
    assert_eq!(line(" a \r\n\t b\u{2028}c "), "a b c");
    let text = paragraphs(" a  b \r\n c\n\n\n\n d \u{2028}e\n", 100).unwrap();
    assert_eq!(text, "a b\nc\n\nd\ne");
    assert_eq!(paragraphs(" \n <b></b> \n", 100), None);
}

#[test]
fn long_texts_end_in_an_ellipsis_at_their_bound() {
    let cut = line(&"é".repeat(201));
    assert_eq!((cut.chars().count(), cut.ends_with("é…")), (200, true));
    assert_eq!(line(&"é".repeat(200)), "é".repeat(200));
    assert_eq!(paragraphs(&"x ".repeat(3000), MAX_DESCRIPTION_CHARS).unwrap().chars().count(), 2000);
    assert_eq!(one_line("ab Vec<String>", 9).unwrap(), "ab VecS…", "half a pair does not stay");
}

#[test]
fn minutes_are_clamped_and_the_clamping_is_told() {
    let made = |module_minutes, task_minutes| {
        let made = normalise_module(module(module_minutes, vec![task("a", task_minutes)])).unwrap();
        (made.module.minutes, made.module.tasks[0].minutes, made.clamped)
    };
    assert_eq!(made(Some(60.4), Some(29.5)), (60, 30, false));
    assert_eq!(made(Some(14.6), Some(4.5)), (15, 5, false));
    assert_eq!(made(Some(1e300), Some(30.0)), (480, 30, true));
    assert_eq!(made(Some(f64::NEG_INFINITY), Some(30.0)), (15, 30, true));
    assert_eq!(made(Some(60.0), Some(-3.0)), (60, 5, true));
    assert_eq!(made(Some(60.0), None), (60, 30, true));
    assert_eq!(made(Some(60.0), Some(f64::NAN)), (60, 30, true));
    assert_eq!(made(None, Some(45.0)), (45, 45, true));
    let many = vec![task("a", Some(120.0)); MAX_TASKS];
    assert_eq!(normalise_module(module(None, many)).unwrap().module.minutes, 480);
}

#[test]
fn a_module_needs_a_title_and_a_titled_task() {
    let untitled = RawModule { title: Some("<b> </b>".into()), ..module(None, vec![task("a", None)]) };
    assert_eq!(normalise_module(untitled), Err(NormaliseError::NoTitle));
    let only_blank = module(None, vec![task(" \u{200B}", None), RawTask::default()]);
    assert_eq!(normalise_module(only_blank), Err(NormaliseError::NoTask));
    let one_left = module(None, vec![RawTask::default(), task("a", None)]);
    assert_eq!(normalise_module(one_left).unwrap().module.tasks.len(), 1);
}

#[test]
fn a_list_that_is_too_long_keeps_its_beginning() {
    let tasks = (0..30).map(|n| task(&format!("t{n}"), Some(10.0))).collect();
    let made = normalise_module(module(Some(60.0), tasks)).unwrap().module;
    assert_eq!((made.tasks.len(), made.tasks[19].title.as_str()), (20, "t19"));
    let many = (0..9).map(|n| link("doc", &format!("https://a.b/{n}"))).collect();
    assert_eq!(links(many).len(), MAX_RESOURCES);
}

#[test]
fn only_plain_web_links_are_kept_and_each_once() {
    let refused = [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://a.b/",
        "/relative",
        "www.a.b",
        "https://",
        "https://u:p@a.b/",
        "https://u@a.b/",
        "file:///etc/passwd",
        "",
        "http:// spaced.host/",
        "mailto:a@b.c",
    ];
    assert_eq!(links(refused.iter().map(|url| link("doc", url)).collect()), []);
    assert_eq!(links(vec![link("doc", &format!("https://a.b/{}", "x".repeat(2000)))]), []);
    let twice = vec![link("doc", " HTTPS://A.b:443/x y "), link("article", "https://a.b/x%20y")];
    assert_eq!(links(twice), [(ResourceType::Doc, "a.b".into(), "https://a.b/x%20y".into())]);
}

#[test]
fn a_links_kind_is_what_the_model_said_as_far_as_the_host_bears_it_out() {
    let kind = |said: &str, url: &str| links(vec![link(said, url)])[0].0;
    assert_eq!(kind("Documentation", "https://a.b/"), ResourceType::Doc);
    assert_eq!(kind("blog post", "https://a.b/"), ResourceType::Article);
    assert_eq!(kind("course", "https://a.b/"), ResourceType::Course);
    assert_eq!(kind("video", "https://www.youtube.com/watch?v=1"), ResourceType::Youtube);
    assert_eq!(kind("", "https://youtu.be/1"), ResourceType::Youtube);
    assert_eq!(kind("youtube", "https://notyoutube.com/"), ResourceType::Other);
    assert_eq!(kind("podcast", "https://a.b/"), ResourceType::Other);
}

/// Texts made of what breaks cleaners: tags and halves of tags, controls, joiners, breaks, and anything at all.
fn nasty_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<".to_owned()),
        Just(">".to_owned()),
        Just("<script>".to_owned()),
        Just("</script>".to_owned()),
        Just("<scr".to_owned()),
        Just("ipt>".to_owned()),
        Just("<b>".to_owned()),
        Just("<!--".to_owned()),
        Just("-->".to_owned()),
        Just("=".to_owned()),
        Just("<T, E>".to_owned()),
        Just("\u{200D}".to_owned()),
        Just("\u{202E}".to_owned()),
        Just("\u{200B}".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n\n\n".to_owned()),
        Just("\u{2028}".to_owned()),
        Just("\0".to_owned()),
        Just("👩".to_owned()),
        "[a-z ]{0,12}",
        "\\PC{0,8}",
        any::<String>(),
        "x{150,400}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn nasty_link() -> impl Strategy<Value = RawResource> {
    let url = prop_oneof![
        "https?://[a-z.]{1,20}(/[a-zA-Z0-9%?#&=. é\\\\]{0,30})?",
        any::<String>(),
        "(javascript|data|ftp)://[a-z]{3}",
        "https://[^/]{0,12}/\\PC{0,20}",
    ];
    (prop::option::of("[a-zA-Z ]{0,14}"), prop::option::of(nasty_text()), prop::option::of(url))
        .prop_map(|(kind, title, url)| RawResource { kind, title, url })
}

fn nasty_task() -> impl Strategy<Value = RawTask> {
    (
        prop::option::of(prop_oneof!["[a-zA-Z0-9 ]{0,20}", nasty_text()]),
        prop::option::of(nasty_text()),
        prop::option::of(nasty_text()),
        prop::option::of(any::<f64>()),
        prop::collection::vec(nasty_link(), 0..8),
    )
        .prop_map(|(key, title, description, estimated_minutes, resources)| RawTask {
            key,
            title,
            description,
            estimated_minutes,
            resources,
        })
}

fn nasty_module() -> impl Strategy<Value = RawModule> {
    (
        prop::option::of(nasty_text()),
        prop::option::of(nasty_text()),
        prop::option::of(any::<f64>()),
        prop::collection::vec(nasty_task(), 0..24),
    )
        .prop_map(|(title, description, estimated_minutes, tasks)| RawModule {
            title,
            description,
            estimated_minutes,
            tasks,
        })
}

fn assert_clean(text: &str, max: usize, breaks: bool) {
    assert!((1..=max).contains(&text.chars().count()), "{text:?}");
    assert!(text.chars().all(|c| !c.is_control() || (breaks && c == '\n')), "{text:?}");
    assert!(!text.contains(['\u{202E}', '\u{2066}', '\u{200B}', '\u{FEFF}', '\u{2028}']), "{text:?}");
    let lower = text.to_lowercase();
    assert!(["<script", "<b>", "<!--", "</", "onclick=x>"].iter().all(|tag| !lower.contains(tag)), "{text:?}");
    assert_eq!(text.trim(), text);
}

fn assert_within_bounds(module: &DraftModule) {
    assert_clean(&module.title, MAX_TITLE_CHARS, false);
    assert!((15..=480).contains(&module.minutes) && (1..=MAX_TASKS).contains(&module.tasks.len()));
    for task in &module.tasks {
        let key = task.key.as_deref().unwrap_or("t1");
        assert!((1..=16).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric()), "{key:?}");
        assert_clean(&task.title, MAX_TITLE_CHARS, false);
        assert!((5..=120).contains(&task.minutes) && task.resources.len() <= MAX_RESOURCES);
        for link in &task.resources {
            assert_clean(&link.title, MAX_TITLE_CHARS, false);
            assert!(link.url.len() <= 2000 && link.domain().is_some_and(|host| !host.is_empty()));
            assert!(link.url.starts_with("http://") || link.url.starts_with("https://"), "{}", link.url);
        }
    }
    let descriptions = module.tasks.iter().map(|task| &task.description).chain([&module.description]);
    descriptions.flatten().for_each(|text| assert_clean(text, MAX_DESCRIPTION_CHARS, true));
}

fn raw_again(module: &DraftModule) -> RawModule {
    let resources = |task: &DraftTask| {
        let links = task.resources.iter();
        links
            .map(|link| RawResource {
                kind: Some(link.kind.to_string()),
                title: Some(link.title.clone()),
                url: Some(link.url.clone()),
            })
            .collect()
    };
    let tasks = module.tasks.iter().map(|task| RawTask {
        key: task.key.clone(),
        title: Some(task.title.clone()),
        description: task.description.clone(),
        estimated_minutes: Some(task.minutes.into()),
        resources: resources(task),
    });
    RawModule {
        title: Some(module.title.clone()),
        description: module.description.clone(),
        estimated_minutes: Some(module.minutes.into()),
        tasks: tasks.collect(),
    }
}

proptest! {
    #[test]
    fn whatever_the_model_writes_is_refused_or_within_bounds_and_a_fixed_point(raw in nasty_module()) {
        if let Ok(made) = normalise_module(raw) {
            assert_within_bounds(&made.module);
            let again = normalise_module(raw_again(&made.module)).unwrap();
            prop_assert_eq!(again.module, made.module);
            prop_assert!(!again.clamped);
        }
    }

    #[test]
    fn cleaning_any_text_twice_is_cleaning_it_once(text in nasty_text(), max in 1_usize..300) {
        if let Some(once) = one_line(&text, max) {
            prop_assert_eq!(one_line(&once, max), Some(once));
        }
        if let Some(once) = paragraphs(&text, max) {
            prop_assert_eq!(paragraphs(&once, max), Some(once));
        }
    }
}
