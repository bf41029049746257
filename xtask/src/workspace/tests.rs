use std::path::Path;

use serde_json::json;

use super::{Dependency, Kind, Whose, Workspace};

#[test]
fn members_and_dependencies_are_told_apart() {
    let workspace = Workspace::parse(&json!({
        "workspace_members": ["path+file:///w/pool#simplon-pool@0.1.0"],
        "workspace_root": "/w",
        "target_directory": "/w/target",
        "packages": [
            {
                "id": "path+file:///w/pool#simplon-pool@0.1.0", "name": "simplon-pool", "version": "0.1.0",
                "license": "Apache-2.0", "manifest_path": "/w/pool/Cargo.toml", "features": {"a": [], "b": ["a"]},
                "dependencies": [{"name": "bytes", "kind": null}, {"name": "simplon-testkit", "kind": "dev"}],
                "targets": [{"name": "simplon_pool", "kind": ["lib"]}, {"name": "tour", "kind": ["example"]}],
            },
            {
                "id": "registry#bytes@1.0.0", "name": "bytes", "version": "1.0.0", "license": null,
                "manifest_path": "/r/bytes/Cargo.toml", "features": {}, "dependencies": [], "targets": [],
            },
        ],
    }))
    .unwrap();
    assert_eq!(workspace.root, Path::new("/w"));
    assert_eq!(workspace.packages[1].whose, Whose::Theirs);
    let [pool] = workspace.ours()[..] else { panic!("one member") };
    assert_eq!(pool.folder, Path::new("/w/pool"));
    assert_eq!(pool.features, ["a", "b"]);
    assert_eq!(pool.examples, ["tour"]);
    assert_eq!(
        pool.dependencies,
        [
            Dependency { name: "bytes".to_owned(), kind: Kind::Normal },
            Dependency { name: "simplon-testkit".to_owned(), kind: Kind::Dev },
        ]
    );
}

#[test]
fn an_unknown_shape_is_not_guessed_at() {
    assert!(Workspace::parse(&json!({"packages": []})).is_none());
}
