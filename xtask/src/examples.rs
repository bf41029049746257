//! `cargo xtask examples`: builds the examples, starts each on free ports, exercises it and stops it.

mod check;
mod failover;
mod origin;
mod program;
mod table;

use std::path::Path;
use std::time::Instant;

use crate::failure::{Failure, Outcome};
use crate::options::Options;
use crate::shell;
use crate::system;
use crate::workspace::Workspace;
use check::Check;
use program::Program;

/// One example and what it must do.
struct Example {
    name: &'static str,
    /// Added to `--listen 127.0.0.1:0`.
    args: &'static [&'static str],
    checks: &'static [Check],
    /// What a single question cannot show; starts the program by itself.
    story: Option<fn(&Path) -> Outcome>,
}

pub(crate) fn command(workspace: &Workspace, options: &Options) -> Outcome {
    let chosen = choose(&options.words)?;
    complete(workspace)?;
    if !shell::installed("curl") {
        return Err(Failure::new("curl is not installed (`cargo xtask setup`)"));
    }
    let facade = system::plain(workspace).into_iter().find(|package| package.name == "simplon");
    let features = facade.map(|package| system::plain_features(package).join(",")).unwrap_or_default();
    let build = ["--package", "simplon", "--examples", "--features", &features];
    shell::run(shell::cargo_locked("build").args(build))?;
    let failed: Vec<&str> = chosen.into_iter().filter(|e| !report(workspace, e)).map(|e| e.name).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("examples failed: {}", failed.join(", ")))) }
}

fn choose(names: &[String]) -> Outcome<Vec<&'static Example>> {
    if let Some(unknown) = names.iter().find(|name| !table::ALL.iter().any(|example| example.name == *name)) {
        return Err(Failure::new(format!("no example `{unknown}` in the table")));
    }
    let wanted = |example: &&Example| names.is_empty() || names.iter().any(|name| name == example.name);
    Ok(table::ALL.iter().filter(wanted).collect())
}

/// Every example stands in the table, and the table names no other.
fn complete(workspace: &Workspace) -> Outcome {
    let there: Vec<&str> = workspace
        .ours()
        .into_iter()
        .filter(|p| p.name == "simplon")
        .flat_map(|p| &p.examples)
        .map(String::as_str)
        .collect();
    let named = |name: &str| table::ALL.iter().any(|example| example.name == name);
    let missing = table::ALL.iter().map(|example| example.name).filter(|name| !there.contains(name));
    let untried = there.iter().filter(|name| !named(name));
    let wrong: Vec<String> = missing
        .map(|name| format!("examples/{name}.rs does not exist"))
        .chain(
            untried.map(|name| format!("examples/{name}.rs is not exercised: add it to xtask/src/examples/table.rs")),
        )
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Failure::new(wrong.join("\n"))) }
}

/// Tries one example, prints the result with what the program said if it was bad.
fn report(workspace: &Workspace, example: &Example) -> bool {
    let start = Instant::now();
    let tried = attempt(workspace, example);
    let took = start.elapsed().as_secs_f64();
    match &tried {
        Ok(()) => println!("{:16} {took:>5.1} s  ok, {}", example.name, tried_what(example)),
        Err(failure) => println!("{:16} {took:>5.1} s  FAILED: {failure}", example.name),
    }
    shell::flush();
    tried.is_ok()
}

fn tried_what(example: &Example) -> String {
    let story = if example.story.is_some() { " and a story" } else { "" };
    let args: String = example.args.iter().map(|arg| format!(" {arg}")).collect();
    format!("{} checks{story}{args}", example.checks.len())
}

fn attempt(workspace: &Workspace, example: &Example) -> Outcome {
    let path = workspace.target.join("debug/examples").join(example.name);
    let mut program = Program::start(&path, example.args)?;
    let outcome = exercise(&mut program, example);
    outcome.map_err(|failure| Failure::new(format!("{failure}\n{}", program.said())))?;
    example.story.map_or(Ok(()), |story| story(&path))
}

fn exercise(program: &mut Program, example: &Example) -> Outcome {
    let address = program.address()?;
    example.checks.iter().try_for_each(|check| check.run(program, address))?;
    program.stop()
}

#[cfg(test)]
mod tests;
