use super::{all, combinations};
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
    assert_eq!(combinations(&package(&[])), [["--no-default-features"]]);
    assert_eq!(all(&package(&[])), None);
}

#[test]
fn each_feature_stands_alone_and_all_stand_together() {
    let package = package(&["cache", "default", "h3", "openssl"]);
    let lines: Vec<String> = combinations(&package).iter().map(|c| c.join(" ")).collect();
    assert_eq!(
        lines,
        ["--no-default-features", "--no-default-features --features cache", "--no-default-features --features h3",]
    );
    assert_eq!(all(&package).unwrap(), ["--features", "cache,h3"]);
}
