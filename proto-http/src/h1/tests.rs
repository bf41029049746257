//! Both ends, octets against parts. Each script runs whole, octet by octet, and cut at every place: the story must be the same.

mod bodies;
mod client;
mod limits;
mod lines;
mod server;
mod table;
mod tunnels;
mod written;

use std::io::IoSlice;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};

use super::*;
use crate::fields::Fields;
use crate::rules::Rule;
use crate::target::Target;
use crate::transfer::{Last, Misuse, Part, StreamError};

/// A head as a line of text.
trait Tell {
    fn tell(&self) -> String;
}

fn text(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}

fn tell_fields(fields: &Fields) -> String {
    fields.iter().map(|(name, value)| format!(" | {}: {}", text(name), text(value))).collect()
}

fn tell_upgrade(upgrade: Option<&Bytes>) -> String {
    upgrade.map(|protocols| format!(" ^{}", text(protocols))).unwrap_or_default()
}

impl Tell for RequestHead {
    fn tell(&self) -> String {
        format!(
            "{} {} {:?}{}{}",
            self.method,
            self.target,
            self.version,
            tell_upgrade(self.upgrade.as_ref()),
            tell_fields(&self.fields)
        )
    }
}

impl Tell for ResponseHead {
    fn tell(&self) -> String {
        let reason = self.reason.as_ref().map(|reason| format!(" ({})", text(reason))).unwrap_or_default();
        format!(
            "{}{reason} {:?}{}{}",
            self.status.as_u16(),
            self.version,
            tell_upgrade(self.upgrade.as_ref()),
            tell_fields(&self.fields)
        )
    }
}

/// What a machine gave, with neighbouring data joined: how it was cut must not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Story {
    lines: Vec<String>,
    data: Vec<u8>,
}

impl Story {
    fn add<H: Tell>(&mut self, part: Part<H>) {
        match part {
            Part::Head(head, last) => {
                self.line(format!("{}{}", head.tell(), if last == Last::Yes { " ." } else { "" }))
            }
            Part::Data(octets, last) => {
                self.data.extend_from_slice(&octets);
                if last == Last::Yes {
                    self.line("end".to_owned());
                }
            }
            Part::Trailers(fields) => self.line(format!("trailers{}", tell_fields(&fields))),
        }
    }

    fn line(&mut self, line: String) {
        if !self.data.is_empty() {
            let data = std::mem::take(&mut self.data);
            self.lines.push(format!("data {}", text(&data)));
        }
        self.lines.push(line);
    }

    fn told(mut self) -> Vec<String> {
        if !self.data.is_empty() {
            let data = std::mem::take(&mut self.data);
            self.lines.push(format!("data {}", text(&data)));
        }
        self.lines
    }
}

fn feed<R: Role>(machine: &mut Machine<R>, octets: &[u8]) {
    machine.space().extend_from_slice(octets);
    machine.received(octets.len());
}

/// Takes what there is until more octets are needed or the message is over; whether it goes on.
fn take<R: Role>(machine: &mut Machine<R>, story: &mut Story) -> bool
where
    R::Inbound: Tell,
{
    loop {
        match machine.next() {
            Ok(Next::Part(part)) => story.add(part),
            Ok(Next::NeedOctets) => return true,
            Ok(Next::Done) => return false,
            Err(error) => {
                assert_eq!(machine.next().err(), Some(error), "errors stay");
                let line = tell_error(error);
                if story.lines.last() != Some(&line) {
                    story.line(line);
                }
                return true;
            }
        }
    }
}

fn tell_error(error: StreamError) -> String {
    match error {
        StreamError::Malformed(rule) => format!("!{rule:?}"),
        other => format!("!{other:?}"),
    }
}

fn sent<R: Role>(machine: &mut Machine<R>) -> Vec<u8> {
    let mut all = Vec::new();
    while machine.wants_transmit() {
        let mut slices = [IoSlice::new(&[]); 4];
        let filled = machine.transmit(&mut slices);
        let octets: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.iter().copied()).collect();
        machine.transmitted(octets.len());
        all.extend_from_slice(&octets);
    }
    all
}

