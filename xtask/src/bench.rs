//! `cargo xtask bench`: our load balancer side by side with other proxies, on this machine and on loopback only.
//!
//! The measuring is done by the scripts in `bench/`; this command builds what they compare and tells them where it is.

mod peers;

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::options::Options;
use crate::shell;
use crate::workspace::Workspace;
use peers::Peers;

/// What is compared when nothing is named.
const WORKLOADS: &str = "small,browser,100k";

/// So many connections with each of these proxies, which are all, and in each of these ways.
const IDLE: [&str; 3] = ["2000", "", "plain,tls,h2"];

pub(crate) fn command(workspace: &Workspace, options: &Options) -> Outcome {
    let peers = Peers::prepare(workspace, options)?;
    let subject = build(workspace)?;
    let first = options.words.first().map_or(WORKLOADS, String::as_str);
    let (script, mut args) = match first {
        "idle" => ("idle.py", IDLE.map(str::to_owned).to_vec()),
        "syscalls" => ("syscalls.py", Vec::new()),
        workloads => ("compare.py", vec![workloads.to_owned()]),
    };
    for name in ["--rounds", "--secs"] {
        args.extend(options.values(name).flat_map(|value| [name.to_owned(), value.to_owned()]));
    }
    let mut python = Command::new("python3");
    python.arg(workspace.root.join("bench").join(script)).args(args);
    shell::run(python.env("PEERS", &peers.folder).env("SUBJECT", subject).env("PYTHONDONTWRITEBYTECODE", "1"))
}

/// For `ci`: what the comparison is made of parses, without running any of it.
pub(crate) fn check_sources(workspace: &Workspace) -> Outcome {
    let bench = workspace.root.join("bench");
    if shell::installed("cc") {
        shell::run(
            Command::new("cc").args(["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]).arg(bench.join("relay.c")),
        )?;
    }
    if !shell::installed("python3") {
        println!("python3 is not installed: the scripts are not parsed");
        return Ok(());
    }
    let parse = "import ast, sys\nfor path in sys.argv[1:]: ast.parse(open(path).read(), path)";
    let scripts = ["peers.py", "workloads.py", "compare.py", "idle.py", "syscalls.py"].map(|name| bench.join(name));
    shell::run(Command::new("python3").args(["-c", parse]).args(scripts))
}

/// The path of the example in release.
fn build(workspace: &Workspace) -> Outcome<String> {
    shell::run(shell::cargo_locked("build").args(["--release", "--package", "simplon", "--example", "load_balancer"]))?;
    text(&workspace.target.join("release/examples/load_balancer"))
}

fn text(path: &Path) -> Outcome<String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Failure::new(format!("{} is not text, and the scripts need it to be", path.display())))
}
