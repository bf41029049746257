use serde_json::json;

use super::{PACKAGES, all_features, plain};
use crate::workspace::Workspace;

fn workspace() -> Workspace {
    let package = |name: &str, features: serde_json::Value| {
        json!({
            "id": name, "name": name, "version": "0.1.0", "license": null, "manifest_path": format!("/w/{name}/Cargo.toml"),
            "features": features, "dependencies": [], "targets": [],
        })
    };
    Workspace::parse(&json!({
        "workspace_members": ["a", "b", "simplon-proto-tls-openssl"],
        "workspace_root": "/w",
        "target_directory": "/w/target",
        "packages": [
            package("a", json!({"default": [], "rustls": [], "openssl": []})),
            package("b", json!({"ring": [], "vendored": []})),
            package("simplon-proto-tls-openssl", json!({"vendored": []})),
        ],
    }))
    .unwrap()
}

#[test]
fn what_needs_more_of_the_system_is_left_out() {
    let workspace = workspace();
    let names: Vec<&str> = plain(&workspace).iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(all_features(&workspace), ["--features", "a/rustls,b/ring"]);
}

#[test]
fn those_packages_are_members_but_no_default_members() {
    let manifest = include_str!("../../../Cargo.toml");
    let line = |start: &str| manifest.lines().find(|line| line.starts_with(start)).unwrap();
    for name in PACKAGES {
        let folder = format!("\"proto-tls/{}\"", name.strip_prefix("simplon-proto-tls-").unwrap());
        assert!(line("members").contains(&folder), "{name}");
        assert!(!line("default-members").contains(&folder), "{name}");
    }
}
