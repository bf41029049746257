//! The client's leg.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use simplon_core::http::Serve;

use super::cell::{Over, Version};
use super::leg::{Pieces, strict};
use super::octets::Octets;
use super::{h1, h2};
use crate::message::{Message, Request, request};
use crate::rig::Rig;
use crate::wire::Cut;

/// The client's leg: one connection, on which requests follow each other.
pub struct Down {
    side: Side,
    /// The head of the response that is being read.
    heard: Option<Message>,
}

enum Side {
    H1(h1::Client),
    H2(Box<h2::Client>),
}

/// The same for each version.
macro_rules! each {
    ($down:ident, $client:ident => $does:expr) => {
        match &mut $down.side {
            Side::H1($client) => $does,
            Side::H2($client) => $does,
        }
    };
}

impl Down {
    /// A new client, from 192.0.2.1.
    pub(super) async fn open<S: Serve>(rig: &Rig<S>, version: Version, over: Over) -> Self {
        Self::open_from(rig, version, over, SocketAddr::from(([192, 0, 2, 1], 4711))).await
    }

    pub(super) async fn open_from<S: Serve>(rig: &Rig<S>, version: Version, over: Over, from: SocketAddr) -> Self {
        let octets = Octets::client(rig.connect(from).0, over, version).await;
        let side = match version {
            Version::H1 => Side::H1(h1::Client::new(octets)),
            Version::H2 => Side::H2(Box::new(h2::Client::new(octets, over.scheme()).await)),
        };
        Self { side, heard: None }
    }

    /// Sends a whole request, or as much of it as is taken: an answer may come before.
    pub async fn send(&mut self, request: Request) {
        self.heard = None;
        let _ = each!(self, client => client.send(request).await);
    }

    /// Sends the head of a request whose content follows piece by piece: so much as its Content-Length says, or until it is ended.
    pub async fn begin(&mut self, request: Request) {
        self.heard = None;
        each!(self, client => client.begin(request).await);
    }

    /// Asks for a switch to this protocol: an upgrade, or extended CONNECT (RFC 8441). Octets follow piece by piece.
    pub async fn upgrade(&mut self, target: &str, protocol: &str) {
        self.heard = None;
        each!(self, client => client.upgrade(target, protocol).await);
    }

    /// Asks for a tunnel to there. Octets follow piece by piece.
    pub async fn connect(&mut self, authority: &str) {
        self.heard = None;
        let request = request("CONNECT", authority).host(authority);
        match &mut self.side {
            Side::H1(client) => client.connect(request).await,
            Side::H2(client) => client.begin(request).await,
        }
    }

    /// Sends a piece of content; the error if it is not wanted any more.
    ///
    /// # Errors
    /// The proxy does not take it.
    pub async fn data(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.side {
            Side::H1(client) => client.line.data(octets).await,
            Side::H2(client) => client.stream.data(octets).await,
        }
    }

    /// Ends the content; of a tunnel, this direction of it.
    pub async fn end(&mut self) {
        self.end_with(&[]).await;
    }

    /// Ends the content with trailers.
    pub async fn end_with(&mut self, trailers: &[(&str, &str)]) {
        let trailers: Vec<_> =
            trailers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        match &mut self.side {
            Side::H1(client) => client.line.end(&trailers).await,
            Side::H2(client) => client.stream.end(&trailers).await,
        }
    }

    /// Ends what was begun before its announced length, as if that were all: this side of the connection ends, or of the stream.
    pub async fn fall_short(&mut self) {
        match &mut self.side {
            Side::H1(client) => client.line.half_close().await,
            Side::H2(client) => client.stream.end(&[]).await,
        }
    }

    /// The next head, informational or final. What follows it is read by [`Down::read`] and [`Down::response`].
    pub async fn head(&mut self) -> Message {
        match self.try_head().await {
            Ok(head) => head,
            Err(cut) => panic!("no response: {cut}"),
        }
    }

    async fn try_head(&mut self) -> Result<Message, Cut> {
        let head = strict(each!(self, client => client.head().await))?;
        if head.status >= 200 || head.status == 101 {
            self.heard = Some(head.clone());
        }
        Ok(head)
    }

    /// The agreement to what [`Down::upgrade`] or [`Down::connect`] asked for. From here on octets pass as they are.
    pub async fn opened(&mut self) -> Message {
        let head = self.head().await;
        match &mut self.side {
            Side::H1(client) => {
                assert!(head.status == 101 || (head.status == 200 && client.asked_connect()), "{head:?}");
                client.line.tunnel();
            }
            Side::H2(_) => assert_eq!(head.status, 200, "{head:?}"),
        }
        head
    }

    /// Exactly so many octets of the content.
    ///
    /// # Errors
    /// It was cut before, or ended.
    pub async fn read(&mut self, octets: usize) -> Result<Vec<u8>, Cut> {
        let heard = self.heard.as_mut().expect("the head has been read");
        strict(match &mut self.side {
            Side::H1(client) => client.line.exactly(octets, heard).await,
            Side::H2(client) => client.stream.exactly(octets, heard).await,
        })
    }

    /// The response, with the informational heads before it; what of it was read before is left out.
    pub async fn response(&mut self) -> Message {
        match self.try_response().await {
            Ok(message) => message,
            Err(cut) => panic!("no response: {cut}"),
        }
    }

    /// The response, or why there is none.
    ///
    /// # Errors
    /// It was cut.
    pub async fn try_response(&mut self) -> Result<Message, Cut> {
        let mut interim = Vec::new();
        while self.heard.is_none() {
            let head = self.try_head().await?;
            if self.heard.is_none() {
                interim.push(head);
            }
        }
        let mut message = self.heard.take().expect("the head has been read");
        strict(match &mut self.side {
            Side::H1(client) => client.line.rest(&mut message).await,
            Side::H2(client) => client.stream.rest(&mut message).await,
        })?;
        message.interim = interim;
        Ok(message)
    }

    /// Waits until the proxy says that it will not take more of the request: the connection ends, or the stream is reset with NO_ERROR.
    pub async fn stopped(&mut self) {
        each!(self, client => client.stopped().await);
    }

    /// Gives the request up: the connection is reset, or the stream is, with CANCEL, and the connection goes on.
    pub async fn cancel(&mut self) {
        match &mut self.side {
            Side::H1(client) => client.line.reset(),
            Side::H2(client) => client.cancel().await,
        }
    }

    /// Waits for the proxy to end the connection. Nothing that was asked may be answered before.
    pub async fn closed(&mut self) {
        each!(self, client => client.closed().await);
    }

    /// Ends the connection without a word.
    pub fn close(self) {
        match self.side {
            Side::H1(client) => drop(client),
            Side::H2(client) => client.close(),
        }
    }
}

impl fmt::Debug for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side: &dyn fmt::Debug = match &self.side {
            Side::H1(client) => client,
            Side::H2(client) => client,
        };
        f.debug_struct("Down").field("side", side).field("heard", &self.heard).finish()
    }
}
