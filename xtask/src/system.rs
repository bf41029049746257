//! What needs more of the system than Rust and a C compiler: left out of the general checks, and checked by `cargo xtask tls`.

use crate::shell;
use crate::skips;
use crate::workspace::{Package, Workspace};

/// Packages, which are no default members either.
pub(crate) const PACKAGES: &[&str] =
    &["simplon-proto-tls-openssl", "simplon-proto-tls-boringssl", "simplon-proto-tls-all"];

/// Features, whoever has them.
const FEATURES: &[&str] = &["openssl", "boringssl", "vendored"];
/// The validated module of AWS-LC is built with Go. Without it, the features of this name are left out too.
const NEEDS_GO: &str = "fips";

/// Our packages without those.
pub(crate) fn plain(workspace: &Workspace) -> Vec<&Package> {
    workspace.ours().into_iter().filter(|package| !PACKAGES.contains(&package.name.as_str())).collect()
}

/// The features of a package without those, and without `default`.
pub(crate) fn plain_features(package: &Package) -> Vec<&str> {
    let has_go = shell::installed("go");
    if !has_go && package.features.iter().any(|feature| feature == NEEDS_GO) {
        skips::note("Go, for the features named fips");
    }
    let is_plain = |feature: &&str| !FEATURES.contains(feature) && (has_go || *feature != NEEDS_GO);
    package.features.iter().map(String::as_str).filter(|feature| *feature != "default").filter(is_plain).collect()
}

/// The arguments that switch on all of these in all default members.
pub(crate) fn all_features(workspace: &Workspace) -> Vec<String> {
    let of_package = |package: &Package| {
        plain_features(package).into_iter().map(|feature| format!("{}/{feature}", package.name)).collect::<Vec<_>>()
    };
    let all: Vec<String> = plain(workspace).into_iter().flat_map(of_package).collect();
    if all.is_empty() { Vec::new() } else { vec!["--features".to_owned(), all.join(",")] }
}

#[cfg(test)]
mod tests;
