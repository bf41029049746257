//! Every job of this repository as a command: `cargo xtask <command>`.
//!
//! What CI does is what a person can do: the workflows call these commands and nothing else. The list of packages,
//! features and examples comes from `cargo metadata`, so that a new crate is checked from its first day.
#![forbid(unsafe_code)]

mod bench;
mod ci;
mod deny;
mod deps;
mod docs;
mod examples;
mod failure;
mod features;
mod fuzz;
mod long;
mod mutants;
mod options;
mod setup;
mod shell;
mod size;
mod skips;
mod system;
mod tls;
mod watch;
mod workspace;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use failure::{Failure, Outcome};
use options::Options;
use workspace::Workspace;

const HELP: &str = "\
cargo xtask <command>

  ci [STEP…] [--except STEP]      every check for a change, or the named ones; `ci --list` names them
  deps [--mermaid]                who depends on whom in the workspace; fails on an arrow that is not allowed
  size [--top N]                  lengths of files and functions, tests left out; a report, not a gate
  examples [NAME…]                builds, starts, exercises and stops the examples
  features                        checks each package alone with no, all and each single feature
  deny                            licences, bans and layers; with cargo-deny also advisories
  docs [--check]                  fills the generated parts of the guide, or checks that they are up to date
  tls                             the TLS backends that need packages of the system, alone and all in one program
  fuzz [TARGET…] [--secs N]       runs each fuzz target for N seconds (10)
  mutants [FILE…] [--base REV] [--all] [--shard K/N]
                                  whether tests notice small changes: to what differs from a base, to files, or to everything
  long                            the tests that are marked as ignored: many idle connections, many reloads
  skips [--begin] STEP            what a step of `ci` left out, against what it may leave out
  watch                           prints what to put into the environment of `cargo test`, so that tests that hang are named
  bench [WORKLOAD,…] [--rounds N] [--secs N] [--setup] [--pingora]
                                  the load balancer side by side with other proxies; see bench/README.md
  bench idle | bench syscalls     memory of idle connections; system calls per request
  setup                           installs what the optional commands and some tests need
";

fn main() -> ExitCode {
    let mut args = env::args();
    let called = args.next().unwrap_or_default();
    if watch::is_runner(Path::new(&called)) {
        return watch::main(args);
    }
    let command = args.next().unwrap_or_default();
    match Options::parse(args).and_then(|options| dispatch(&command, &options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, options: &Options) -> Outcome {
    let load = Workspace::load;
    match command {
        "ci" => ci::command(&load()?, options),
        "deps" => deps::command(&load()?, options),
        "size" => size::command(&load()?, options),
        "examples" => examples::command(&load()?, options),
        "features" => features::command(&load()?, options),
        "deny" => deny::command(&load()?, options),
        "docs" => docs::command(&load()?, options),
        "tls" => tls::command(&load()?, options),
        "fuzz" => fuzz::command(&load()?, options),
        "mutants" => mutants::command(&load()?, options),
        "long" => long::command(),
        "bench" => bench::command(&load()?, options),
        "skips" => skips::command(&load()?, options),
        "watch" => watch::command(),
        "setup" => setup::command(&load()?, options),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(Failure::new(format!("no command `{other}`\n\n{HELP}"))),
    }
}
