//! A test in a process of its own, for what is a property of the process: descriptors, processor time, the network it sees.
//!
//! The test starts itself again, so that it is one test which counts once:
//!
//! ```no_run
//! # fn few_descriptors() {
//! // In a test of yours, named `few_descriptors`:
//! if !simplon_testkit::apart("few_descriptors", "ulimit -n 64") {
//!     return; // It has passed, in the other process.
//! }
//! # }
//! ```

use std::env;
use std::process::Command;

/// Which test a process was started for.
const APART: &str = "SIMPLON_TEST_APART";

/// Whether this process was started for this test.
pub fn is_apart(test: &str) -> bool {
    env::var(APART).is_ok_and(|inside| inside == test)
}

/// Whether this is the process of its own. If it is not, runs `test`, the one that calls, in a shell that did `before`, and returns once it passed.
///
/// Panics: if it fails there, or there is no test of that name.
pub fn apart(test: &str, before: &str) -> bool {
    apart_by(Command::new("sh").arg("-c"), test, before)
}

/// The same, where `shell` is a command that takes a script as its next argument, and arguments of the script after it.
///
/// Panics: if it fails there, there is no test of that name, or the command cannot be started.
pub fn apart_by(shell: &mut Command, test: &str, before: &str) -> bool {
    if is_apart(test) {
        return true;
    }
    let myself = env::current_exe().unwrap();
    let script = format!("{before} && exec \"$0\" --exact --nocapture --include-ignored {test}");
    let outcome = shell.arg(script).arg(myself).env(APART, test).output().unwrap();
    let text = String::from_utf8_lossy(&outcome.stdout) + String::from_utf8_lossy(&outcome.stderr);
    assert!(outcome.status.success() && text.contains("1 passed"), "{test}, apart: {text}");
    // What it measured, or left out.
    eprint!("{text}");
    false
}
