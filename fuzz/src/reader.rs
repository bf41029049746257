//! A machine fed with octets, and all that it says to them.

use std::fmt::Debug;
use std::io::IoSlice;

use bytes::Bytes;
use http::{Method, StatusCode};
use simplon_proto_http::h1::{Client, Machine, Next, Role, Server};
use simplon_proto_http::transfer::{Last, Part, StreamError};
use simplon_proto_http::{Fields, RequestHead, ResponseHead, Target};

/// What a machine gave, however its octets were cut.
#[derive(Clone, Debug)]
pub enum Said<H> {
    Head(H, Last),
    /// All content up to the next thing.
    Content(Vec<u8>),
    Trailers(Fields),
    Done,
    Failed(StreamError),
}

/// All that a machine gave and wrote.
#[derive(Debug)]
pub struct Story<H> {
    pub said: Vec<Said<H>>,
    pub wrote: Vec<u8>,
}

impl<H: Debug> Story<H> {
    fn part(&mut self, part: Part<H>) {
        match (part, self.said.last_mut()) {
            (Part::Head(head, last), _) => self.said.push(Said::Head(head, last)),
            (Part::Data(octets, _), _) if octets.is_empty() => {}
            (Part::Data(octets, _), Some(Said::Content(content))) => content.extend_from_slice(&octets),
            (Part::Data(octets, _), _) => self.said.push(Said::Content(octets.to_vec())),
            (Part::Trailers(fields), _) => self.said.push(Said::Trailers(fields)),
        }
    }
}

/// Feeds the pieces and then the end of the stream. `turn` is called when a message was read to its end, and says whether another may follow.
pub fn read<R: Role>(
    machine: &mut Machine<R>,
    pieces: &[&[u8]],
    mut turn: impl FnMut(&mut Machine<R>, Option<&R::Inbound>) -> bool,
) -> Story<R::Inbound>
where
    R::Inbound: Clone,
{
    let mut story = Story { said: Vec::new(), wrote: Vec::new() };
    for piece in pieces.iter().copied().chain([&[][..]]) {
        machine.space().extend_from_slice(piece);
        machine.received(piece.len());
        if !drain(machine, &mut story, &mut turn) {
            break;
        }
    }
    story
}

/// Takes what the machine has; `false` when nothing more can come.
fn drain<R: Role>(
    machine: &mut Machine<R>,
    story: &mut Story<R::Inbound>,
    turn: &mut impl FnMut(&mut Machine<R>, Option<&R::Inbound>) -> bool,
) -> bool
where
    R::Inbound: Clone,
{
    loop {
        match machine.next() {
            Ok(Next::Part(part)) => story.part(part),
            Ok(Next::NeedOctets) => return true,
            Ok(Next::Done) => {
                story.said.push(Said::Done);
                let head = story.said.iter().rev().find_map(|said| match said {
                    Said::Head(head, _) => Some(head.clone()),
                    _ => None,
                });
                let goes_on = turn(machine, head.as_ref());
                story.wrote.extend_from_slice(&written(machine));
                if !goes_on {
                    return false;
                }
            }
            Err(error) => {
                story.said.push(Said::Failed(error));
                // How much of the content was given before it depends upon when it came.
                if let [.., Said::Content(_), _] = story.said[..] {
                    story.said.remove(story.said.len() - 2);
                }
                // An error is the last word.
                assert_eq!(machine.next().err(), Some(error));
                assert!(!machine.may_reuse());
                story.wrote.extend_from_slice(&written(machine));
                return false;
            }
        }
    }
}

/// All that waits to be written.
pub(crate) fn written<R: Role>(machine: &mut Machine<R>) -> Vec<u8> {
    let mut octets = Vec::new();
    while machine.wants_transmit() {
        let mut slices = [IoSlice::new(&[]); 4];
        let filled = machine.transmit(&mut slices);
        let now: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
        assert!(now > 0, "wants to write nothing");
        slices[..filled].iter().for_each(|slice| octets.extend_from_slice(slice));
        machine.transmitted(now);
    }
    octets
}

/// Answers the request that was just read: with a tunnel where `agrees` and one was asked for, else with 404. Whether another may follow.
pub fn answer(machine: &mut Machine<Server>, head: Option<&RequestHead>, agrees: bool) -> bool {
    if machine.is_tunnel() || machine.has_begun_writing() {
        return false;
    }
    let asks = head.filter(|_| agrees);
    let protocol =
        asks.and_then(|head| head.upgrade.as_deref()).and_then(|list| list.split(|&octet| octet == b',').next());
    let (response, last) = match (asks, protocol) {
        (Some(head), _) if head.method == Method::CONNECT => (ResponseHead::new(StatusCode::OK), Last::No),
        (_, Some(protocol)) => {
            let mut response = ResponseHead::new(StatusCode::SWITCHING_PROTOCOLS);
            response.upgrade = Some(Bytes::copy_from_slice(protocol.trim_ascii()));
            (response, Last::No)
        }
        _ => (ResponseHead::new(StatusCode::NOT_FOUND), Last::Yes),
    };
    machine.send(Part::Head(response, last)).expect("an answer to a whole request is taken");
    if machine.is_tunnel() {
        return true;
    }
    let goes_on = machine.may_reuse();
    machine.advance();
    goes_on
}

/// Sends a request whose kind follows from the bits, before a response to it is read.
pub fn ask(machine: &mut Machine<Client>, mode: u8) -> Method {
    let mut head = request(mode);
    head.fields.append("Host", "a.example:80").expect("well-formed");
    let method = head.method.clone();
    machine.send(Part::Head(head, Last::Yes)).expect("a plain request is taken");
    written(machine);
    method
}

fn request(mode: u8) -> RequestHead {
    let origin = || Target::origin("/").expect("well-formed");
    match mode & 7 {
        0 => RequestHead::new(Method::HEAD, origin()),
        1 => {
            let target = Target::parse(&Method::CONNECT, Bytes::from_static(b"a.example:80"));
            RequestHead::new(Method::CONNECT, target.expect("well-formed"))
        }
        2 => {
            let mut head = RequestHead::new(Method::GET, origin());
            head.upgrade = Some(Bytes::from_static(b"websocket, chat/2"));
            head
        }
        3 => RequestHead::new(Method::POST, origin()),
        _ => RequestHead::new(Method::GET, origin()),
    }
}
