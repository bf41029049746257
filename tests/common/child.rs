//! Programs as child processes: the examples of this package, and what is asked of processes.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::LONG;

/// A program that is killed when the test ends, with its lines of standard output.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    seen: Mutex<Vec<String>>,
}

impl Program {
    /// Starts it; its standard error goes where the test's does.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, seen: Mutex::default() }
    }

    /// Reads its output no more: after one more line, the pipe is broken.
    pub fn close_output(&mut self) {
        self.lines = channel().1;
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that fits; lines before it are kept for [`Self::output`].
    pub fn line(&self, fits: impl Fn(&str) -> bool) -> String {
        let by = Instant::now() + LONG;
        loop {
            let left = by.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.seen.lock().unwrap().push(line.clone());
                    if fits(&line) {
                        return line;
                    }
                }
                Err(error) => panic!("{error}; so far: {:#?}", self.seen.lock().unwrap()),
            }
        }
    }

    /// The address in the line that tells it.
    pub fn listening(&self) -> SocketAddr {
        let line = self.line(|line| line.starts_with("listening on http://"));
        line.trim_start_matches("listening on http://").trim().parse().unwrap()
    }

    /// All lines until it ends, or for so long.
    pub fn output(&self, patience: Duration) -> Vec<String> {
        let by = Instant::now() + patience;
        loop {
            match self.lines.recv_timeout(by.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.lock().unwrap().push(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return self.seen.lock().unwrap().clone();
                }
            }
        }
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        let by = Instant::now() + LONG;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < by, "the program does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Seconds of processor time that it has used.
    pub fn cpu(&self) -> Duration {
        cpu_of(&format!("/proc/{}/stat", self.id()))
    }

    /// Octets of memory that it holds.
    pub fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of this process.
pub fn own_cpu() -> Duration {
    cpu_of("/proc/self/stat")
}

/// User and system time are the 14th and 15th field, in ticks of 10 ms (proc(5)).
fn cpu_of(stat: &str) -> Duration {
    let stat = std::fs::read_to_string(stat).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Descriptors that this process may be given at most.
pub fn most_descriptors() -> usize {
    let asked = Command::new("sh").args(["-c", "ulimit -Hn"]).output().unwrap();
    String::from_utf8_lossy(&asked.stdout).trim().parse().unwrap_or(usize::MAX)
}

/// Where an example of this package is; it is built if it is not there.
pub fn example(name: &str) -> PathBuf {
    static BUILDING: Mutex<()> = Mutex::new(());
    // …/debug/deps/this-program: the examples are in …/debug/examples.
    let deps = env::current_exe().unwrap();
    let profile = deps.ancestors().nth(2).unwrap();
    let path = profile.join("examples").join(name);
    let _alone = BUILDING.lock();
    if !path.exists() {
        build(name, profile);
    }
    path
}

fn build(name: &str, profile: &Path) {
    let release = profile.file_name() == Some(OsStr::new("release"));
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--example", name]).current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.env("CARGO_TARGET_DIR", profile.parent().unwrap());
    if release {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "the example {name} cannot be built");
}

/// Whether a program can be started here.
pub fn installed(name: &str) -> bool {
    static FOUND: OnceLock<Mutex<Vec<(String, bool)>>> = OnceLock::new();
    let mut found = FOUND.get_or_init(Mutex::default).lock().unwrap();
    if let Some((_, there)) = found.iter().find(|(known, _)| known == name) {
        return *there;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let there = env::split_paths(&path).any(|folder| folder.join(name).is_file());
    found.push((name.to_owned(), there));
    there
}
