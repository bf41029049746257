//! Clients and servers in other languages: those in `tests/peers`.

use std::env;
use std::process::Command;

use super::soon;

/// Where one is.
pub fn path(name: &str) -> String {
    format!("{}/tests/peers/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// One of them, in the environment that `cargo xtask setup` makes; `None` if there is none, which is said.
pub fn python(name: &str) -> Option<Command> {
    // TARGET/debug/deps/this-program.
    let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let python = target.join("python-peers/bin/python");
    if !python.exists() {
        assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "no {}: run `cargo xtask setup`", python.display());
        eprintln!("left out: no {} (`cargo xtask setup` makes it)", python.display());
        return None;
    }
    let mut command = Command::new(python);
    command.arg(path(name));
    Some(command)
}

/// What it prints until it ends; fails when it does.
pub async fn output(mut command: Command) -> String {
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = soon("a peer", run).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}
