//! What `cargo metadata` says about the workspace and all it stands on.

use std::path::PathBuf;

use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::shell;

/// The repository as cargo sees it.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// Every package of the tree, ours and others'.
    pub(crate) packages: Vec<Package>,
}

/// One package of the tree.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The folder of its manifest.
    pub(crate) folder: PathBuf,
    /// The SPDX expression, where one is given.
    pub(crate) licence: Option<String>,
    pub(crate) features: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) examples: Vec<String>,
    pub(crate) whose: Whose,
}

/// Whether a package is a member of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Ours,
    Theirs,
}

/// One arrow as written in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// What a dependency is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

impl Workspace {
    pub(crate) fn load() -> Outcome<Self> {
        let text = shell::capture(shell::cargo_locked("metadata").args(["--format-version", "1"]))?;
        let json = serde_json::from_str(&text).map_err(|err| Failure::new(format!("cargo metadata: {err}")))?;
        Self::parse(&json).ok_or_else(|| Failure::new("cargo metadata is not of the form we know"))
    }

    /// `None` where a field is missing that cargo promises.
    pub(crate) fn parse(json: &Value) -> Option<Self> {
        let members: Vec<&str> = strings(&json["workspace_members"])?;
        let packages = json["packages"].as_array()?.iter().map(|package| Package::parse(package, &members));
        Some(Self {
            root: json["workspace_root"].as_str()?.into(),
            target: json["target_directory"].as_str()?.into(),
            packages: packages.collect::<Option<_>>()?,
        })
    }

    /// Our own packages, in the order of their names.
    pub(crate) fn ours(&self) -> Vec<&Package> {
        let mut ours: Vec<_> = self.packages.iter().filter(|package| package.whose == Whose::Ours).collect();
        ours.sort_by(|a, b| a.name.cmp(&b.name));
        ours
    }
}

impl Package {
    fn parse(json: &Value, members: &[&str]) -> Option<Self> {
        let whose = if members.contains(&json["id"].as_str()?) { Whose::Ours } else { Whose::Theirs };
        let manifest = PathBuf::from(json["manifest_path"].as_str()?);
        let targets = json["targets"].as_array()?.iter();
        let examples = targets.filter(|target| target["kind"][0] == "example");
        Some(Self {
            name: json["name"].as_str()?.to_owned(),
            version: json["version"].as_str()?.to_owned(),
            folder: manifest.parent()?.to_owned(),
            licence: json["license"].as_str().map(str::to_owned),
            features: json["features"].as_object()?.keys().cloned().collect(),
            dependencies: json["dependencies"].as_array()?.iter().map(Dependency::parse).collect::<Option<_>>()?,
            examples: examples.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect(),
            whose,
        })
    }
}

impl Dependency {
    fn parse(json: &Value) -> Option<Self> {
        let kind = match json["kind"].as_str() {
            None => Kind::Normal,
            Some("build") => Kind::Build,
            Some("dev") => Kind::Dev,
            Some(_) => return None,
        };
        Some(Self { name: json["name"].as_str()?.to_owned(), kind })
    }
}

fn strings(json: &Value) -> Option<Vec<&str>> {
    json.as_array()?.iter().map(Value::as_str).collect()
}

#[cfg(test)]
mod tests;
