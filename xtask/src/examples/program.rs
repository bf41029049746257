//! A running example: where it listens, what it says, and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{During, Failure, Outcome};
use crate::shell;

/// From start to the line with the address.
const TO_LISTEN: Duration = Duration::from_secs(10);
/// From SIGTERM to the end of the process, with no request under way.
const TO_STOP: Duration = Duration::from_secs(15);

/// Killed on drop, so that a failed check leaves nothing behind.
pub(super) struct Program {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Program {
    /// Starts it on a free port of the loopback.
    pub(super) fn start(path: &Path, args: &[&str]) -> Outcome<Self> {
        let mut command = Command::new(path);
        command.args(["--listen", "127.0.0.1:0"]).args(args);
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().during(path.display())?;
        let (send, lines) = mpsc::channel();
        if let Some(out) = child.stdout.take() {
            forward(out, send.clone());
        }
        if let Some(err) = child.stderr.take() {
            forward(err, send);
        }
        Ok(Self { child, lines, said: Vec::new() })
    }

    /// Waits for the line `listening on …`.
    pub(super) fn address(&mut self) -> Outcome<SocketAddr> {
        self.find("listening on ADDRESS", listening_on)
    }

    /// Waits for the line `try: curl …`, and gives what follows there.
    pub(super) fn suggestion(&mut self) -> Outcome<String> {
        self.find("try: curl WORDS", |line| line.strip_prefix("try: curl ").map(str::to_owned))
    }

    /// Reads on until a line has what is looked for.
    fn find<T>(&mut self, what: &str, in_line: impl Fn(&str) -> Option<T>) -> Outcome<T> {
        let end = Instant::now() + TO_LISTEN;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let found = in_line(&line);
                    self.said.push(line);
                    if let Some(found) = found {
                        return Ok(found);
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Err(Failure::new(format!("no line `{what}`"))),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::new(format!("ended before it said `{what}`")));
                }
            }
        }
    }

    /// Asks it to stop; the exit code must be 0.
    pub(super) fn stop(&mut self) -> Outcome {
        let id = self.child.id().to_string();
        shell::capture(Command::new("sh").args(["-c", &format!("kill -TERM {id}")]))?;
        let status = self.wait()?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("ended with {status} after SIGTERM"))) }
    }

    /// All it printed so far, indented.
    pub(super) fn said(&mut self) -> String {
        self.said.extend(self.lines.try_iter());
        self.said.iter().map(|line| format!("    | {line}\n")).collect()
    }

    fn wait(&mut self) -> Outcome<ExitStatus> {
        let end = Instant::now() + TO_STOP;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().during("wait for the example")? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(Failure::new(format!("still running {} s after SIGTERM", TO_STOP.as_secs())))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines in a thread of its own until the other side closes.
fn forward(from: impl Read + Send + 'static, to: mpsc::Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                return;
            }
        }
    });
}

/// The address in `… listening on [http://]127.0.0.1:8080 …`.
pub(super) fn listening_on(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on ")?;
    let word = rest.split_whitespace().next()?;
    let address = word.split_once("://").map_or(word, |(_, address)| address);
    address.trim_end_matches(['/', ',', '.', ';']).parse().ok()
}
