//! The load balancer while one of its origins dies and comes back: no request fails, and the return is noticed.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use super::check::{body, final_status};
use super::origin::Origin;
use super::program::Program;
use crate::failure::{During, Failure, Outcome};

/// Requests in each stage.
const REQUESTS: usize = 200;
/// From an origin's return to its first request.
const TO_NOTICE: Duration = Duration::from_secs(5);

/// Runs the program at this path with two origins of our own.
pub(super) fn run(path: &Path) -> Outcome {
    run_with(path, &[])
}

/// The same in the other flavour.
pub(super) fn run_per_core(path: &Path) -> Outcome {
    run_with(path, &["--runtime", "per-core", "--threads", "2"])
}

fn run_with(path: &Path, flavour: &[&str]) -> Outcome {
    let (mut first, second) = (Origin::start("first")?, Origin::start("second")?);
    let upstreams = [&first, &second].map(|origin| origin.address().to_string());
    let mut args = vec!["--health-interval", "0.1", "--upstream", &upstreams[0], "--upstream", &upstreams[1]];
    args.extend(flavour);
    let mut program = Program::start(path, &args)?;
    let outcome = stages(&mut program, &mut first);
    outcome.map_err(|failure| Failure::new(format!("{failure}\n{}", program.said())))
}

fn stages(program: &mut Program, first: &mut Origin) -> Outcome {
    let mut client = Client::connect(program.address()?)?;
    expect(&client.answers(REQUESTS, || ())?, &["first", "second"], "with both origins")?;
    let mut sent = 0;
    client.answers(REQUESTS, || {
        sent += 1;
        if sent == REQUESTS / 2 {
            first.kill();
        }
    })?;
    expect(&client.answers(REQUESTS, || ())?, &["second"], "with one origin killed")?;
    first.revive()?;
    let end = Instant::now() + TO_NOTICE;
    while !client.answers(2, || ())?.contains("first") {
        if Instant::now() > end {
            return Err(Failure::new(format!("the origin's return was not noticed in {} s", TO_NOTICE.as_secs())));
        }
    }
    program.stop()
}

fn expect(got: &BTreeSet<String>, wanted: &[&str], when: &str) -> Outcome {
    if got.iter().map(String::as_str).eq(wanted.iter().copied()) {
        return Ok(());
    }
    Err(Failure::new(format!("{when}: wanted answers of {wanted:?}, got {got:?}")))
}

/// A client that keeps its connection.
struct Client(TcpStream);

impl Client {
    fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).during("connect")?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).during("set a timeout")?;
        Ok(Self(stream))
    }

    /// The different bodies of so many answers; a status other than 200 is a failure. `between` runs while a request is under way.
    fn answers(&mut self, requests: usize, mut between: impl FnMut()) -> Outcome<BTreeSet<String>> {
        let mut bodies = BTreeSet::new();
        for number in 1..=requests {
            self.0.write_all(b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n").during("write a request")?;
            between();
            let answer = self.answer()?;
            if final_status(&answer) != Some(200) {
                return Err(Failure::new(format!("request {number} of {requests} failed:\n{answer}")));
            }
            bodies.insert(body(&answer).to_owned());
        }
        Ok(bodies)
    }

    fn answer(&mut self) -> Outcome<String> {
        let (mut seen, mut buffer) = (String::new(), [0; 4096]);
        while !is_whole(&seen) {
            let got = self.0.read(&mut buffer).during("read an answer")?;
            if got == 0 {
                return Err(Failure::new(format!("closed within an answer: {seen:?}")));
            }
            seen.push_str(&String::from_utf8_lossy(&buffer[..got]));
        }
        Ok(seen)
    }
}

/// Whether head and announced content are there.
fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}
