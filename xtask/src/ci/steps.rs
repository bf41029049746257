//! The checks, cheap ones first.

use std::time::Duration;

use super::When::{Always, Named};
use super::{Clock, Done, Step};
use crate::failure::Outcome;
use crate::options::Options;
use crate::workspace::Workspace;
use crate::{bench, deny, deps, docs, examples, features, fuzz, long, setup, shell, size, system, tls};

pub(super) const ALL: &[Step] = &[
    Step { name: "fmt", about: "the source is formatted", when: Always, run: fmt },
    Step { name: "deps", about: "no crate names one above it", when: Always, run: arrows },
    Step { name: "pages", about: "generated parts of the guide are up to date", when: Always, run: pages },
    Step { name: "size", about: "lengths of files and functions, to look at", when: Always, run: sizes },
    Step { name: "clippy", about: "no lint fires", when: Always, run: clippy },
    Step { name: "test", about: "all tests pass", when: Always, run: test },
    Step {
        name: "floods",
        about: "each flood of HTTP/2 for ten seconds, and how long others wait",
        when: Named,
        run: floods,
    },
    Step {
        name: "long",
        about: "ten thousand idle connections, a hundred thousand reloads",
        when: Named,
        run: long_tests,
    },
    Step { name: "doc", about: "the documentation builds without a warning", when: Always, run: doc },
    Step {
        name: "features",
        about: "each package compiles alone, with each of its features; with all, its tests pass",
        when: Always,
        run: each_feature,
    },
    Step {
        name: "tls",
        about: "the other TLS backends, alone, together, and with clients of others",
        when: Always,
        run: tls_backends,
    },
    Step { name: "examples", about: "every example starts, serves and stops", when: Always, run: every_example },
    Step { name: "bench", about: "benchmarks compile, the comparison's scripts parse", when: Always, run: benches },
    Step { name: "fuzz", about: "each fuzz target runs for a short while", when: Always, run: fuzz_smoke },
    Step { name: "deny", about: "licences, bans, layers and advisories", when: Always, run: dependencies },
];

/// Building cargo-deny takes about five minutes on two cores: only where the run has been quick so far.
const TIME_LEFT_FOR_CARGO_DENY: Duration = Duration::from_secs(18 * 60);

/// What is left out then: our own check has passed.
const NO_ADVISORIES: &str = "cargo-deny: no advisories";

fn fmt(_: &Workspace, _: &Clock) -> Outcome<Done> {
    checked(shell::run(shell::cargo("fmt").args(["--all", "--check"])))
}

fn arrows(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    checked(deps::command(workspace, &Options::default()))
}

fn pages(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    checked(docs::check(workspace))
}

fn sizes(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    checked(size::command(workspace, &Options::default()))
}

fn clippy(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    let mut command = shell::cargo_locked("clippy");
    command.arg("--all-targets").args(system::all_features(workspace));
    checked(shell::run(command.args(["--", "-D", "warnings"])))
}

fn test(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    if shell::in_ci() {
        setup::for_tests(workspace)?;
    }
    checked(shell::run(&mut shell::cargo_test()?))
}

fn floods(_: &Workspace, _: &Clock) -> Outcome<Done> {
    let mut command = shell::cargo_test()?;
    command.args(["--package", "simplon", "--test", "floods", "--"]);
    command.args(["--ignored", "--exact", "each_flood_for_ten_seconds", "--nocapture"]);
    checked(shell::run(&mut command))
}

fn long_tests(_: &Workspace, _: &Clock) -> Outcome<Done> {
    checked(long::command())
}

fn doc(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    let mut command = shell::cargo_locked("doc");
    command.env("RUSTDOCFLAGS", "-D warnings").arg("--no-deps").args(system::all_features(workspace));
    checked(shell::run(&mut command))
}

fn each_feature(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    if shell::in_ci() {
        setup::for_tests(workspace)?;
    }
    checked(features::command(workspace, &Options::default()))
}

fn tls_backends(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    let missing = tls::missing();
    if !shell::in_ci() && !missing.is_empty() {
        let line = missing.join(" ");
        return Ok(Done::Skipped(format!("Debian packages {line} (`cargo xtask tls` installs them)")));
    }
    checked(tls::command(workspace, &Options::default()))
}

fn every_example(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    checked(examples::command(workspace, &Options::default()))
}

fn benches(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    shell::run(shell::cargo_locked("check").args(["--benches"]))?;
    checked(bench::check_sources(workspace))
}

fn fuzz_smoke(workspace: &Workspace, _: &Clock) -> Outcome<Done> {
    if fuzz::targets(&workspace.root)?.is_empty() {
        return Ok(Done::Skipped("fuzz targets".to_owned()));
    }
    if !shell::installed("g++") {
        return Ok(Done::Skipped("g++, for the library of the fuzzer (`cargo xtask setup`)".to_owned()));
    }
    if !shell::in_ci() && !shell::installed("cargo-fuzz") {
        return Ok(Done::Skipped("cargo-fuzz (`cargo install --locked cargo-fuzz`)".to_owned()));
    }
    checked(fuzz::command(workspace, &Options::default()))
}

fn dependencies(workspace: &Workspace, clock: &Clock) -> Outcome<Done> {
    deny::own(workspace)?;
    if !shell::installed("cargo-deny") {
        if !shell::in_ci() || clock.elapsed() > TIME_LEFT_FOR_CARGO_DENY {
            return Ok(Done::Skipped(NO_ADVISORIES.to_owned()));
        }
        if shell::run(shell::cargo("install").args(["--locked", "cargo-deny"])).is_err() {
            return Ok(Done::Skipped(NO_ADVISORIES.to_owned()));
        }
    }
    checked(deny::with_cargo_deny(workspace))
}

fn checked(outcome: Outcome) -> Outcome<Done> {
    outcome.map(|()| Done::Checked)
}
