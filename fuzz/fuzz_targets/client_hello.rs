//! ClientHellos: records cut anywhere say the same, what is read is read again as the same, and rustls reads the same in it.
#![no_main]

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rustls::server::Acceptor;
use simplon_fuzz::Input;
use simplon_proto_tls_seam::Reason;
use simplon_proto_tls_seam::hello::{ClientHello, HELLO_OCTETS, read};
use simplon_proto_tls_seam::session::Transport;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::parse(data) else { return };
    let wire = if input.mode & 1 == 0 { input.octets.to_vec() } else { records(&input) };
    let most = if input.mode & 2 == 0 { HELLO_OCTETS } else { 300 };
    let whole = outcome(vec![wire.clone()], most);
    let pieces =
        Input::parse(&[&data[..3], &wire].concat()).map(|again| again.pieces().concat_each()).unwrap_or_default();
    let cut = outcome(pieces, most);
    // Too large is told as soon as it is known; what came by then may have been wrong besides.
    if whole != cut {
        let is_early = |it: &Result<ClientHello, Reason>| matches!(it, Err(Reason::HelloTooLarge));
        assert!(whole.is_err() && cut.is_err() && (is_early(&whole) || is_early(&cut)), "{whole:?} {cut:?}");
    }
    if let Ok(hello) = whole {
        assert!(hello.raw().len() <= most);
        consistent(&hello);
        if input.mode & 2 == 0 {
            as_rustls(&hello, &wire);
        }
    }
});

trait ConcatEach {
    fn concat_each(self) -> Vec<Vec<u8>>;
}

impl ConcatEach for Vec<&[u8]> {
    fn concat_each(self) -> Vec<Vec<u8>> {
        self.into_iter().map(<[u8]>::to_vec).collect()
    }
}

/// The octets as a ClientHello, in records whose sizes follow from the input.
fn records(input: &Input<'_>) -> Vec<u8> {
    let length = (input.octets.len() as u32).to_be_bytes();
    let message = [&[1, length[1], length[2], length[3]], input.octets].concat();
    let size = 1 + usize::from(input.mode >> 2) * 16;
    let record = |part: &[u8]| [&[22, 3, 1][..], &(part.len() as u16).to_be_bytes(), part].concat();
    message.chunks(size).flat_map(record).collect()
}

fn outcome(pieces: Vec<Vec<u8>>, most: usize) -> Result<ClientHello, Reason> {
    let sent = pieces.concat();
    let peer = Pieces { pieces: pieces.into_iter().rev().collect(), said: Vec::new() };
    let mut reading = pin!(read(peer, most));
    let Poll::Ready(read) = reading.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits for one who is always ready");
    };
    read.map_err(|error| error.reason()).map(|(hello, rewound)| {
        let (before, peer) = rewound.into_parts();
        let rest: Vec<u8> = peer.pieces.into_iter().rev().flatten().collect();
        assert_eq!([&before[..], &rest].concat(), sent, "every octet comes once more");
        assert!(peer.said.is_empty(), "nothing is said to one who does well");
        hello
    })
}

fn consistent(hello: &ClientHello) {
    assert_eq!(ClientHello::parse(hello.raw().clone()).as_ref(), Ok(hello));
    assert!(hello.session_id().len() <= 32);
    assert_eq!(hello.random().len(), 32);
    let mut numbers: Vec<u16> = hello.extensions().map(|(number, _)| number).collect();
    let octets: usize = hello.extensions().map(|(_, content)| 4 + content.len()).sum();
    assert!(
        hello.raw().ends_with(
            &hello.extensions().flat_map(|(number, content)| extension(number, content)).collect::<Vec<u8>>()
        )
    );
    assert!(octets < hello.raw().len());
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), hello.extensions().count(), "each once");
    if let Some(name) = hello.server_name() {
        assert!((1..=255).contains(&name.len()) && name.is_ascii());
        assert!(
            hello.extension(0).is_some_and(|content| content.ends_with(name.as_bytes()) || content.len() > name.len())
        );
    }
    // One octet less is none.
    let short = hello.raw().slice(..hello.raw().len() - 1);
    assert_eq!(ClientHello::parse(short), Err(Reason::Malformed));
    assert_eq!(ClientHello::parse(Bytes::from([hello.raw(), &b"\0"[..]].concat())), Err(Reason::Malformed));
}

fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &(content.len() as u16).to_be_bytes(), content].concat()
}

/// Where rustls takes it too, it finds the same.
fn as_rustls(hello: &ClientHello, wire: &[u8]) {
    let mut acceptor = Acceptor::default();
    let mut rest = wire;
    while !rest.is_empty() {
        if acceptor.read_tls(&mut rest).is_err() {
            return;
        }
        match acceptor.accept() {
            Ok(Some(accepted)) => {
                let theirs = accepted.client_hello();
                if let Some(name) = theirs.server_name() {
                    // It leaves a dot at the end out.
                    let ours = hello.server_name().map(|ours| ours.strip_suffix('.').unwrap_or(ours));
                    assert!(ours.is_some_and(|ours| ours.eq_ignore_ascii_case(name)), "{ours:?} {name}");
                }
                if let Some(names) = theirs.alpn() {
                    assert!(hello.alpn().eq(names), "{hello:?}");
                }
                let suites: Vec<u16> = theirs.cipher_suites().iter().map(|suite| u16::from(*suite)).collect();
                assert!(hello.cipher_suites().eq(suites), "{hello:?}");
                return;
            }
            Ok(None) => {}
            Err(_) => return,
        }
    }
}

/// Gives one piece a read, and keeps what is said to it.
#[derive(Debug)]
struct Pieces {
    pieces: Vec<Vec<u8>>,
    said: Vec<u8>,
}

impl Transport for Pieces {}

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(mut piece) = self.pieces.pop() {
            let n = piece.len().min(buffer.remaining());
            buffer.put_slice(&piece[..n]);
            if n < piece.len() {
                self.pieces.push(piece.split_off(n));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.said.extend_from_slice(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
