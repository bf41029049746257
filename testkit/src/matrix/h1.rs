//! Legs over HTTP/1.1.

use std::io;

use simplon_proto_http::websocket;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::leg::Pieces;
use super::octets::Octets;
use super::up::Asked;
use crate::message::{Message, Reply, Request, chunk};
use crate::wire::{Closing, Content, Cut, Wire};

/// That of RFC 6455 §1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// How the content that is said piece by piece is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Saying {
    /// By its length, or by nothing.
    Plain,
    Chunks,
    /// There are no messages any more, or will not be if the other side agrees.
    Raw,
    /// All has been said.
    Over,
}

/// A connection with a message that is said on it and another that is heard.
#[derive(Debug)]
pub(super) struct Line {
    wire: Wire<Octets>,
    saying: Saying,
    content: Content,
}

impl Line {
    pub(super) fn new(octets: Octets) -> Self {
        let control = octets.control();
        Self { wire: Wire::over(octets, control), saying: Saying::Over, content: Content::Over }
    }

    async fn say(&mut self, octets: Vec<u8>) {
        let said = self.wire.try_send_raw(&octets).await;
        assert!(said.is_ok(), "cannot send: {said:?}");
    }

    pub(super) async fn data(&mut self, octets: &[u8]) -> io::Result<()> {
        match self.saying {
            Saying::Chunks => self.wire.try_send_raw(&chunk(octets)).await,
            Saying::Plain | Saying::Raw => self.wire.try_send_raw(octets).await,
            Saying::Over => panic!("no message has been begun"),
        }
    }

    /// Ends the message; of a tunnel, this side of the connection.
    pub(super) async fn end(&mut self, trailers: &[(String, Vec<u8>)]) {
        match std::mem::replace(&mut self.saying, Saying::Over) {
            Saying::Chunks => {
                let mut octets = b"0\r\n".to_vec();
                for (name, value) in trailers {
                    octets.extend_from_slice(format!("{name}: ").as_bytes());
                    octets.extend_from_slice(value);
                    octets.extend_from_slice(b"\r\n");
                }
                octets.extend_from_slice(b"\r\n");
                self.say(octets).await;
            }
            Saying::Raw => self.half_close().await,
            Saying::Plain | Saying::Over => {}
        }
    }

    /// From here on there are no messages.
    pub(super) fn tunnel(&mut self) {
        (self.saying, self.content) = (Saying::Raw, Content::UntilClose);
    }

    pub(super) async fn half_close(&mut self) {
        self.wire.half_close().await;
    }

    pub(super) fn reset(&self) {
        self.wire.control().reset();
    }

    async fn ended(&mut self) {
        let ended = self.wire.rest().await;
        assert!(matches!(ended, Ok(_) | Err(Cut::Reset)), "{ended:?}");
    }
}

impl Pieces for Line {
    async fn piece(&mut self, most: usize, head: &mut Message) -> Result<Option<Vec<u8>>, Cut> {
        self.wire.piece(&mut self.content, most, head).await
    }
}

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) line: Line,
    /// What was asked last: the length of an answer depends upon it.
    method: String,
}

impl Client {
    pub(super) fn new(octets: Octets) -> Self {
        Self { line: Line::new(octets), method: String::new() }
    }

    pub(super) async fn send(&mut self, request: Request) -> io::Result<()> {
        request.method().clone_into(&mut self.method);
        self.line.wire.try_send_raw(&request.encode()).await
    }

    async fn send_head(&mut self, request: Request) {
        let sent = self.send(request).await;
        assert!(sent.is_ok(), "cannot send: {sent:?}");
    }

    pub(super) async fn begin(&mut self, request: Request) {
        let says_length = request.says_length();
        let request = request.unframed();
        let request = if says_length { request } else { request.field("Transfer-Encoding", "chunked") };
        self.line.saying = if says_length { Saying::Plain } else { Saying::Chunks };
        self.send_head(request).await;
    }

    /// Asks for a switch of protocols.
    pub(super) async fn upgrade(&mut self, target: &str, protocol: &str) {
        let request = crate::message::get(target).field("Connection", "Upgrade").field("Upgrade", protocol);
        let request = request.field("Sec-WebSocket-Key", KEY).field("Sec-WebSocket-Version", "13");
        self.send_head(request).await;
        self.line.saying = Saying::Raw;
    }

