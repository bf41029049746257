//! `cargo xtask deps`: who depends on whom in the workspace, and whether it may.

use std::fmt::Write as _;

use crate::failure::{Failure, Outcome};
use crate::options::Options;
use crate::workspace::{Kind, Workspace};

/// One arrow between two members.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) kind: Kind,
}

/// Whom a member may name.
enum May {
    All,
    Only(&'static [&'static str]),
}

/// The layers. A new arrow is a decision: it belongs into this table and into `docs/src/architecture.md`.
const LAYERS: &[(&str, May)] = &[
    ("simplon", May::All),
    ("simplon-testkit", May::All),
    (
        "simplon-proxy",
        May::Only(&[
            "simplon-core",
            "simplon-proto-http",
            "simplon-proto-tls",
            "simplon-pool",
            "simplon-timeout",
            "simplon-cache",
        ]),
    ),
    ("simplon-load-balancing", May::Only(&["simplon-core"])),
    ("simplon-core", May::Only(&["simplon-proto-http", "simplon-proto-tls", "simplon-pool", "simplon-timeout"])),
    ("simplon-cache", May::Only(&["simplon-proto-http"])),
    ("simplon-proto-http", May::Only(&[])),
    (
        "simplon-proto-tls",
        May::Only(&[
            "simplon-proto-tls-seam",
            "simplon-proto-tls-rustls",
            "simplon-proto-tls-openssl",
            "simplon-proto-tls-boringssl",
            "simplon-proto-tls-s2n",
        ]),
    ),
    ("simplon-proto-tls-seam", May::Only(&[])),
    ("simplon-proto-tls-rustls", May::Only(&["simplon-proto-tls-seam"])),
    ("simplon-proto-tls-openssl", May::Only(&["simplon-proto-tls-seam"])),
    ("simplon-proto-tls-boringssl", May::Only(&["simplon-proto-tls-seam"])),
    ("simplon-proto-tls-s2n", May::Only(&["simplon-proto-tls-seam"])),
    ("simplon-proto-tls-suite", May::Only(&["simplon-proto-tls-seam"])),
    ("simplon-pool", May::Only(&[])),
    ("simplon-timeout", May::Only(&[])),
    ("simplon-limits", May::Only(&[])),
    ("xtask", May::Only(&[])),
];

/// What only tests may name, whoever's they are.
const FOR_TESTS: &[&str] = &["simplon-testkit", "simplon-proto-tls-suite"];

pub(crate) fn command(workspace: &Workspace, options: &Options) -> Outcome {
    let arrows = arrows(workspace);
    print!("{}", if options.has("--mermaid") { mermaid(&arrows) } else { text(workspace, &arrows) });
    let wrong: Vec<String> = arrows.iter().filter_map(refuse).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Failure::new(wrong.join("\n"))) }
}

/// Every arrow between members, sorted.
pub(crate) fn arrows(workspace: &Workspace) -> Vec<Arrow> {
    let ours = workspace.ours();
    let mut arrows: Vec<Arrow> = Vec::new();
    for package in &ours {
        for dependency in &package.dependencies {
            if ours.iter().any(|other| other.name == dependency.name) {
                let (from, to) = (package.name.clone(), dependency.name.clone());
                arrows.push(Arrow { from, to, kind: dependency.kind });
            }
        }
    }
    arrows.sort();
    arrows.dedup();
    arrows
}

/// Why an arrow may not be, or `None` if it may.
fn refuse(arrow: &Arrow) -> Option<String> {
    let Arrow { from, to, kind } = arrow;
    if FOR_TESTS.contains(&to.as_str()) {
        return (*kind != Kind::Dev).then(|| format!("{from} → {to}: only tests stand on the test kit"));
    }
    match LAYERS.iter().find(|(name, _)| name == from) {
        None => Some(format!("{from} → {to}: {from} has no place in the layers (xtask/src/deps.rs)")),
        Some((_, May::All)) => None,
        Some((_, May::Only(allowed))) if allowed.contains(&to.as_str()) => None,
        Some((_, May::Only(_))) => Some(format!("{from} → {to}: not among the arrows of docs/src/architecture.md")),
    }
}

/// One line per member, as also shown in the guide.
pub(crate) fn text(workspace: &Workspace, arrows: &[Arrow]) -> String {
    let ours = workspace.ours();
    let width = ours.iter().map(|package| package.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for package in ours {
        let to = |kind| {
            let of_kind = arrows.iter().filter(move |a| a.from == package.name && a.kind == kind);
            of_kind.map(|arrow| arrow.to.as_str()).collect::<Vec<_>>().join(", ")
        };
        let (normal, dev) = (to(Kind::Normal), to(Kind::Dev));
        let normal = if normal.is_empty() { "nothing of ours" } else { &normal };
        // Writing into a String cannot fail.
        let _ = write!(out, "{:width$} → {normal}", package.name);
        let _ = if dev.is_empty() { writeln!(out) } else { writeln!(out, " (tests: {dev})") };
    }
    out
}

/// The same as a mermaid graph; test arrows dotted.
fn mermaid(arrows: &[Arrow]) -> String {
    let mut out = String::from("graph TD\n");
    for Arrow { from, to, kind } in arrows {
        let line = if *kind == Kind::Dev { "-.->" } else { "-->" };
        let _ = writeln!(out, "  {from} {line} {to}");
    }
    out
}

#[cfg(test)]
mod tests;
