use super::combinations;
use crate::workspace::{Package, Whose};

fn package(features: &[&str]) -> Package {
    Package {
        name: "simplon-x".to_owned(),
        version: "0.1.0".to_owned(),
        folder: "/w/x".into(),
        licence: None,
        features: features.iter().map(|&feature| feature.to_owned()).collect(),
        dependencies: Vec::new(),
        examples: Vec::new(),
        whose: Whose::Ours,
    }
}

#[test]
fn a_package_without_features_is_checked_once() {
    assert_eq!(combinations(&package(&[]), None), [["--no-default-features"]]);
}

#[test]
fn each_feature_stands_alone_and_all_stand_together() {
    let of = |left_out| combinations(&package(&["cache", "default", "h3"]), left_out);
    let lines: Vec<String> = of(None).iter().map(|c| c.join(" ")).collect();
    assert_eq!(
        lines,
        [
            "--no-default-features",
            "--no-default-features --features cache",
            "--no-default-features --features h3",
            "--no-default-features --features cache,default,h3",
        ]
    );
    assert_eq!(
        of(Some("h3")).last().map(|c| c.join(" ")).as_deref(),
        Some("--no-default-features --features cache,default")
    );
}
