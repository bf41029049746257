//! `cargo xtask deny`: licences, bans and layers of everything in the tree.
//!
//! cargo-deny does this and more (advisories, sources, duplicates) from `deny.toml`, but takes minutes to build. The
//! part written here needs nothing but `cargo metadata`, so that something real is checked on every machine.

mod spdx;

use std::fs;

use crate::failure::{During, Failure, Outcome};
use crate::options::Options;
use crate::shell;
use crate::workspace::{Kind, Package, Whose, Workspace};

/// Crates that stay pure: no sockets, no tasks, no clock of the system in what they stand on.
const PURE: &[(&str, &[&str])] =
    &[("simplon-proto-http", &["tokio", "socket2", "libc", "nix"]), ("simplon-limits", &["tokio", "socket2", "libc"])];

pub(crate) fn command(workspace: &Workspace, _options: &Options) -> Outcome {
    own(workspace)?;
    if !shell::installed("cargo-deny") {
        println!("cargo-deny is not installed (`cargo install --locked cargo-deny`): advisories are not looked up");
        return Ok(());
    }
    with_cargo_deny(workspace)
}

/// The check that always runs.
pub(crate) fn own(workspace: &Workspace) -> Outcome {
    let path = workspace.root.join("deny.toml");
    let rules = Rules::parse(&fs::read_to_string(&path).during(path.display())?)?;
    let mut wrong: Vec<String> = workspace.packages.iter().flat_map(|package| judge(package, &rules)).collect();
    wrong.extend(workspace.ours().into_iter().flat_map(impurities));
    let (all, ours) = (workspace.packages.len(), workspace.ours().len());
    if wrong.is_empty() {
        println!("{all} packages, {ours} of them ours: licences, bans and layers are as deny.toml wants them");
        return Ok(());
    }
    Err(Failure::new(wrong.join("\n")))
}

/// The full check. Advisories only where their database can be had: no network is not a finding.
pub(crate) fn with_cargo_deny(workspace: &Workspace) -> Outcome {
    let deny = || {
        let mut command = shell::cargo("deny");
        command.current_dir(&workspace.root);
        command
    };
    shell::run(deny().args(["check", "bans", "licenses", "sources"]))?;
    if shell::run(deny().args(["fetch", "db"])).is_err() {
        println!("the advisory database cannot be fetched here: advisories are not looked up");
        return Ok(());
    }
    shell::run(deny().args(["check", "--disable-fetch", "advisories"]))
}

/// What of `deny.toml` is judged here.
#[derive(Debug, PartialEq, Eq)]
struct Rules {
    licences: Vec<String>,
    banned: Vec<Ban>,
}

/// A crate that may be named by nobody, or only by its wrappers.
#[derive(Debug, PartialEq, Eq)]
struct Ban {
    name: String,
    wrappers: Option<Vec<String>>,
}

impl Rules {
    /// Reads the two lists by line. It is our own file, so its layout is known; a layout it does not know is an error.
    fn parse(text: &str) -> Outcome<Self> {
        let licences = list(text, "allow = [").flat_map(quoted).collect::<Vec<_>>();
        let banned: Vec<Ban> = list(text, "deny = [").filter_map(Ban::parse).collect();
        if licences.is_empty() || banned.is_empty() {
            return Err(Failure::new("deny.toml: the lists `allow` of licences and `deny` of bans were not found"));
        }
        Ok(Self { licences, banned })
    }
}

impl Ban {
    fn parse(line: &str) -> Option<Self> {
        let name = line.split_once("crate = ").and_then(|(_, rest)| quoted(rest).into_iter().next())?;
        let wrappers = line.split_once("wrappers = [").and_then(|(_, rest)| rest.split_once(']'));
        Some(Self { name, wrappers: wrappers.map(|(names, _)| quoted(names)) })
    }
}

/// Everything wrong with one package, in words.
fn judge(package: &Package, rules: &Rules) -> Vec<String> {
    let Package { name, version, licence, whose, .. } = package;
    let mut wrong = Vec::new();
    match licence.as_deref().map(|expression| spdx::satisfied(expression, &rules.licences)) {
        None if *whose == Whose::Theirs => wrong.push(format!("{name} {version} names no licence")),
        Some(false) => wrong.push(format!("{name} {version}: licence {licence:?} is not on the list")),
        None | Some(true) => {}
    }
    for ban in &rules.banned {
        match &ban.wrappers {
            None if ban.name == *name => wrong.push(format!("{name} {version} is banned (deny.toml says why)")),
            Some(wrappers) if names(package, &ban.name) && !wrappers.contains(name) => {
                wrong.push(format!("{name} → {}: not one of its wrappers in deny.toml", ban.name));
            }
            _ => {}
        }
    }
    wrong
}

/// Whether ours that are pure by design name what opens sockets.
fn impurities(package: &Package) -> Vec<String> {
    let forbidden = PURE.iter().filter(|(name, _)| *name == package.name).flat_map(|(_, forbidden)| *forbidden);
    let wrong = forbidden.filter(|other| names(package, other));
    wrong.map(|other| format!("{} → {other}: this crate has no sockets, tasks or clock", package.name)).collect()
}

/// Whether `package` stands on `other` outside of its tests.
fn names(package: &Package, other: &str) -> bool {
    package.dependencies.iter().any(|dependency| dependency.kind != Kind::Dev && dependency.name == other)
}

/// The lines between `start` and the closing bracket, comments left out.
fn list<'a>(text: &'a str, start: &str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().map(str::trim);
    let head = start.to_owned();
    let body = lines.skip_while(move |line| *line != head).skip(1).take_while(|line| *line != "]");
    body.filter(|line| !line.starts_with('#'))
}

/// What stands between double quotes.
fn quoted(line: &str) -> Vec<String> {
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
