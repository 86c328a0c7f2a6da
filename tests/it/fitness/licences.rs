//! Every package's licence against the list in deny.toml.

use super::deny_file::DenyFile;
use super::{metadata, spdx};

#[test]
fn every_licence_in_the_tree_is_on_the_list() {
    let deny = DenyFile::read();
    assert!(deny.licences.iter().any(|licence| licence == "MIT"), "the list was not read");
    let mut refused = Vec::new();
    for package in metadata().packages.iter().filter(|package| package.source.is_some()) {
        let name = package.name.as_str();
        let Some(expression) = &package.license else {
            refused.push(format!("{name}: names no licence"));
            continue;
        };
        let excepted = |licence: &str| {
            deny.exceptions
                .iter()
                .any(|exception| exception.name == name && exception.licences.iter().any(|l| l == licence))
        };
        if !spdx::satisfied(expression, &|licence| deny.licences.iter().any(|l| l == licence) || excepted(licence)) {
            refused.push(format!("{name}: {expression}"));
        }
    }
    assert!(refused.is_empty(), "not on the list of deny.toml: {refused:#?}");
}

#[test]
fn no_copyleft_licence_is_on_the_list() {
    let deny = DenyFile::read();
    for licence in deny.licences.iter().chain(deny.exceptions.iter().flat_map(|exception| &exception.licences)) {
        assert!(!licence.contains("GPL") && !licence.starts_with("SSPL") && !licence.starts_with("BUSL"), "{licence}");
    }
}

#[test]
fn the_two_licences_of_the_workspace_are_there() {
    assert!(super::text("LICENSE-MIT").contains("Permission is hereby granted, free of charge"));
    assert!(super::text("LICENSE-APACHE").contains("Version 2.0, January 2004"));
    for package in metadata().workspace_packages() {
        assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"), "{}", package.name);
    }
}
