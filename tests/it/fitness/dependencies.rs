//! Which crate may depend on which: the arrows of docs/ARCHITECTURE.md, and the bans of deny.toml.

use super::deny_file::DenyFile;
use super::{members, metadata, text};
use cargo_metadata::Package;
use std::collections::{BTreeMap, BTreeSet};

/// The layers' arrows within the workspace. Test crates may see everything, and no layer sees them.
const ARROWS: &[(&str, &[&str])] = &[
    ("waymark-domain", &[]),
    ("waymark-localpg", &[]),
    ("waymark-migration", &[]),
    ("waymark-persistence", &["waymark-domain"]),
    ("waymark-services", &["waymark-domain", "waymark-persistence"]),
    // The binary is where everything is composed: it also starts the private database and migrates it.
    ("waymark-api", &["waymark-domain", "waymark-localpg", "waymark-migration", "waymark-services"]),
];

/// Test crates.
const FREE: &[&str] = &["waymark-testkit", "it", "bench"];

/// What `domain` may use: no asynchrony, no files, no network, no clock.
const PURE: &[&str] = &["chrono", "chrono-tz", "serde", "thiserror", "url", "uuid"];

fn own() -> BTreeMap<&'static str, &'static Package> {
    metadata().workspace_packages().into_iter().map(|package| (package.name.as_str(), package)).collect()
}

#[test]
fn the_arrows_between_the_layers_are_those_of_the_architecture() {
    let own = own();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).chain(FREE.iter().copied()).collect();
    assert_eq!(own.keys().copied().collect::<BTreeSet<_>>(), known, "a crate without a place in the architecture");
    for (name, arrows) in ARROWS {
        let used: BTreeSet<&str> =
            own[name].dependencies.iter().map(|dep| dep.name.as_str()).filter(|dep| own.contains_key(dep)).collect();
        assert_eq!(used, arrows.iter().copied().collect(), "arrows of {name}");
    }
}

#[test]
fn the_domain_uses_nothing_that_waits_or_reaches_out() {
    let own = own();
    let normal =
        own["waymark-domain"].dependencies.iter().filter(|dep| dep.kind == cargo_metadata::DependencyKind::Normal);
    let impure: Vec<&str> = normal.map(|dep| dep.name.as_str()).filter(|name| !PURE.contains(name)).collect();
    assert!(impure.is_empty(), "domain may not use {impure:?}");
}

#[test]
fn banned_crates_are_used_only_by_those_that_wrap_them() {
    let metadata = metadata();
    let names: BTreeMap<_, &str> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for node in &metadata.resolve.as_ref().unwrap().nodes {
        for dependency in &node.deps {
            users.entry(names[&dependency.pkg]).or_default().insert(names[&node.id]);
        }
    }
    let bans = DenyFile::read().bans;
    for guarded in ["sea-orm", "sqlx", "actix-web", "reqwest"] {
        assert!(bans.iter().any(|ban| ban.name == guarded), "deny.toml does not guard {guarded}");
    }
    for ban in &bans {
        let wrappers: BTreeSet<&str> = ban.wrappers.iter().map(String::as_str).collect();
        let users = users.remove(ban.name.as_str()).unwrap_or_default();
        let strays: Vec<_> = users.difference(&wrappers).collect();
        assert!(strays.is_empty(), "{} is used by {strays:?}; deny.toml allows {wrappers:?}", ban.name);
    }
}

#[test]
fn versions_stand_in_the_root_manifest_only_and_lints_are_the_workspaces() {
    for member in members() {
        let manifest = text(&format!("{member}/Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{member} has lints of its own");
        let mut in_dependencies = false;
        for line in manifest.lines().map(str::trim) {
            if line.starts_with('[') {
                in_dependencies = line.ends_with("dependencies]");
            } else if in_dependencies && !line.is_empty() && !line.starts_with('#') {
                assert!(line.contains("workspace = true"), "{member} chooses a version itself: {line}");
            }
        }
    }
}
