//! What every source file has and none has.

use super::{rust_files, text};

/// Files of which `found` says something is wrong.
fn offenders(found: impl Fn(&str, &str) -> bool) -> Vec<String> {
    rust_files().into_iter().filter(|path| found(path, &text(path))).collect()
}

/// Lines that are no comments.
fn code(source: &str) -> impl Iterator<Item = &str> {
    source.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    let silent = offenders(|_, source| !source.lines().next().is_some_and(|line| line.starts_with("//! ")));
    assert!(silent.is_empty(), "no `//!` in the first line: {silent:#?}");
}

#[test]
fn a_module_with_children_is_named_after_itself() {
    let found = offenders(|path, _| path.ends_with("/mod.rs"));
    assert!(found.is_empty(), "name.rs beside name/, please: {found:#?}");
}

#[test]
fn lints_are_never_switched_off_without_a_reason() {
    // In two pieces, because this file is read too.
    let [outer, inner] = [concat!("#[", "allow("), concat!("#![", "allow(")];
    let found = offenders(|_, source| code(source).any(|line| line.contains(outer) || line.contains(inner)));
    assert!(found.is_empty(), "use expect with a reason: {found:#?}");
    let expectation = concat!("[", "expect(");
    let unreasoned = offenders(|_, source| {
        let attributes =
            source.split(expectation).skip(1).map(|rest| rest.split_once(")]").map_or(rest, |(inside, _)| inside));
        attributes.into_iter().any(|attribute| !attribute.contains("reason = "))
    });
    assert!(unreasoned.is_empty(), "an expectation without a reason: {unreasoned:#?}");
}

#[test]
fn nothing_is_unsafe() {
    let words = ["{", "fn", "impl", "extern", "trait"].map(|next| format!("{} {next}", concat!("un", "safe")));
    let found = offenders(|_, source| code(source).any(|line| words.iter().any(|word| line.contains(word.as_str()))));
    assert!(found.is_empty(), "{found:#?}");
    assert!(text("Cargo.toml").contains("unsafe_code = \"forbid\""));
}

#[test]
fn time_ids_and_settings_have_one_home_each() {
    let clippy = text("clippy.toml");
    for method in
        ["chrono::Utc::now", "uuid::Uuid::new_v4", "uuid::Uuid::now_v7", "std::env::var", "TransactionTrait::begin"]
    {
        assert!(clippy.contains(method), "clippy.toml no longer forbids {method}");
    }
}
