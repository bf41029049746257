//! Programs that others wrote, as clients and servers. What is not installed is left out, which is said; `cargo xtask ci` fails for it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::child::installed;
use super::soon;

/// Whether to go on; says so if not.
pub fn there(program: &str) -> bool {
    if installed(program) {
        return true;
    }
    simplon_testkit::skip(program);
    false
}

/// Runs a command beside the runtime.
pub async fn run(mut command: Command) -> Output {
    soon("a program", tokio::task::spawn_blocking(move || command.output().unwrap())).await.unwrap()
}

/// Whether it said that all was well, and all that it wrote.
pub fn said(output: &Output) -> (bool, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

/// curl, which looks neither at its own settings nor at the environment's.
pub async fn curl(args: &[&str]) -> (bool, String) {
    let mut command = Command::new("curl");
    command.args(["--disable", "--silent", "--show-error", "--max-time", "15", "--noproxy", ""]).args(args);
    command.env_remove("http_proxy").env_remove("HTTP_PROXY").env_remove("ALL_PROXY").env_remove("all_proxy");
    said(&run(command).await)
}

/// A folder that goes away with its files.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty one.
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("simplon-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file; gives its path.
    pub fn file(&self, name: &str, octets: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, octets).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
