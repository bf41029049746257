use super::{Ban, Rules, impurities, judge};
use crate::workspace::{Dependency, Kind, Package, Whose};

const RULES: &str = r#"
[licenses]
allow = [
    "MIT", # why
    # a comment with "quotes"
    "Apache-2.0",
]
[bans]
deny = [
    { crate = "openssl-sys", reason = "clashes" },
    { crate = "simplon-core", wrappers = ["simplon", "simplon-proxy"], reason = "layer" },
]
"#;

fn rules() -> Rules {
    Rules::parse(RULES).unwrap()
}

fn package(name: &str, licence: Option<&str>, whose: Whose, dependencies: &[(&str, Kind)]) -> Package {
    let dependency = |&(name, kind): &(&str, Kind)| Dependency { name: name.to_owned(), kind };
    Package {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        folder: "/w".into(),
        licence: licence.map(str::to_owned),
        features: Vec::new(),
        dependencies: dependencies.iter().map(dependency).collect(),
        examples: Vec::new(),
        whose,
    }
}

#[test]
fn rules_are_read_from_the_file_of_cargo_deny() {
    let ban = |name: &str, wrappers| Ban { name: name.to_owned(), wrappers };
    let wrappers = vec!["simplon".to_owned(), "simplon-proxy".to_owned()];
    assert_eq!(
        rules(),
        Rules {
            licences: vec!["MIT".to_owned(), "Apache-2.0".to_owned()],
            banned: vec![ban("openssl-sys", None), ban("simplon-core", Some(wrappers))],
        }
    );
}

#[test]
fn the_real_file_is_understood() {
    let rules = Rules::parse(include_str!("../../../deny.toml")).unwrap();
    assert!(rules.licences.iter().any(|licence| licence == "CDLA-Permissive-2.0"));
    assert!(rules.banned.iter().any(|ban| ban.name == "native-tls" && ban.wrappers.is_none()));
    assert!(rules.banned.iter().any(|ban| ban.name == "simplon-core" && ban.wrappers.is_some()));
}

#[test]
fn a_file_without_the_lists_is_not_taken_for_no_rules() {
    assert!(Rules::parse("[licenses]\nallow = []\n").is_err());
}

#[test]
fn licences_off_the_list_and_missing_ones_are_refused() {
    assert!(judge(&package("a", Some("MIT OR GPL-3.0"), Whose::Theirs, &[]), &rules()).is_empty());
    assert_eq!(judge(&package("a", Some("GPL-3.0"), Whose::Theirs, &[]), &rules()).len(), 1);
    assert_eq!(judge(&package("a", None, Whose::Theirs, &[]), &rules()).len(), 1);
}

#[test]
fn a_banned_crate_is_refused_wherever_it_comes_from() {
    assert_eq!(judge(&package("openssl-sys", Some("MIT"), Whose::Theirs, &[]), &rules()).len(), 1);
}

#[test]
fn only_wrappers_may_name_a_layer() {
    let core = [("simplon-core", Kind::Normal)];
    assert!(judge(&package("simplon-proxy", Some("MIT"), Whose::Ours, &core), &rules()).is_empty());
    assert_eq!(judge(&package("simplon-pool", Some("MIT"), Whose::Ours, &core), &rules()).len(), 1);
}

#[test]
fn pure_crates_do_not_name_the_runtime_outside_tests() {
    let with = |kind| package("simplon-proto-http", None, Whose::Ours, &[("tokio", kind)]);
    assert_eq!(impurities(&with(Kind::Normal)).len(), 1);
    assert!(impurities(&with(Kind::Dev)).is_empty());
    assert!(impurities(&package("simplon-core", None, Whose::Ours, &[("tokio", Kind::Normal)])).is_empty());
}
