//! A bound on the time of every test: `env "$(cargo xtask watch)" cargo test` ends a test that does not end, and names it.
//!
//! Cargo calls a runner with each program of tests where `CARGO_TARGET_<TRIPLE>_RUNNER` says so; that is what `cargo xtask watch` prints, and what
//! all commands of this program that test have set. The runner is this program again, called by another name. All that the program says passes through. The harness says once of each test that it has been
//! running for a minute; from then on it has [`PATIENCE`]. Where tests run one after another the harness says nothing of the kind, but has
//! printed the name: a program that is silent for [`SILENCE`] is ended too.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{During, Failure, Outcome};
use crate::shell;

/// For one test, beyond the minute after which the harness names it. The slowest takes two in all, and thrice that on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(600);
/// Without a word of the whole program, which may be one test.
const SILENCE: Duration = Duration::from_secs(420);
/// How the harness names a test that takes its time.
const SLOW: &str = " has been running for over ";

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    patience: Duration,
    silence: Duration,
}

const BOUNDS: Bounds = Bounds { patience: PATIENCE, silence: SILENCE };

/// Prints the variable and its value.
pub(crate) fn command() -> Outcome {
    println!("{}={}", variable()?, runner()?.display());
    Ok(())
}

/// The runner: runs the program that is named first, with the other arguments, and ends as it does.
pub(crate) fn main(mut args: env::Args) -> ExitCode {
    let outcome =
        args.next().ok_or_else(|| Failure::new("no program to watch")).and_then(|program| run(&program, args));
    outcome.unwrap_or_else(|failure| {
        eprintln!("xtask: {failure}");
        ExitCode::FAILURE
    })
}

/// A copy of this program that cargo does not replace while it runs, and whose name says what it is for.
pub(crate) fn runner() -> Outcome<PathBuf> {
    let myself = env::current_exe().during("where this program is")?;
    // TARGET/debug/xtask.
    let folder = myself.ancestors().nth(2).ok_or_else(|| Failure::new("this program is in no target folder"))?;
    let path = folder.join(NAME);
    // A copy under way elsewhere is not seen.
    let fresh = folder.join(format!("{NAME}-{}", std::process::id()));
    fs::copy(&myself, &fresh).during(fresh.display())?;
    fs::rename(&fresh, &path).during(path.display())?;
    Ok(path)
}

/// What the copy is called: `main` looks at it.
const NAME: &str = "xtask-watch";

/// Whether this program was called by the name of the copy.
pub(crate) fn is_runner(called: &Path) -> bool {
    called.file_name().is_some_and(|name| name == NAME)
}

/// The variable by which cargo is told of a runner, for programs of this machine.
pub(crate) fn variable() -> Outcome<String> {
    Ok(format!("CARGO_TARGET_{}_RUNNER", shell::host()?.replace(['-', '.'], "_").to_uppercase()))
}

fn run(program: &str, args: env::Args) -> Outcome<ExitCode> {
    let mut command = Command::new(program);
    command.args(args);
    if !is_test(Path::new(program)) {
        return Err(Failure::new(format!("{program}: {}", command.exec())));
    }
    match watch(&mut command, &mut std::io::stdout(), BOUNDS)? {
        End::Code(code) => Ok(ExitCode::from(code)),
        End::Hangs(names) => {
            let names: String = names.iter().map(|name| format!("\n    {name}")).collect();
            // Where the results are read, and where errors are.
            println!("\ntests that did not end:{names}\n");
            eprintln!("error: tests that did not end, in {program}:{names}");
            Ok(ExitCode::from(101))
        }
    }
}

/// Cargo calls a runner for all that it runs: only tests and benchmarks are built into that folder, and rustdoc has one name for its own.
fn is_test(program: &Path) -> bool {
    let is_doctest = program.file_name().is_some_and(|name| name == "rust_out");
    is_doctest || program.parent().and_then(Path::file_name).is_some_and(|folder| folder == "deps")
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// By itself; with 101 where it was a signal.
    Code(u8),
    /// It was ended, because these tests did not.
    Hangs(Vec<String>),
}

