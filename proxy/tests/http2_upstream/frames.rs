//! An origin that writes its frames by hand: it does what no library would.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::stage::soon;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;

pub(crate) const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const MAX_CONCURRENT_STREAMS: u16 = 3;
/// `:status: 200` of the static table (RFC 7541 appendix A).
const OK: u8 = 0x88;

#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// An answer to one of our own.
    fn is_ack(&self) -> bool {
        matches!(self.kind, SETTINGS | PING) && self.flags & ACK != 0
    }

    pub(crate) fn code(&self) -> u32 {
        u32::from_be_bytes(self.payload[self.payload.len() - 4..].try_into().unwrap())
    }
}

pub(crate) struct Listener(TcpListener);

impl Listener {
    pub(crate) async fn bind() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn at(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub(crate) async fn accept_raw(&self) -> TcpStream {
        soon("a connection", self.0.accept()).await.unwrap().0
    }

    /// A connection whose preface was read and answered with these limits.
    pub(crate) async fn accept(&self, most_streams: Option<u32>) -> Frames {
        let mut stream = self.accept_raw().await;
        let mut preface = [0; 24];
        soon("the preface", stream.read_exact(&mut preface)).await.unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut frames = Frames(stream);
        frames.allow(most_streams).await;
        frames
    }
}

pub(crate) struct Frames(pub(crate) TcpStream);

impl Frames {
    pub(crate) async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut octets = length[1..].to_vec();
        octets.extend([kind, flags]);
        octets.extend(stream.to_be_bytes());
        octets.extend(payload);
        self.0.write_all(&octets).await.unwrap();
    }

    /// The next frame; `None` at the end.
    pub(crate) async fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        soon("a frame", self.0.read_exact(&mut head)).await.ok()?;
        let [a, b, c, kind, flags, rest @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        soon("the rest of a frame", self.0.read_exact(&mut payload)).await.ok()?;
        let stream = u32::from_be_bytes(rest);
        Some(Frame { kind, flags, stream, payload })
    }

    /// The next frame of this kind. Settings and pings are answered on the way.
    pub(crate) async fn expect(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.read().await.unwrap_or_else(|| panic!("closed before a frame of kind {kind}"));
            match frame.kind {
                _ if frame.kind == kind && !frame.is_ack() => return frame,
                SETTINGS if frame.flags & ACK == 0 => self.write(SETTINGS, ACK, 0, &[]).await,
                PING if frame.flags & ACK == 0 => self.write(PING, ACK, 0, &frame.payload).await,
                _ => {}
            }
        }
    }

    pub(crate) async fn allow(&mut self, most_streams: Option<u32>) {
        let mut payload = Vec::new();
        if let Some(most) = most_streams {
            payload.extend(MAX_CONCURRENT_STREAMS.to_be_bytes());
            payload.extend(most.to_be_bytes());
        }
        self.write(SETTINGS, 0, 0, &payload).await;
    }

    /// A request: the number of its stream.
    pub(crate) async fn request(&mut self) -> u32 {
        self.expect(HEADERS).await.stream
    }

    /// So many requests, and so many octets of content, in any order: the streams that they are on.
    pub(crate) async fn requests(&mut self, heads: usize, octets: usize) -> Vec<u32> {
        let (mut streams, mut came) = (Vec::new(), 0);
        while streams.len() < heads || came < octets {
            let frame = self.read().await.expect("closed before all came");
            match frame.kind {
                HEADERS => streams.push(frame.stream),
                DATA => came += frame.payload.len(),
                SETTINGS if frame.flags & ACK == 0 => self.write(SETTINGS, ACK, 0, &[]).await,
                PING if frame.flags & ACK == 0 => self.write(PING, ACK, 0, &frame.payload).await,
                _ => {}
            }
        }
        assert_eq!((streams.len(), came), (heads, octets));
        streams
    }

    /// 200 with this content.
    pub(crate) async fn answer(&mut self, stream: u32, content: &[u8]) {
        self.write(HEADERS, END_HEADERS, stream, &[OK]).await;
        self.write(DATA, END_STREAM, stream, content).await;
    }

    pub(crate) async fn begin(&mut self, stream: u32) {
        self.write(HEADERS, END_HEADERS, stream, &[OK]).await;
    }

    pub(crate) async fn reset(&mut self, stream: u32, code: u32) {
        self.write(RST_STREAM, 0, stream, &code.to_be_bytes()).await;
    }

    pub(crate) async fn go_away(&mut self, last: u32, code: u32) {
        self.write(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat()).await;
    }
}
