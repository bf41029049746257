//! `cargo xtask features`: each package compiles alone, with no, all and each single feature; with all, its tests pass.

use crate::failure::Outcome;
use crate::options::Options;
use crate::shell;
use crate::system;
use crate::workspace::{Package, Workspace};

pub(crate) fn command(workspace: &Workspace, _options: &Options) -> Outcome {
    for package in system::plain(workspace) {
        for combination in combinations(package) {
            shell::run(shell::cargo_locked("check").args(["--package", &package.name]).args(&combination))?;
        }
        // What a plain `cargo test` leaves out.
        if let Some(all) = all(package) {
            shell::run(shell::cargo_test()?.args(["--package", &package.name]).args(all))?;
        }
    }
    Ok(())
}

/// The arguments of each build worth making beside that of all together. Features are additive, so that is enough.
fn combinations(package: &Package) -> Vec<Vec<String>> {
    let none = || vec!["--no-default-features".to_owned()];
    let mut all = vec![none()];
    for feature in system::plain_features(package) {
        let mut one = none();
        one.extend(["--features".to_owned(), feature.to_owned()]);
        all.push(one);
    }
    all
}

/// The arguments of the build with all features, where there are any.
fn all(package: &Package) -> Option<[String; 2]> {
    let features = system::plain_features(package);
    (!features.is_empty()).then(|| ["--features".to_owned(), features.join(",")])
}

#[cfg(test)]
mod tests;