fn wire<R: Role>(machine: &mut Machine<R>) -> String {
    String::from_utf8(sent(machine)).unwrap()
}

/// Every way to cut a script that is tried.
fn cuttings(octets: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut all = vec![vec![octets], octets.chunks(1).collect()];
    all.extend((1..octets.len().min(400)).map(|at| vec![&octets[..at], &octets[at..]]));
    all
}

/// Runs a script in all cuttings; gives the story that all tell.
fn cuts(octets: &[u8], run: impl Fn(&[&[u8]]) -> Vec<String>) -> Vec<String> {
    let mut cuttings = cuttings(octets).into_iter();
    let whole = run(&cuttings.next().unwrap());
    for pieces in cuttings {
        assert_eq!(run(&pieces), whole, "cut into {} at {}: {:?}", pieces.len(), pieces[0].len(), text(octets));
    }
    whole
}

fn ok() -> ResponseHead {
    ResponseHead::new(StatusCode::OK)
}

/// A server that answers each request with 200 when it was read; then EOF if `eof`.
fn serve_with(config: &Arc<Config>, pieces: &[&[u8]], eof: bool) -> Vec<String> {
    let mut machine = Machine::<Server>::new(config.clone());
    let mut story = Story::default();
    let mut open = true;
    for piece in pieces.iter().copied().chain(eof.then_some(&[][..])) {
        feed(&mut machine, piece);
        while open && !take(&mut machine, &mut story) {
            machine.send(Part::Head(ok(), Last::Yes)).unwrap();
            sent(&mut machine);
            open = machine.may_reuse();
            machine.advance();
        }
    }
    if !open {
        story.line("close".to_owned());
    }
    story.told()
}

/// The story of a server with the default configuration, in all cuttings, without EOF.
fn served(octets: impl AsRef<[u8]>) -> Vec<String> {
    served_by(&Arc::default(), octets)
}

fn served_by(config: &Arc<Config>, octets: impl AsRef<[u8]>) -> Vec<String> {
    cuts(octets.as_ref(), |pieces| serve_with(config, pieces, false))
}

fn get(path: &'static str) -> RequestHead {
    request(Method::GET, path)
}

fn request(method: Method, path: &'static str) -> RequestHead {
    let target = Target::parse(&method, Bytes::from_static(path.as_bytes())).unwrap();
    let mut head = RequestHead::new(method, target);
    head.fields.append("Host", "a").unwrap();
    head
}

/// A client that asked `head` and reads; then EOF if `eof`.
fn ask_with(config: &Arc<Config>, head: &RequestHead, pieces: &[&[u8]], eof: bool) -> Vec<String> {
    let mut machine = Machine::<Client>::new(config.clone());
    machine.send(Part::Head(head.clone(), Last::Yes)).unwrap();
    sent(&mut machine);
    let mut story = Story::default();
    for piece in pieces.iter().copied().chain(eof.then_some(&[][..])) {
        feed(&mut machine, piece);
        take(&mut machine, &mut story);
    }
    if machine.is_read() {
        story.line(if machine.may_reuse() { "reuse".to_owned() } else { "close".to_owned() });
    }
    story.told()
}

/// The story of a client that asked GET, in all cuttings, without EOF.
fn asked(octets: impl AsRef<[u8]>) -> Vec<String> {
    cuts(octets.as_ref(), |pieces| ask_with(&Arc::default(), &get("/"), pieces, false))
}

/// The same, with EOF after it.
fn asked_to_eof(octets: impl AsRef<[u8]>) -> Vec<String> {
    cuts(octets.as_ref(), |pieces| ask_with(&Arc::default(), &get("/"), pieces, true))
}

#[test]
fn an_idle_machine_is_small() {
    assert!(size_of::<Machine<Server>>() <= 256, "{}", size_of::<Machine<Server>>());
}
