//! `cargo xtask features`: each package compiles alone, with no, all and each single feature; with all, its tests pass.

use crate::failure::Outcome;
use crate::options::Options;
use crate::shell;
use crate::workspace::{Package, Workspace};

/// The validated module of AWS-LC is built with Go. Without it, the features of this name are left out.
const NEEDS_GO: &str = "fips";

pub(crate) fn command(workspace: &Workspace, _options: &Options) -> Outcome {
    let left_out = (!shell::installed("go")).then_some(NEEDS_GO);
    for package in workspace.ours() {
        let combinations = combinations(package, left_out);
        for (at, combination) in combinations.iter().enumerate() {
            // What a plain `cargo test` leaves out is tested with all.
            let is_all = at > 0 && at + 1 == combinations.len();
            let job = if is_all { "test" } else { "check" };
            shell::run(shell::cargo_locked(job).args(["--package", &package.name]).args(combination))?;
        }
    }
    Ok(())
}

/// The arguments of each build worth making. Features are additive, so each alone and all together are enough.
fn combinations(package: &Package, left_out: Option<&str>) -> Vec<Vec<String>> {
    let with = |features: &[&str]| {
        let mut arguments = vec!["--no-default-features".to_owned()];
        if !features.is_empty() {
            arguments.extend(["--features".to_owned(), features.join(",")]);
        }
        arguments
    };
    let features: Vec<&str> = package.features.iter().map(String::as_str).filter(|f| Some(*f) != left_out).collect();
    let single = features.iter().filter(|feature| **feature != "default").map(|feature| with(&[feature]));
    let mut all: Vec<_> = std::iter::once(with(&[])).chain(single).collect();
    if !features.is_empty() {
        all.push(with(&features));
    }
    all
}

#[cfg(test)]
mod tests;
