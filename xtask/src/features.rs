//! `cargo xtask features`: each package compiles alone, with no, all and each single feature; with all, its tests pass.

use crate::failure::Outcome;
use crate::options::Options;
use crate::shell;
use crate::workspace::{Package, Workspace};

/// What a plain `cargo test` leaves out is tested with this.
const ALL: &str = "--all-features";

pub(crate) fn command(workspace: &Workspace, _options: &Options) -> Outcome {
    for package in workspace.ours() {
        for combination in combinations(package) {
            let job = if combination == [ALL] { "test" } else { "check" };
            shell::run(shell::cargo_locked(job).args(["--package", &package.name]).args(&combination))?;
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
        all.push(vec![ALL.to_owned()]);
    }
    all
}

#[cfg(test)]
mod tests;
