//! `cargo xtask features`: each package compiles alone, with no, all and each single feature.

use crate::failure::Outcome;
use crate::options::Options;
use crate::shell;
use crate::workspace::{Package, Workspace};

pub(crate) fn command(workspace: &Workspace, _options: &Options) -> Outcome {
    for package in workspace.ours() {
        for combination in combinations(package) {
            shell::run(shell::cargo_locked("check").args(["--package", &package.name]).args(&combination))?;
        }
    }
    Ok(())
}

/// The arguments of each build worth making. Features are additive, so each alone and all together are enough.
fn combinations(package: &Package) -> Vec<Vec<String>> {
    let none = || vec!["--no-default-features".to_owned()];
    let mut all = vec![none()];
    for feature in package.features.iter().filter(|feature| *feature != "default") {
        let mut one = none();
        one.extend(["--features".to_owned(), feature.clone()]);
        all.push(one);
    }
    if !package.features.is_empty() {
        all.push(vec!["--all-features".to_owned()]);
    }
    all
}

#[cfg(test)]
mod tests;
