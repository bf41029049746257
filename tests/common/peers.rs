//! Clients and servers in other languages: those in `tests/peers`.

use std::env;
use std::process::Command;

use super::soon;

/// What `grpc_peer.py client` tries.
pub const CALLS: [&str; 11] = [
    "unary",
    "empty",
    "client streaming",
    "server streaming",
    "bidirectional",
    "trailers-only error",
    "unknown method",
    "deadline exceeded",
    "cancellation",
    "four megabytes",
    "many at once",
];
/// What `websocket_peer.py client` tries.
pub const CONVERSATIONS: [&str; 6] =
    ["subprotocol", "messages", "fragments", "ping", "without compression", "closed by the origin"];

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
        simplon_testkit::skip("python-peers");
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

/// Whether all of these went well, and nothing else was tried.
#[track_caller]
pub fn all_ok(text: &str, names: &[&str]) {
    let wanted: Vec<String> = names.iter().map(|name| format!("ok {name}")).collect();
    assert_eq!(text.lines().collect::<Vec<_>>(), wanted, "{text}");
}
