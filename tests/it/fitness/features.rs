//! One feature, one name: in every layer, in the routes, in the tests.

use super::files;
use std::collections::BTreeSet;

/// A feature and the spellings it must not have.
const FEATURES: &[(&str, &[&str])] = &[
    ("accounts", &["account", "user", "users", "profile", "profiles"]),
    ("plans", &["plan", "learning_plan", "learning_plans"]),
    ("generation", &["generate", "generator", "generators", "gen"]),
    ("schedules", &["schedule", "scheduling", "scheduler"]),
    ("quota", &["quotas", "limits"]),
    ("billing", &["bill", "bills", "payment", "payments", "stripe"]),
    ("integrations", &["integration", "notion", "google"]),
    ("jobs", &["job", "queue", "job_queue"]),
];

/// Where a feature's file stands in each layer. Row handles of a table may be called after the table (`generations`).
const LAYERS: &[&str] = &[
    "crates/domain/src",
    "crates/persistence/src",
    "crates/services/src",
    "crates/api/src",
    "crates/api/src/routes",
    "tests/it",
];

/// The names of the files directly in `folder`, without ending.
fn names(folder: &str) -> BTreeSet<String> {
    let direct = |path: &String| path.rsplit_once('/').is_some_and(|(parent, _)| parent == folder);
    let files = files(folder, ".rs").into_iter().filter(direct);
    files.map(|path| path.rsplit_once('/').unwrap().1.trim_end_matches(".rs").to_owned()).collect()
}

#[test]
fn a_feature_has_one_name_in_every_layer() {
    for layer in LAYERS {
        let names = names(layer);
        for (feature, wrong) in FEATURES {
            let found: Vec<_> = wrong.iter().filter(|name| names.contains(**name)).collect();
            assert!(found.is_empty(), "{layer}: {found:?} is called {feature} here");
        }
    }
}

#[test]
fn a_feature_with_routes_has_its_use_cases_and_its_rules_under_the_same_name() {
    let routes = names("crates/api/src/routes");
    let (services, domain) = (names("crates/services/src"), names("crates/domain/src"));
    let served: Vec<_> =
        FEATURES.iter().map(|(feature, _)| *feature).filter(|feature| routes.contains(*feature)).collect();
    assert!(served.contains(&"plans"), "the routes were not found");
    for feature in served {
        assert!(services.contains(feature), "no crates/services/src/{feature}.rs");
        assert!(domain.contains(feature), "no crates/domain/src/{feature}.rs");
    }
}
