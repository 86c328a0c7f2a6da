//! Documents: decisions are numbered and listed, links lead somewhere, files that are named exist.

use super::{files, root, rust_files, text};
use std::path::Path;

/// Folders whose files documents name from the workspace's folder.
const NAMED: &[&str] = &["crates/", "migration/", "tests/", "benches/", "docs/", ".ci/"];

fn documents() -> Vec<String> {
    let mut documents = files("docs", ".md");
    documents.extend(files("benches", ".md"));
    documents.push("README.md".to_owned());
    documents
}

fn decisions() -> Vec<String> {
    let mut decisions = files("docs/adr", ".md");
    decisions.retain(|path| !path.ends_with("/README.md"));
    decisions
}

#[test]
fn decisions_are_numbered_without_gaps_and_all_have_the_three_parts() {
    let decisions = decisions();
    assert!(!decisions.is_empty());
    for (index, path) in decisions.iter().enumerate() {
        let number = format!("{:04}", index + 1);
        let name = path.trim_start_matches("docs/adr/");
        assert!(name.starts_with(&format!("{number}-")), "{path} should be number {number}");
        let text = text(path);
        assert!(text.starts_with(&format!("# {number}. ")), "{path} has another number in its title");
        let parts: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(parts, ["Context", "Decision", "Consequences"], "parts of {path}");
    }
}

#[test]
fn the_list_of_decisions_is_complete() {
    let list = text("docs/adr/README.md");
    let listed: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("- ")).collect();
    let expected: Vec<_> = decisions()
        .iter()
        .map(|path| {
            let title = text(path).lines().next().unwrap().trim_start_matches("# ").to_owned();
            format!("[{title}]({})", path.trim_start_matches("docs/adr/"))
        })
        .collect();
    assert_eq!(listed, expected, "docs/adr/README.md");
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in documents() {
        let folder = Path::new(&document).parent().unwrap().to_owned();
        for target in
            text(&document).split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
        {
            let target = target.split('#').next().unwrap();
            if !target.is_empty() && !target.contains("://") {
                assert!(root().join(&folder).join(target).exists(), "{document} links to {target}, which is not there");
            }
        }
    }
}

#[test]
fn files_that_documents_name_exist() {
    for document in documents() {
        for name in text(&document).split('`').skip(1).step_by(2) {
            // Patterns and placeholders name no single file.
            let pattern = name.contains(['{', '*', '<', ' ', '\n']) || name.contains("YYYY") || name.contains("NNNN");
            if !pattern && NAMED.iter().any(|folder| name.starts_with(folder)) {
                let path = name.split("::").next().unwrap();
                assert!(root().join(path).exists(), "{document} names {path}, which is not there");
            }
        }
    }
}

#[test]
fn nothing_names_a_folder_of_somebodys_machine() {
    let homes = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
        concat!("C:", "\\"),
    ];
    let manifests = files(".", ".toml").into_iter().chain(["justfile".to_owned(), ".ci/run".to_owned()]);
    for path in documents().into_iter().chain(rust_files()).chain(manifests) {
        let text = text(&path);
        for home in homes {
            assert!(!text.contains(home), "{path} names {home}");
        }
    }
}
