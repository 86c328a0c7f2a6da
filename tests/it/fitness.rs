//! The workspace's habits as tests: arrows between crates, licences, names, what every file and document must have.
//! They read manifests, sources and documents, never a database, and finish within a second or two.

mod deny_file;
mod dependencies;
mod documents;
mod features;
mod licences;
mod sources;
mod spdx;

use cargo_metadata::{Metadata, MetadataCommand};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The workspace's folder.
fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).canonicalize().unwrap())
}

/// A file of the workspace as text.
fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file under `folder` whose name ends in `ending`, as paths from the workspace's folder, sorted.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join(folder), ending, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            // Build products and data folders are nobody's source.
            if name != "target" && !name.starts_with('.') {
                collect(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        }
    }
}

/// Every Rust file of the workspace.
fn rust_files() -> Vec<String> {
    ["benches", "crates", "migration", "tests"].iter().flat_map(|folder| files(folder, ".rs")).collect()
}

/// The workspace's members as folders, `crates/domain` and so on.
fn members() -> Vec<String> {
    let mut members = files(".", "Cargo.toml");
    members.retain(|path| path != "Cargo.toml");
    members.into_iter().map(|path| path.trim_end_matches("/Cargo.toml").to_owned()).collect()
}

/// Every package this machine's build can use, with its dependencies.
fn metadata() -> &'static Metadata {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    METADATA.get_or_init(|| {
        let ask = |online: &[&str]| {
            let options = ["--filter-platform", host()].into_iter().chain(online.iter().copied()).map(str::to_owned);
            let mut command = MetadataCommand::new();
            command.manifest_path(root().join("Cargo.toml")).other_options(options.collect::<Vec<_>>());
            command.exec()
        };
        // Whoever runs this has built the workspace, so everything is here; a trimmed package cache is filled again.
        ask(&["--offline"]).or_else(|_| ask(&["--locked"])).unwrap()
    })
}

fn host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        let said = Command::new("rustc").arg("-vV").output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
    })
}
