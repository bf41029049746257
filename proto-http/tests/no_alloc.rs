//! A steady exchange takes nothing from the heap: reading, hop rules, writing, for both ends. Its own binary, for its own allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::IoSlice;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use simplon_proto_http::fields::Known;
use simplon_proto_http::h1::{Client, Config, Machine, Next, Role, Server};
use simplon_proto_http::transfer::{Last, Part};
use simplon_proto_http::{ResponseHead, hop};

struct Counting;

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches a thread-local without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.with(|taken| taken.set(taken.get() + 1));
        // SAFETY: as our caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as our caller promises.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        TAKEN.with(|taken| taken.set(taken.get() + 1));
        // SAFETY: as our caller promises.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(run: impl FnOnce()) -> usize {
    let before = TAKEN.with(Cell::get);
    run();
    TAKEN.with(Cell::get) - before
}

/// Moves what one end wants to write to the other, as a socket would.
fn pump<A: Role, B: Role>(from: &mut Machine<A>, to: &mut Machine<B>) {
    while from.wants_transmit() {
        let mut slices = [IoSlice::new(&[]); 16];
        let filled = from.transmit(&mut slices);
        let mut moved = 0;
        for slice in &slices[..filled] {
            let space = to.space();
            let n = slice.len().min(space.capacity() - space.len());
            space.extend_from_slice(&slice[..n]);
            to.received(n);
            moved += n;
            if n < slice.len() {
                break;
            }
        }
        from.transmitted(moved);
    }
}

fn part<R: Role>(machine: &mut Machine<R>) -> Option<Part<R::Inbound>> {
    match machine.next().expect("well-formed") {
        Next::Part(part) => Some(part),
        Next::NeedOctets | Next::Done => None,
    }
}

/// A proxy of two machines between a user agent and an origin, without sockets.
struct Line {
    downstream: Machine<Server>,
    upstream: Machine<Client>,
    origin: Machine<Server>,
}

impl Line {
    fn new() -> Self {
        let config = Arc::new(Config::default());
        Self {
            downstream: Machine::new(config.clone()),
            upstream: Machine::new(config.clone()),
            origin: Machine::new(config),
        }
    }

    fn exchange(&mut self, request: &[u8], response: &ResponseHead, content: &[Bytes]) {
        self.downstream.space().extend_from_slice(request);
        self.downstream.received(request.len());
        self.pass_request();
        while let Some(part) = part(&mut self.origin) {
            drop(part);
        }
        let last = if content.is_empty() { Last::Yes } else { Last::No };
        self.origin.send(Part::Head(response.clone(), last)).expect("fits");
        for (at, octets) in content.iter().enumerate() {
            let last = if at + 1 == content.len() { Last::Yes } else { Last::No };
            self.origin.send(Part::Data(octets.clone(), last)).expect("fits");
            self.pass_response();
        }
        self.pass_response();
        assert!(self.downstream.may_reuse() && self.upstream.may_reuse() && self.origin.may_reuse());
        self.downstream.advance();
        self.upstream.advance();
        self.origin.advance();
        self.downstream.release_buffers();
        self.upstream.release_buffers();
        self.origin.release_buffers();
        assert!(self.downstream.is_idle() && self.upstream.is_idle() && self.origin.is_idle());
    }

    fn pass_request(&mut self) {
        while let Some(part) = part(&mut self.downstream) {
            let part = match part {
                Part::Head(mut head, last) => {
                    hop::strip_request(&mut head).expect("well-formed");
                    head.fields.append(Known::XForwardedFor, "192.0.2.1").expect("well-formed");
                    head.fields.set("X-Request-Id", "0123456789abcdef").expect("well-formed");
                    Part::Head(head, last)
                }
                part => part,
            };
            self.upstream.send(part).expect("fits");
            pump(&mut self.upstream, &mut self.origin);
        }
    }

    fn pass_response(&mut self) {
        while self.origin.wants_transmit() {
            pump(&mut self.origin, &mut self.upstream);
            while let Some(part) = part(&mut self.upstream) {
                let part = match part {
                    Part::Head(mut head, last) => {
                        hop::strip_response(&mut head).expect("well-formed");
                        head.fields.append(Known::Via, "1.1 simplon").expect("well-formed");
                        Part::Head(head, last)
                    }
                    part => part,
                };
                self.downstream.send(part).expect("fits");
                pump_away(&mut self.downstream);
            }
        }
    }
}

/// Writes to a peer that takes everything.
fn pump_away(machine: &mut Machine<Server>) {
    while machine.wants_transmit() {
        let mut slices = [IoSlice::new(&[]); 16];
        let filled = machine.transmit(&mut slices);
        let octets = slices[..filled].iter().map(|slice| slice.len()).sum();
        machine.transmitted(octets);
    }
}

const GET: &[u8] = b"GET /some/path?with=query HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\nUser-Agent: Mozilla/5.0\r\n\
    Accept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, deflate, br\r\nCookie: session=0123456789abcdef\r\n\r\n";

fn response(length: Option<usize>) -> ResponseHead {
    let mut head = ResponseHead::new(StatusCode::OK);
    head.fields.append("Content-Type", "text/html").expect("well-formed");
    if let Some(length) = length {
        head.fields.append("Content-Length", length.to_string()).expect("well-formed");
    }
    head
}

fn steady(request: &[u8], head: &ResponseHead, content: &[Bytes]) {
    let mut line = Line::new();
    for _ in 0..50 {
        line.exchange(request, head, content);
    }
    let taken = allocations(|| {
        for _ in 0..1000 {
            line.exchange(request, head, content);
        }
    });
    assert_eq!(taken, 0);
}

#[test]
fn a_thousand_small_exchanges_allocate_nothing() {
    steady(GET, &response(Some(5)), &[Bytes::from_static(b"hello")]);
    steady(GET, &response(None), &[]);
}

#[test]
fn chunked_content_allocates_nothing() {
    let post = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: x-a, close-not\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    steady(post, &response(None), &[Bytes::from_static(b"hello"), Bytes::from_static(&[b'a'; 3000])]);
}

#[test]
fn large_content_allocates_nothing() {
    let content: Vec<Bytes> = (0..8).map(|_| Bytes::from(vec![b'a'; 32 << 10])).collect();
    steady(GET, &response(Some(256 << 10)), &content);
    steady(GET, &response(None), &content);
}

#[test]
fn a_new_machine_allocates_nothing() {
    let config = Arc::new(Config::default());
    assert_eq!(allocations(|| drop(Machine::<Server>::new(config))), 0);
}

/// Each connection holds its head while the others are served, as under load.
#[test]
fn many_exchanges_at_once_allocate_nothing() {
    let config = Arc::new(Config::default());
    let mut machines: Vec<_> = (0..200).map(|_| Machine::<Server>::new(config.clone())).collect();
    let mut heads = Vec::with_capacity(machines.len());
    let answer = response(Some(0));
    let mut round = || {
        for machine in &mut machines {
            machine.space().extend_from_slice(GET);
            machine.received(GET.len());
            heads.push(part(machine).expect("a head"));
            assert!(part(machine).is_none());
            machine.release_buffers();
        }
        for (machine, head) in machines.iter_mut().zip(heads.drain(..)) {
            machine.send(Part::Head(answer.clone(), Last::Yes)).expect("fits");
            pump_away(machine);
            machine.advance();
            drop(head);
            machine.release_buffers();
        }
    };
    for _ in 0..5 {
        round();
    }
    let taken = allocations(|| (0..20).for_each(|_| round()));
    assert_eq!(taken, 0);
}
