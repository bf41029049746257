//! Tests that a machine cannot hold: said where it is seen, and written down where somebody asks for it.
//!
//! The harness of `cargo test` has no word for a test that did not do what it is for: it counts as passed. So a test that has to leave itself out
//! calls [`skip`], which writes past the capture of output, and `cargo xtask ci` compares what was left out with what may be (`xtask/skips.txt`).
//!
//! ```
//! if !std::path::Path::new("/proc/self/status").exists() {
//!     return simplon_testkit::skip("memory of the process");
//! }
//! ```

use std::fs::OpenOptions;
use std::io::Write;

/// Names the file that each skip is appended to, a line each.
pub const LIST: &str = "SIMPLON_SKIPS";

/// Says that something is left out because `what` is missing here: the name of a program, or of what the system does not give. The same thing has
/// one name in all tests.
///
/// Panics: where [`LIST`] names a file that cannot be written: the skip would be silent.
pub fn skip(what: &str) {
    // Not by `eprintln!`, which the harness keeps to itself where a test passes.
    let thread = std::thread::current();
    let _ = writeln!(std::io::stderr(), "SKIPPED {}: no {what}", thread.name().unwrap_or("a test"));
    if let Some(list) = std::env::var_os(LIST) {
        let file = OpenOptions::new().create(true).append(true).open(&list);
        // One call for the whole line: other tests write at the same time.
        let written = file.and_then(|mut file| file.write_all(format!("{what}\n").as_bytes()));
        written.unwrap_or_else(|error| panic!("no {what}, and {}: {error}", list.display()));
    }
}
