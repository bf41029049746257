//! Running other programs, and saying so.

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{During, Failure, Outcome};
use crate::skips;
use crate::watch;

/// Cargo, the same one that runs this program.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg(subcommand);
    command
}

/// Cargo with `--locked` where a changed lock file would be a mistake.
pub(crate) fn cargo_locked(subcommand: &str) -> Command {
    let mut command = cargo(subcommand);
    if in_ci() {
        command.arg("--locked");
    }
    command
}

/// Prints the command and runs it with our own input and output; any exit code but 0 is a failure.
pub(crate) fn run(command: &mut Command) -> Outcome {
    println!("$ {}", show(command));
    flush();
    if let Some(list) = skips::handed_on() {
        command.env(skips::LIST, list);
    }
    let status = command.stdin(Stdio::null()).status().during(show(command))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` ended with {status}", show(command)))) }
}

/// Runs without printing and returns what the program wrote.
pub(crate) fn capture(command: &mut Command) -> Outcome<String> {
    let output = command.stdin(Stdio::null()).output().during(show(command))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failure::new(format!("`{}` ended with {}\n{said}", show(command), output.status)))
    }
}

/// Whether a program of this name is on the path.
pub(crate) fn installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Cargo's tests, each with a bound on its time: see `watch`.
pub(crate) fn cargo_test() -> Outcome<Command> {
    let mut command = cargo_locked("test");
    command.env(watch::variable()?, watch::runner()?);
    Ok(command)
}

/// The target of the machine itself.
pub(crate) fn host() -> Outcome<String> {
    let about = capture(Command::new("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::new("rustc -vV names no host"))
}

/// Whether nobody is watching: what is missing may be installed, and the lock file is law.
pub(crate) fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// Output of ours must not come after that of a child started later.
pub(crate) fn flush() {
    // Nobody is left to be told if standard output is gone.
    let _ = std::io::stdout().flush();
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut words = vec![program.to_string_lossy()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy()));
    words.join(" ")
}
