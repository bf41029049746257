//! Clients and origins that do at random what they may and what they may not, from a seed. Whatever they do: an answer belongs to its
//! request, what is read on either side is well-formed, nothing is sent twice that must not be, and everything ends.

use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use simplon_core::http::{HttpConfig, OriginsConfig};
use simplon_proxy::{App, Gone, To};
use simplon_testkit::message::chunk;
use simplon_testkit::time::{PATIENCE, pass, settle, within};
use simplon_testkit::{Cut, Message, Network, PipeConfig, Wire};

use crate::stage;

/// A generator of numbers that a seed determines (xorshift64*).
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % bound
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn split(&mut self) -> Self {
        let seed = self.below(usize::MAX >> 1);
        Self::new(seed as u64)
    }
}

/// What is never to be seen by a client: it belongs to no answer.
const POISON: &str = "POISON";

/// Content that says whose it is.
fn content(path: &str, octets: usize) -> Vec<u8> {
    path.bytes().chain(*b"|").cycle().take(octets).collect()
}

/// A request as a client may send it, and whether it is well-formed.
fn request(dice: &mut Dice, path: &str) -> (Vec<u8>, &'static str) {
    let octets = dice.of(&[0, 1, 10, 500, 20_000]);
    let body = content(path, octets);
    let close = if dice.one_in(8) { "Connection: close\r\n" } else { "" };
    match dice.below(8) {
        0..=2 => (format!("GET {path} HTTP/1.1\r\nHost: a\r\n{close}\r\n").into_bytes(), "GET"),
        3 => (format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n{close}\r\n").into_bytes(), "HEAD"),
        4 | 5 => {
            let method = dice.of(&["POST", "PUT"]);
            let head = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {octets}\r\n{close}\r\n");
            ([head.as_bytes(), &body].concat(), method)
        }
        6 => {
            let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n{close}\r\n");
            let pieces: Vec<u8> = body.chunks(1 + dice.below(9000)).flat_map(chunk).collect();
            let end = dice.of(&["0\r\n\r\n", "0\r\nT: 1\r\n\r\n", "0;x\r\n\r\n"]);
            ([head.as_bytes(), &pieces, end.as_bytes()].concat(), "POST")
        }
        _ => {
            let wrong = dice.of(&[
                "Content-Length: 1\r\nContent-Length: 2\r\n",
                "Host: b\r\n",
                "X : y\r\n",
                "Transfer-Encoding: x\r\n",
            ]);
            (format!("GET {path} HTTP/1.1\r\nHost: a\r\n{wrong}\r\n").into_bytes(), "GET")
        }
    }
}

/// Sends requests, and checks that what comes back is theirs. How many answers came from an origin, whole.
async fn client(mut wire: Wire, mut dice: Dice, name: usize, seed: u64) -> usize {
    let mut whole = 0;
    for number in 0..1 + dice.below(5) {
        let path = format!("/{name}-{number}");
        let (octets, method) = request(&mut dice, &path);
        let most = if dice.one_in(8) { dice.below(octets.len()) } else { octets.len() };
        wire.asked(method);
        for piece in octets[..most].chunks(1 + dice.of(&[3, 100, 100_000])) {
            // Octets that look like a request's first line were announced already.
            if wire.try_send_raw(piece).await.is_err() {
                break;
            }
            if dice.one_in(50) {
                pass(Duration::from_millis(50)).await;
            }
        }
        if most < octets.len() {
            match dice.below(3) {
                0 => {
                    wire.reset();
                    return whole;
                }
                1 => return whole,
                _ => wire.half_close().await,
            }
        }
        match wire.try_response().await {
            Ok(response) => whole += check(&response, &path, method, seed),
            Err(Cut::Malformed(why)) => panic!("seed {seed}: {path}: {why}"),
            Err(_) => break,
        }
        if most < octets.len() {
            break;
        }
    }
    let heard = String::from_utf8_lossy(&wire.received().octets()).into_owned();
    assert!(!heard.contains(POISON), "seed {seed}: {heard}");
    whole
}

fn check(response: &Message, path: &str, method: &str, seed: u64) -> usize {
    match response.field("X-For") {
        Some(whose) => {
            assert_eq!(whose, path, "seed {seed}: somebody else's answer");
            let has_content = method != "HEAD" && !matches!(response.status, 204 | 304);
            let octets = response.field("X-Octets").unwrap().parse().unwrap();
            let expected = if has_content { content(path, octets) } else { Vec::new() };
            assert!(
                response.body == expected,
                "seed {seed}: {path}: {} octets of {}",
                response.body.len(),
                expected.len()
            );
            1
        }
        None => {
            assert!(response.status >= 400, "seed {seed}: {path}: {response:?}");
            0
        }
    }
}

/// The paths that were asked for with a method that is not to be repeated.
type Asked = Arc<Mutex<Vec<String>>>;

/// Answers on one connection, rightly or not, until it or the proxy has enough.
async fn origin(mut wire: Wire, mut dice: Dice, asked: Asked, is_plain: bool, seed: u64) {
    loop {
        let mut head = match wire.head().await {
            Ok(head) => head,
            Err(Cut::Malformed(why)) => panic!("seed {seed}: at the origin: {why}"),
            Err(_) => return,
        };
        if head.method() == "POST" {
            asked.lock().unwrap().push(head.path().to_owned());
        }
        let is_early = dice.one_in(8);
        if !is_early {
            match wire.content(&mut head, None).await {
                Ok(()) => assert!(is_whole(&head), "seed {seed}: {head:?}"),
                Err(Cut::Malformed(why)) => panic!("seed {seed}: at the origin: {why}"),
                Err(_) => return,
            }
        }
        let (said, end) = answer(&mut dice, &head);
        if matches!(end, End::Excess) && (said.len() > 1000 || !is_plain) {
            // What comes so late that the connection is in use again cannot be told from an answer by anybody.
            return;
        }
        let pieces = if matches!(end, End::Excess) { said.len() } else { 1 + dice.of(&[3, 500, 200_000]) };
        for piece in said.chunks(pieces) {
            if wire.try_send(piece).await.is_err() {
                return;
            }
            if dice.one_in(50) {
                pass(Duration::from_millis(50)).await;
            }
        }
        match end {
            End::GoesOn | End::Excess if !is_early => {}
            End::Resets => return wire.reset(),
            End::Stalls => return pass(Duration::from_secs(100)).await,
            End::Closes | End::GoesOn | End::Excess => return,
        }
    }
}

/// The content is that of its path, to its end.
fn is_whole(request: &Message) -> bool {
    request.body == content(request.path(), request.body.len())
}

#[derive(Clone, Copy)]
enum End {
    GoesOn,
    /// More was said than the answer.
    Excess,
    Closes,
    Resets,
    Stalls,
}

/// What an origin says, and what it does then.
fn answer(dice: &mut Dice, request: &Message) -> (Vec<u8>, End) {
    let path = request.path();
    let octets = dice.of(&[0, 1, 10, 500, 30_000]);
    let body = if request.method() == "HEAD" { Vec::new() } else { content(path, octets) };
    let mark = format!("X-For: {path}\r\nX-Octets: {octets}\r\n");
    let soon = dice.of(&["", "", "HTTP/1.1 103 Early Hints\r\n\r\n"]);
    let close = dice.one_in(6);
    let connection = if close { "Connection: close\r\n" } else { "" };
    let end = if close { End::Closes } else { End::GoesOn };
    let with = |head: &str, content: &[u8]| [soon.as_bytes(), head.as_bytes(), content].concat();
    let by_length = with(&format!("HTTP/1.1 200 OK\r\n{mark}{connection}Content-Length: {octets}\r\n\r\n"), &body);
    let coded: Vec<u8> = if request.method() == "HEAD" {
        Vec::new()
    } else {
        body.chunks(1 + dice.below(9000)).flat_map(chunk).chain(*b"0\r\n\r\n").collect()
    };
    let chunked = with(&format!("HTTP/1.1 200 OK\r\n{mark}{connection}Transfer-Encoding: chunked\r\n\r\n"), &coded);
    match dice.below(14) {
        0..=3 => (by_length, end),
        4..=6 => (chunked, end),
        7 => (with(&format!("HTTP/1.1 204 No Content\r\n{mark}{connection}\r\n"), b""), end),
        8 => (with(&format!("HTTP/1.1 200 OK\r\n{mark}\r\n"), &body), End::Closes),
        9 => ([by_length, POISON.as_bytes().to_vec()].concat(), End::Excess),
        10 => {
            let cut = dice.below(chunked.len());
            (chunked[..cut].to_vec(), dice.of(&[End::Closes, End::Resets]))
        }
        11 => (Vec::new(), dice.of(&[End::Closes, End::Resets, End::Stalls])),
        12 => (
            format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{POISON}").into_bytes(),
            End::GoesOn,
        ),
        _ => (
            [chunked, format!("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n{POISON}").into_bytes()].concat(),
            End::Excess,
        ),
    }
}

async fn simulate(seed: u64, whole: &Cell<usize>) {
    let mut dice = Dice::new(seed);
    let pipes = PipeConfig::default()
        .capacity(dice.of(&[64, 1000, 64 << 10]))
        .write_limit(dice.of(&[7, usize::MAX]))
        .read_limit(dice.of(&[5, usize::MAX]));
    let is_plain = pipes.capacity > 1000 && pipes.write_limit == usize::MAX && pipes.read_limit == usize::MAX;
    let gone = dice.of(&[Gone::Abort, Gone::Finish]);
    let mut stage = stage::on(Network::with_pipes(pipes), HttpConfig::default(), OriginsConfig::default(), |peer| {
        App::new(To(peer)).client_gone(gone)
    });
    let rig = stage.rig.with_pipes(pipes);
    let asked = Asked::default();
    let (mut origin_dice, asked_here) = (dice.split(), Arc::clone(&asked));
    let accepting = tokio::spawn(async move {
        let mut answering = tokio::task::JoinSet::new();
        loop {
            tokio::select! {
                wire = within(Duration::MAX, stage.origin.accept()) => { answering.spawn(within(PATIENCE, origin(wire, origin_dice.split(), Arc::clone(&asked_here), is_plain, seed))); }
                Some(outcome) = answering.join_next() => outcome.unwrap(),
            }
        }
    });
    let mut served = Vec::new();
    let mut clients = tokio::task::JoinSet::new();
    for name in 0..3 {
        let (end, serving) = rig.connect(([192, 0, 2, 1], 4711).into());
        served.push(serving);
        clients.spawn(within(PATIENCE, client(Wire::new(end), dice.split(), name, seed)));
    }
    while let Some(outcome) = clients.join_next().await {
        whole.set(whole.get() + outcome.unwrap());
    }
    // Longer than any wait of the proxy, but for that of a tunnel.
    pass(Duration::from_secs(600)).await;
    settle().await;
    for serving in served {
        assert!(serving.is_finished(), "seed {seed}: a connection is still served");
        serving.await.unwrap();
    }
    assert!(!accepting.is_finished(), "seed {seed}: an origin failed: {:?}", accepting.await);
    accepting.abort();
    let mut posts = asked.lock().unwrap().clone();
    posts.sort();
    let count = posts.len();
    posts.dedup();
    assert_eq!(posts.len(), count, "seed {seed}: a POST was sent twice: {posts:?}");
    let mut targets: Vec<_> = stage
        .records
        .all()
        .into_iter()
        .filter(|record| record.method != Some(Method::CONNECT))
        .filter_map(|record| record.target)
        .collect();
    targets.sort();
    let count = targets.len();
    targets.dedup();
    assert_eq!(targets.len(), count, "seed {seed}: two records of one exchange");
}

#[test]
fn whatever_happens_answers_belong_to_their_requests_and_everything_ends() {
    let seeds = std::env::var("SIMPLON_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(150);
    let from: u64 = std::env::var("SIMPLON_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let whole = Cell::new(0);
    for seed in from..from + seeds {
        simplon_testkit::matrix::run(simulate(seed, &whole));
    }
    assert!(whole.get() as u64 > seeds, "{} whole answers are few", whole.get());
}