/// Passes on what the program says, and ends it where a test takes longer than it may.
fn watch(command: &mut Command, out: &mut dyn Write, bounds: Bounds) -> Outcome<End> {
    let mut child = command.stdout(Stdio::piped()).spawn().during("the tests")?;
    let pieces = pieces(child.stdout.take().ok_or_else(|| Failure::new("the tests have no output"))?);
    let mut tests = Tests::new(bounds, Instant::now());
    loop {
        let left = tests.deadline().saturating_duration_since(Instant::now());
        match pieces.recv_timeout(left) {
            Ok(piece) => {
                // Nobody is left to be told if standard output is gone.
                let _ = out.write_all(&piece).and_then(|()| out.flush());
                tests.heard(&piece, Instant::now());
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                kill(child.id());
                child.wait().during("the tests")?;
                return Ok(End::Hangs(tests.late(Instant::now())));
            }
        }
    }
    let status = child.wait().during("the tests")?;
    if status.code().is_none() {
        eprintln!("error: the tests ended with {status}");
    }
    Ok(End::Code(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(101)))
}

/// What is read, as it comes.
fn pieces(mut from: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, pieces) = channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if sender.send(buffer[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    pieces
}

/// Which tests are known to run, from what the harness says.
struct Tests {
    bounds: Bounds,
    /// Said to be slow, and until when each may be.
    slow: Vec<(String, Instant)>,
    silent_since: Instant,
    /// The line that is not over yet: it names the test that runs, if one at a time does.
    line: Vec<u8>,
}

impl Tests {
    fn new(bounds: Bounds, now: Instant) -> Self {
        Self { bounds, slow: Vec::new(), silent_since: now, line: Vec::new() }
    }

    fn heard(&mut self, piece: &[u8], now: Instant) {
        self.silent_since = now;
        for &octet in piece {
            match octet {
                b'\n' => self.ended_line(now),
                // A line without an end is no word of the harness.
                _ if self.line.len() < 4096 => self.line.push(octet),
                _ => {}
            }
        }
    }

    fn ended_line(&mut self, now: Instant) {
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        let Some(said) = line.strip_prefix("test ") else { return };
        if let Some((name, _)) = said.split_once(SLOW) {
            self.slow.push((name.to_owned(), now + self.bounds.patience));
        } else if let Some((name, _)) = said.split_once(" ... ") {
            self.slow.retain(|(slow, _)| slow != name);
        }
    }

    fn deadline(&self) -> Instant {
        let silence = self.silent_since + self.bounds.silence;
        self.slow.iter().map(|(_, until)| *until).fold(silence, Instant::min)
    }

    /// Those whose time is over, or whatever was under way.
    fn late(&self, now: Instant) -> Vec<String> {
        let late: Vec<String> =
            self.slow.iter().filter(|(_, until)| *until <= now).map(|(name, _)| name.clone()).collect();
        if !late.is_empty() {
            return late;
        }
        let line = String::from_utf8_lossy(&self.line);
        let running = line.strip_prefix("test ").and_then(|said| said.strip_suffix(" ... "));
        let slow = self.slow.iter().map(|(name, _)| name.clone());
        let running: Vec<String> = running.map(str::to_owned).into_iter().chain(slow).collect();
        if running.is_empty() { vec!["(the harness has named none)".to_owned()] } else { running }
    }
}

/// Ends a process and all that it has started: they hold the output open, and the processors.
fn kill(id: u32) {
    let mut doomed = vec![id];
    let mut next = 0;
    while let Some(parent) = doomed.get(next) {
        let children = children(*parent);
        doomed.extend(children);
        next += 1;
    }
    let ids = doomed.iter().map(u32::to_string);
    // What has ended meanwhile need not be ended.
    let _ = Command::new("kill").arg("-KILL").args(ids).stderr(Stdio::null()).status();
}

/// Processes that this one has started, where `/proc` tells.
fn children(parent: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

/// The second field after the name, which is in brackets (proc(5)).
fn parent_of(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests;