    /// Whether a tunnel was asked for.
    pub(super) fn asked_connect(&self) -> bool {
        self.method == "CONNECT"
    }

    /// Asks for a tunnel.
    pub(super) async fn connect(&mut self, request: Request) {
        self.send_head(request.unframed()).await;
        self.line.saying = Saying::Raw;
    }

    /// The connection ends, and what comes before is not looked at.
    pub(super) async fn stopped(&mut self) {
        self.line.ended().await;
    }

    pub(super) async fn closed(&mut self) {
        self.line.wire.closed().await;
    }

    pub(super) async fn head(&mut self) -> Result<Message, Cut> {
        let head = self.line.wire.head().await?;
        if head.status >= 200 || head.status == 101 {
            self.line.content = Content::of(&head, Some(&self.method))?;
        }
        Ok(head)
    }
}

/// Hands over every request of a connection, one after the other.
pub(super) async fn serve(octets: Octets, to: UnboundedSender<Asked>) {
    let mut line = Line::new(octets);
    loop {
        let Ok(head) = line.wire.head().await else { return };
        line.content = Content::of(&head, None).unwrap_or_else(|cut| panic!("{cut}"));
        let (home, back) = oneshot::channel();
        let served = Served { line: Some(line), home: Some(home), is_answered: false };
        if to.send(Asked::h1(head, served)).is_err() {
            return;
        }
        match back.await {
            Ok(returned) => line = returned,
            Err(_) => return,
        }
    }
}

/// A request at the origin. Its connection goes on to the next one once both messages have ended.
#[derive(Debug)]
pub(super) struct Served {
    line: Option<Line>,
    home: Option<oneshot::Sender<Line>>,
    is_answered: bool,
}

impl Served {
    pub(super) fn line(&mut self) -> &mut Line {
        self.line.as_mut().expect("the exchange is not over")
    }

    /// Gives the connection back if nothing more is due on it.
    fn release(&mut self) {
        let is_over = self.is_answered && self.line.as_ref().is_some_and(|line| line.content == Content::Over);
        if is_over && let (Some(line), Some(home)) = (self.line.take(), self.home.take()) {
            // Whoever handed the request over may be gone.
            drop(home.send(line));
        }
    }

    pub(super) async fn respond(&mut self, reply: Reply, method: &str) -> io::Result<()> {
        let octets = if method == "HEAD" { reply.encode_head() } else { reply.encode() };
        self.line().wire.try_send_raw(&octets).await?;
        self.is_answered = !reply.is_interim();
        self.release();
        Ok(())
    }

    pub(super) async fn begin(&mut self, reply: Reply) {
        let says_length = reply.says_length();
        let reply = reply.unframed();
        let reply = if says_length { reply } else { reply.field("Transfer-Encoding", "chunked") };
        self.line().saying = if says_length { Saying::Plain } else { Saying::Chunks };
        self.line().say(reply.encode()).await;
    }

    pub(super) async fn end(&mut self, trailers: &[(String, Vec<u8>)]) {
        self.line().end(trailers).await;
        self.is_answered = true;
        self.release();
    }

    /// Agrees to a switch of protocols, or to CONNECT.
    pub(super) async fn open(&mut self, head: &Message) {
        let reply = match head.field("Upgrade") {
            Some(protocol) => {
                let reply = crate::message::status(101).field("Connection", "Upgrade").field("Upgrade", protocol);
                match head.field("Sec-WebSocket-Key") {
                    Some(key) => reply.field("Sec-WebSocket-Accept", websocket::accept(key.as_bytes())),
                    None => reply,
                }
            }
            None => crate::message::status(200).unframed(),
        };
        self.line().say(reply.encode()).await;
        self.line().tunnel();
    }

    pub(super) fn cut(&mut self) {
        self.line = None;
    }

    pub(super) fn reset(&mut self) {
        if let Some(line) = self.line.take() {
            line.reset();
        }
    }

    /// The connection ends, and what comes before is not looked at.
    pub(super) async fn stopped(&mut self) {
        self.line().ended().await;
    }

    pub(super) async fn cancelled(&mut self) -> Closing {
        self.line().wire.closed().await
    }
}

impl Pieces for Served {
    async fn piece(&mut self, most: usize, head: &mut Message) -> Result<Option<Vec<u8>>, Cut> {
        if self.line.is_none() {
            return Ok(None);
        }
        let piece = self.line().piece(most, head).await?;
        self.release();
        Ok(piece)
    }
}
