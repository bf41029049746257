//! `cargo xtask setup`: what the optional commands and some tests need, by Debian package and, for peers in Python, by `pip`.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::options::Options;
use crate::shell;
use crate::workspace::Workspace;

/// A program, the Debian package that brings it, and who asks for it.
pub(crate) const TOOLS: &[(&str, &str, &str)] = &[
    ("curl", "curl", "examples, tests"),
    ("openssl", "openssl", "tests, bench: the certificate of the peers"),
    ("python3", "python3", "tests, bench"),
    ("node", "nodejs", "tests"),
    ("nginx", "nginx-light", "tests, bench: a peer, and the origin of every run"),
    ("wrk", "wrk", "tests, bench"),
    ("nghttp", "nghttp2-client", "tests"),
    ("h2load", "nghttp2-client", "tests, bench"),
    ("taskset", "util-linux", "bench"),
    ("haproxy", "haproxy", "bench: a peer"),
    ("strace", "strace", "bench syscalls"),
    ("g++", "g++", "fuzz"),
];

/// What peers in `tests/peers` import.
const PYTHON: &[&str] = &["grpcio>=1.60", "websockets>=14"];

pub(crate) fn command(workspace: &Workspace, _options: &Options) -> Outcome {
    for (program, package, purpose) in TOOLS {
        let state = if shell::installed(program) { "there" } else { "missing" };
        println!("{program:9} {state:8} package {package:15} for {purpose}");
    }
    bring(|_| true)?;
    python_peers(workspace)
}

/// What tests ask for: clients and servers of others.
pub(crate) fn for_tests(workspace: &Workspace) -> Outcome {
    bring(|purpose| purpose.contains("tests"))?;
    python_peers(workspace)
}

/// Installs what is missing of the programs for these purposes.
fn bring(wanted: impl Fn(&str) -> bool) -> Outcome {
    let missing = TOOLS.iter().filter(|(program, _, purpose)| wanted(purpose) && !shell::installed(program));
    let mut packages: Vec<&str> = missing.map(|(_, package, _)| *package).collect();
    packages.dedup();
    if packages.is_empty() { Ok(()) } else { install(&packages) }
}

/// An environment of Python in the target folder, for the peers of tests; kept if it is complete.
fn python_peers(workspace: &Workspace) -> Outcome {
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
    let Some(apt_get) = apt_get()? else {
        return Err(Failure::new(format!("not root; run: sudo apt-get install --no-install-recommends {line}")));
    };
    shell::run(apt_get().args(["update", "-qq"]))?;
    shell::run(apt_get().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))
}

/// As root, or where nobody is watching and `sudo` asks no questions.
fn apt_get() -> Outcome<Option<fn() -> Command>> {
    let is_root = shell::capture(Command::new("id").arg("-u"))?.trim() == "0";
    let may = || shell::in_ci() && shell::capture(Command::new("sudo").args(["-n", "true"])).is_ok();
    Ok(match (is_root, !is_root && may()) {
        (true, _) => Some(|| {
            let mut command = Command::new("apt-get");
            command.env("DEBIAN_FRONTEND", "noninteractive");
            command
        }),
        (false, true) => Some(|| {
            let mut command = Command::new("sudo");
            command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            command
        }),
        (false, false) => None,
    })
}
