//! One thing an example must do, seen from outside.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::program::Program;
use crate::failure::{During, Failure, Outcome};
use crate::shell;

/// Nothing here takes longer than this on a working example.
const PATIENCE: Duration = Duration::from_secs(5);

/// What to send and what must come back.
pub(super) enum Check {
    /// One request by curl.
    Curl {
        /// Added to curl's own arguments.
        args: &'static [&'static str],
        path: &'static str,
        status: u16,
        /// Found in the head, letter case ignored, or in the body, to the letter.
        has: &'static [&'static str],
    },
    /// The same behind TLS, whose certificate nobody vouches for.
    Tls { args: &'static [&'static str], path: &'static str, status: u16, has: &'static [&'static str] },
    /// The first command of curl that the program says to try (`try: curl …`).
    Said { status: u16, has: &'static [&'static str] },
    /// That many requests in a row give at least so many different bodies.
    Spread { path: &'static str, requests: usize, bodies: usize },
    /// Of at most so many requests in a row, one is answered with this status.
    Burst { path: &'static str, requests: usize, status: u16, has: &'static [&'static str] },
    /// Octets written to the socket in steps; after each one, what must have come back.
    Raw { steps: &'static [(&'static [u8], &'static [u8])] },
}

impl Check {
    pub(super) fn run(&self, program: &mut Program, address: SocketAddr) -> Outcome {
        match *self {
            Self::Curl { args, path, status, has } => judge(&curl(address, path, args)?, path, status, has),
            Self::Tls { args, path, status, has } => judge(&curl_tls(address, path, args)?, path, status, has),
            Self::Said { status, has } => said(&program.suggestion()?, status, has),
            Self::Spread { path, requests, bodies } => spread(address, path, requests, bodies),
            Self::Burst { path, requests, status, has } => burst(address, path, requests, status, has),
            Self::Raw { steps } => raw(address, steps),
        }
    }
}

/// Head and body of the answer as curl shows them.
fn curl(address: SocketAddr, path: &str, args: &[&str]) -> Outcome<String> {
    shell::capture(plain_curl().args(args).arg(format!("http://{address}{path}")))
}

fn curl_tls(address: SocketAddr, path: &str, args: &[&str]) -> Outcome<String> {
    shell::capture(plain_curl().arg("-k").args(args).arg(format!("https://{address}{path}")))
}

fn said(words: &str, status: u16, has: &[&str]) -> Outcome {
    judge(&shell::capture(plain_curl().args(words.split_whitespace()))?, words, status, has)
}

fn plain_curl() -> Command {
    let mut command = Command::new("curl");
    command.args(["-sS", "-i", "--noproxy", "*", "-m", &PATIENCE.as_secs().to_string()]);
    command
}

fn judge(answer: &str, path: &str, status: u16, has: &[&str]) -> Outcome {
    let got = final_status(answer);
    if got != Some(status) {
        return Err(Failure::new(format!("{path}: wanted status {status}, got {got:?}:\n{answer}")));
    }
    let (head, body) = answer.split_at(answer.len() - body(answer).len());
    let head = head.to_lowercase();
    match has.iter().find(|words| !head.contains(&words.to_lowercase()) && !body.contains(**words)) {
        Some(missing) => Err(Failure::new(format!("{path}: `{missing}` is not in the answer:\n{answer}"))),
        None => Ok(()),
    }
}

fn spread(address: SocketAddr, path: &str, requests: usize, bodies: usize) -> Outcome {
    let mut seen = BTreeSet::new();
    for _ in 0..requests {
        let answer = curl(address, path, &[])?;
        judge(&answer, path, 200, &[])?;
        seen.insert(body(&answer).to_owned());
    }
    if seen.len() >= bodies {
        return Ok(());
    }
    Err(Failure::new(format!("{requests} requests of {path} gave {} different bodies, not {bodies}", seen.len())))
}

fn burst(address: SocketAddr, path: &str, requests: usize, status: u16, has: &[&str]) -> Outcome {
    // Not the last one of them: it may be the one that came when there was leave for one more.
    let mut outcome = Ok(());
    for _ in 0..requests {
        outcome = judge(&curl(address, path, &[])?, path, status, has);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

pub(super) fn raw(address: SocketAddr, steps: &[(&[u8], &[u8])]) -> Outcome {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE).during("connect")?;
    socket.set_read_timeout(Some(PATIENCE)).during("set a timeout")?;
    let mut seen = Vec::new();
    for (send, expect) in steps {
        socket.write_all(send).during("write")?;
        read_until(&mut socket, &mut seen, expect)?;
    }
    Ok(())
}

/// Reads until `expect` has come, and forgets everything up to its end.
fn read_until(socket: &mut TcpStream, seen: &mut Vec<u8>, expect: &[u8]) -> Outcome {
    let shown = String::from_utf8_lossy(expect);
    let mut buffer = [0; 4096];
    loop {
        let found = seen.windows(expect.len().max(1)).position(|window| window == expect);
        if let Some(at) = found {
            seen.drain(..at + expect.len());
            return Ok(());
        }
        let got = socket.read(&mut buffer).during(format!("read, waiting for {shown:?}"))?;
        if got == 0 {
            let text = String::from_utf8_lossy(seen);
            return Err(Failure::new(format!("closed before {shown:?} came; got {text:?}")));
        }
        seen.extend_from_slice(&buffer[..got]);
    }
}

/// The status of the last head: interim answers come before it.
pub(super) fn final_status(answer: &str) -> Option<u16> {
    let mut rest = answer;
    loop {
        let status = rest.split_whitespace().nth(1)?.parse().ok()?;
        if !(100..200).contains(&status) || status == 101 {
            return Some(status);
        }
        rest = body(rest);
    }
}

/// What follows the first empty line.
pub(super) fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
