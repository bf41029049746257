//! What one end writes the other end reads: the same heads, the same content, the same trailers, however the octets are cut.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::io::IoSlice;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use simplon_proto_http::h1::{Client, Machine, Next, Role, Server};
use simplon_proto_http::transfer::{Last, Part};
use simplon_proto_http::{Fields, RequestHead, ResponseHead, Target};

/// A small generator of numbers: the same seed gives the same test.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn word(&mut self, letters: &[u8], most: usize) -> Vec<u8> {
        let length = self.roll(most) + 1;
        (0..length).map(|_| letters[self.roll(letters.len())]).collect()
    }
}

const NAME: &[u8] = b"abcXYZ019-_!#$%&'*+.^`|~";
const VALUE: &[u8] = b"abc XYZ\t019:;,=\"()/\xe9\xff";
const PATH: &[u8] = b"abcXYZ019-_.~/%?&=|{}[]\"<>";

fn fields(dice: &mut Dice) -> Fields {
    let mut fields = Fields::new();
    for _ in 0..dice.roll(20) {
        let name = [b"X".to_vec(), dice.word(NAME, 20)].concat();
        fields.append(name.as_slice(), dice.word(VALUE, 80)).unwrap();
    }
    fields
}

fn content(dice: &mut Dice) -> Vec<Bytes> {
    (0..dice.roll(6)).map(|_| Bytes::from(vec![b'a' + dice.roll(26) as u8; dice.roll(4000)])).collect()
}

/// Moves octets in pieces of random size; collects what the other end gives.
fn pump<A: Role, B: Role>(
    dice: &mut Dice,
    from: &mut Machine<A>,
    to: &mut Machine<B>,
    got: &mut Vec<Part<B::Inbound>>,
) {
    let piece = [1, 3, 100, 5000, usize::MAX][dice.roll(5)];
    while from.wants_transmit() {
        let mut slices = [IoSlice::new(&[]); 3];
        let filled = from.transmit(&mut slices);
        let octets: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.iter().copied()).take(piece).collect();
        from.transmitted(octets.len());
        to.space().extend_from_slice(&octets);
        to.received(octets.len());
        while let Next::Part(part) = to.next().unwrap() {
            got.push(part);
        }
    }
}

/// Sends a message in one of the ways it can be framed; gives the trailers that arrive.
fn send<A: Role>(dice: &mut Dice, machine: &mut Machine<A>, head: A::Outbound, content: &[Bytes], trailers: &Fields) {
    if content.is_empty() && trailers.is_empty() {
        machine.send(Part::Head(head, Last::Yes)).unwrap();
        return;
    }
    machine.send(Part::Head(head, Last::No)).unwrap();
    for octets in content {
        machine.send(Part::Data(octets.clone(), Last::No)).unwrap();
    }
    if trailers.is_empty() && dice.roll(2) == 0 {
        machine.send(Part::Data(Bytes::new(), Last::Yes)).unwrap();
    } else {
        machine.send(Part::Trailers(trailers.clone())).unwrap();
    }
}

struct Message<H> {
    head: H,
    content: Vec<u8>,
    trailers: Fields,
}

fn joined<H: std::fmt::Debug>(parts: Vec<Part<H>>) -> Message<H> {
    let mut parts = parts.into_iter();
    let Some(Part::Head(head, _)) = parts.next() else { panic!("no head") };
    let mut message = Message { head, content: Vec::new(), trailers: Fields::new() };
    for part in parts {
        match part {
            Part::Data(octets, _) => message.content.extend_from_slice(&octets),
            Part::Trailers(fields) => message.trailers = fields,
            Part::Head(head, _) => panic!("a second head: {head:?}"),
        }
    }
    message
}

/// The fields without what frames the content.
fn unframed(fields: &Fields) -> Vec<(Vec<u8>, Vec<u8>)> {
    let is_framing = |name: &[u8]| name.eq_ignore_ascii_case(b"content-length");
    fields.iter().filter(|(name, _)| !is_framing(name)).map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

#[test]
fn messages_arrive_as_they_were_sent() {
    for seed in 1..60u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let dice = &mut dice;
        let mut client = Machine::<Client>::new(Arc::default());
        let mut server = Machine::<Server>::new(Arc::default());
        for _ in 0..4 {
            exchange(dice, &mut client, &mut server, seed);
        }
    }
}

fn exchange(dice: &mut Dice, client: &mut Machine<Client>, server: &mut Machine<Server>, seed: u64) {
    let method = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::from_bytes(b"M-SEARCH").unwrap()]
        [dice.roll(5)]
    .clone();
    let path = [b"/".to_vec(), dice.word(PATH, 60)].concat();
    let mut head = RequestHead::new(method, Target::origin(path).unwrap());
    head.fields = fields(dice);
    head.fields.append("Host", "a.example:80").unwrap();
    let (body, trailers) = (content(dice), if dice.roll(3) == 0 { fields(dice) } else { Fields::new() });
    let total: usize = body.iter().map(Bytes::len).sum();
    let has_length = trailers.is_empty() && dice.roll(2) == 0;
    if has_length {
        head.fields.append("Content-Length", total.to_string()).unwrap();
    }
    let body = if has_length && total == 0 { Vec::new() } else { body };
    send(dice, client, head.clone(), &body, &trailers);
    let mut got = Vec::new();
    pump(dice, client, server, &mut got);
    let request = joined(got);
    assert_eq!((request.head.method, request.head.target), (head.method, head.target), "{seed}");
    assert_eq!(unframed(&request.head.fields), unframed(&head.fields), "{seed}");
    assert_eq!(request.content, body.concat(), "{seed}");
    assert_eq!(request.trailers, trailers, "{seed}");
    assert!(server.is_read());

    let mut head = ResponseHead::new(StatusCode::from_u16([200, 201, 404, 500, 799][dice.roll(5)]).unwrap());
    head.fields = fields(dice);
    let (body, trailers) = (content(dice), if dice.roll(3) == 0 { fields(dice) } else { Fields::new() });
    send(dice, server, head.clone(), &body, &trailers);
    let mut got = Vec::new();
    pump(dice, server, client, &mut got);
    let response = joined(got);
    assert_eq!(response.head.status, head.status, "{seed}");
    assert_eq!(unframed(&response.head.fields), unframed(&head.fields), "{seed}");
    assert_eq!(response.content, body.concat(), "{seed}");
    assert_eq!(response.trailers, trailers, "{seed}");
    assert!(client.may_reuse() && server.may_reuse());
    client.advance();
    server.advance();
}
