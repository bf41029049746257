use serde_json::json;

use super::{Arrow, arrows, mermaid, refuse, text};
use crate::workspace::{Kind, Workspace};

fn arrow(from: &str, to: &str, kind: Kind) -> Arrow {
    Arrow { from: from.to_owned(), to: to.to_owned(), kind }
}

fn workspace() -> Workspace {
    let package = |name: &str, dependencies: serde_json::Value| {
        json!({
            "id": name, "name": name, "version": "0.1.0", "license": "Apache-2.0",
            "manifest_path": format!("/w/{name}/Cargo.toml"),
            "features": {}, "dependencies": dependencies, "targets": [],
        })
    };
    Workspace::parse(&json!({
        "workspace_members": ["simplon-core", "simplon-pool", "simplon-testkit"],
        "workspace_root": "/w",
        "target_directory": "/w/target",
        "packages": [
            package("simplon-core", json!([
                {"name": "simplon-pool", "kind": null},
                {"name": "bytes", "kind": null},
                {"name": "simplon-testkit", "kind": "dev"},
            ])),
            package("simplon-pool", json!([])),
            package("simplon-testkit", json!([{"name": "simplon-core", "kind": null}])),
            package("bytes", json!([])),
        ],
    }))
    .unwrap()
}

#[test]
fn arrows_leave_out_what_is_not_ours() {
    assert_eq!(
        arrows(&workspace()),
        [
            arrow("simplon-core", "simplon-pool", Kind::Normal),
            arrow("simplon-core", "simplon-testkit", Kind::Dev),
            arrow("simplon-testkit", "simplon-core", Kind::Normal),
        ]
    );
}

#[test]
fn arrows_of_the_design_are_allowed() {
    for (from, to) in [
        ("simplon", "simplon-proxy"),
        ("simplon-proxy", "simplon-core"),
        ("simplon-proxy", "simplon-cache"),
        ("simplon-load-balancing", "simplon-core"),
        ("simplon-core", "simplon-timeout"),
        ("simplon-testkit", "simplon-proxy"),
    ] {
        assert_eq!(refuse(&arrow(from, to, Kind::Normal)), None);
    }
}

#[test]
fn a_new_arrow_is_refused() {
    for (from, to) in [
        ("simplon-proxy", "simplon-load-balancing"),
        ("simplon-load-balancing", "simplon-proxy"),
        ("simplon-load-balancing", "simplon-pool"),
        ("simplon-pool", "simplon-timeout"),
        ("simplon-core", "simplon-proxy"),
        ("xtask", "simplon-core"),
        ("simplon-newcomer", "simplon-core"),
    ] {
        assert!(refuse(&arrow(from, to, Kind::Normal)).is_some(), "{from} → {to}");
    }
}

#[test]
fn a_test_may_not_climb_above_its_layer_either() {
    assert!(refuse(&arrow("simplon-core", "simplon-proxy", Kind::Dev)).is_some());
}

#[test]
fn only_tests_stand_on_the_test_kit() {
    assert_eq!(refuse(&arrow("simplon-pool", "simplon-testkit", Kind::Dev)), None);
    assert!(refuse(&arrow("simplon", "simplon-testkit", Kind::Normal)).is_some());
    assert!(refuse(&arrow("simplon-core", "simplon-testkit", Kind::Build)).is_some());
}

#[test]
fn the_text_names_every_member_once() {
    let workspace = workspace();
    assert_eq!(
        text(&workspace, &arrows(&workspace)),
        "simplon-core    → simplon-pool (tests: simplon-testkit)\n\
         simplon-pool    → nothing of ours\n\
         simplon-testkit → simplon-core\n"
    );
}

#[test]
fn mermaid_dots_the_arrows_of_tests() {
    let graph = mermaid(&arrows(&workspace()));
    assert!(graph.contains("  simplon-core --> simplon-pool\n"));
    assert!(graph.contains("  simplon-core -.-> simplon-testkit\n"));
}
