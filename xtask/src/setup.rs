//! `cargo xtask setup`: what the optional commands and some tests need, by Debian package and, for peers in Python, by `pip`.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::options::Options;
use crate::shell;
use crate::workspace::Workspace;

/// A program, the Debian package that brings it, and who asks for it.
pub(crate) const TOOLS: &[(&str, &str, &str)] = &[
    ("curl", "curl", "examples"),
    ("python3", "python3", "bench, and peers in tests"),
    ("taskset", "util-linux", "bench"),
    ("nginx", "nginx-light", "bench: a peer, and the origin of every run"),
    ("haproxy", "haproxy", "bench: a peer"),
    ("openssl", "openssl", "bench: the certificate of the peers"),
    ("wrk", "wrk", "bench: load"),
    ("h2load", "nghttp2-client", "bench: load"),
    ("strace", "strace", "bench syscalls"),
    ("g++", "g++", "fuzz"),
    ("node", "nodejs", "tests: a peer"),
];

/// What peers in `tests/peers` import.
const PYTHON: &[&str] = &["grpcio>=1.60", "websockets>=14"];

pub(crate) fn command(workspace: &Workspace, _options: &Options) -> Outcome {
    let missing: Vec<_> = TOOLS.iter().filter(|(program, ..)| !shell::installed(program)).collect();
    for (program, package, purpose) in TOOLS {
        let state = if shell::installed(program) { "there" } else { "missing" };
        println!("{program:9} {state:8} package {package:15} for {purpose}");
    }
    if !missing.is_empty() {
        let packages: Vec<&str> = missing.iter().map(|(_, package, _)| *package).collect();
        install(&packages)?;
    }
    python_peers(workspace)
}

/// An environment of Python in the target folder, for the peers of tests; kept if it is complete.
pub(crate) fn python_peers(workspace: &Workspace) -> Outcome {
    let folder = workspace.target.join("python-peers");
    let python = folder.join("bin/python");
    let complete = |python: &Path| shell::capture(Command::new(python).args(["-c", "import grpc, websockets"])).is_ok();
    if complete(&python) {
        return Ok(());
    }
    // Debian has that part of Python in a package of its own.
    if shell::capture(Command::new("python3").args(["-c", "import ensurepip"])).is_err() {
        install(&["python3-venv"])?;
    }
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    shell::run(
        Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PYTHON),
    )
}

/// Installs Debian packages, or says how somebody else can.
pub(crate) fn install(packages: &[&str]) -> Outcome {
    let line = packages.join(" ");
    if !shell::installed("apt-get") {
        return Err(Failure::new(format!("no apt-get here; install what these Debian packages hold: {line}")));
    }
    if shell::capture(Command::new("id").arg("-u"))?.trim() != "0" {
        return Err(Failure::new(format!("not root; run: sudo apt-get install --no-install-recommends {line}")));
    }
    shell::run(Command::new("apt-get").args(["update", "-qq"]))?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    shell::run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(install).args(packages))
}
