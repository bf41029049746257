//! The origin's leg.

use std::fmt;
use std::io;
use std::ops::Deref;

use simplon_core::connect::Peer;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::cell::{Over, Version};
use super::leg::{Pieces, strict};
use super::octets::Octets;
use super::{h1, h2};
use crate::message::{Message, Reply};
use crate::network::Origin;
use crate::time::{PATIENCE, must, settle, within};
use crate::wire::{Closing, Cut};

/// The origin's leg: what reaches it, on whichever connection.
#[derive(Debug)]
pub struct Up {
    origin: Origin,
    version: Version,
    over: Over,
    asked: UnboundedReceiver<Asked>,
    hand_over: UnboundedSender<Asked>,
}

impl Up {
    pub(super) fn new(origin: Origin, version: Version, over: Over) -> Self {
        let (hand_over, asked) = unbounded_channel();
        Self { origin, version, over, asked, hand_over }
    }

    /// The next whole request.
    pub async fn request(&mut self) -> Asked {
        let mut asked = self.head().await;
        if let Err(cut) = asked.content().await {
            panic!("no request: {cut}");
        }
        asked
    }

    /// The next head; its content is left where it is.
    pub async fn head(&mut self) -> Asked {
        must("a request reaches the origin", async {
            loop {
                tokio::select! {
                    biased;
                    asked = self.asked.recv() => return asked.expect("whoever hands over is here"),
                    end = self.origin.accept_end() => self.serve(end),
                }
            }
        })
        .await
    }

    /// A request of which at least the head is there, without waiting for one.
    pub async fn arrived(&mut self) -> Option<Asked> {
        settle().await;
        while let Some(end) = self.origin.waiting() {
            self.serve(end);
        }
        settle().await;
        self.asked.try_recv().ok()
    }

    fn serve(&self, end: crate::pipe::End) {
        let (version, over, to) = (self.version, self.over, self.hand_over.clone());
        // When a request comes is for those to judge who wait for it.
        tokio::spawn(within(PATIENCE, async move {
            let Some(octets) = Octets::origin(end, over, version).await else { return };
            match version {
                Version::H1 => h1::serve(octets, to).await,
                Version::H2 => h2::serve(octets, to).await,
            }
        }));
    }

    /// Asserts that no request came that was not looked at, nor a connection for one.
    pub async fn nobody_else_came(&mut self) {
        self.origin.nobody_came().await;
        assert!(self.asked.try_recv().is_err(), "another request came");
    }

    /// Answers every request with what `answer` makes of it, from a task of its own.
    pub fn answer(mut self, answer: impl Fn(&Message) -> Reply + Send + 'static) {
        tokio::spawn(within(PATIENCE, async move {
            loop {
                tokio::select! {
                    biased;
                    end = self.origin.accept_end() => self.serve(end),
                    Some(mut asked) = self.asked.recv() => {
                        if asked.content().await.is_ok() {
                            let reply = answer(&asked);
                            // Whoever asked may be gone.
                            let _ = asked.try_respond(reply).await;
                        }
                    }
                }
            }
        }));
    }

    /// Where it is, without what the version asks for.
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.origin.peer()
    }

    /// From now on connections are refused.
    pub fn refuse(&self) {
        self.origin.refuse();
    }

    /// From now on connecting takes for ever.
    pub fn hang(&self) {
        self.origin.hang();
    }

    /// From now on connections are accepted, as at the start.
    pub fn open(&self) {
        self.origin.open();
    }

    /// How often somebody tried to connect.
    #[must_use]
    pub fn tries(&self) -> usize {
        self.origin.tries()
    }
}

/// One request at the origin, as far as it was read, and the way to answer it. Dropped before that, it is cut.
pub struct Asked {
    message: Message,
    side: Side,
}

enum Side {
    H1(h1::Served),
    H2(Box<h2::Served>),
}

impl Asked {
    pub(super) fn h1(message: Message, served: h1::Served) -> Self {
        Self { message, side: Side::H1(served) }
    }

    pub(super) fn h2(message: Message, served: h2::Served) -> Self {
        Self { message, side: Side::H2(Box::new(served)) }
    }

    /// Reads the rest of the content into the message.
    ///
    /// # Errors
    /// It was cut.
    pub async fn content(&mut self) -> Result<(), Cut> {
        strict(match &mut self.side {
            Side::H1(served) => served.rest(&mut self.message).await,
            Side::H2(served) => served.rest(&mut self.message).await,
        })
    }

    /// Exactly so many octets of the content.
    ///
    /// # Errors
    /// It was cut before, or ended.
    pub async fn read(&mut self, octets: usize) -> Result<Vec<u8>, Cut> {
        strict(match &mut self.side {
            Side::H1(served) => served.exactly(octets, &mut self.message).await,
            Side::H2(served) => served.exactly(octets, &mut self.message).await,
        })
    }

    /// The protocol that a switch is asked to, by upgrade or by extended CONNECT.
    #[must_use]
    pub fn switches_to(&self) -> Option<&str> {
        match &self.side {
            Side::H1(_) => self.message.field("Upgrade").filter(|_| self.message.lists("Connection", "upgrade")),
            Side::H2(_) => self.message.field(":protocol"),
        }
    }

    /// Sends a whole response, informational or final.
    pub async fn respond(&mut self, reply: Reply) {
        let sent = self.try_respond(reply).await;
        assert!(sent.is_ok(), "cannot respond: {sent:?}");
    }

    /// Sends a whole response; the error if it is not wanted any more.
    ///
    /// # Errors
    /// The proxy does not take it.
    pub async fn try_respond(&mut self, reply: Reply) -> io::Result<()> {
        match &mut self.side {
            Side::H1(served) => served.respond(reply, self.message.method()).await,
            Side::H2(served) => served.respond(reply, self.message.method()).await,
        }
    }

    /// Sends the head of a response whose content follows piece by piece: so much as its Content-Length says, or until it is ended.
    pub async fn begin(&mut self, reply: Reply) {
        match &mut self.side {
            Side::H1(served) => served.begin(reply).await,
            Side::H2(served) => served.begin(reply),
        }
    }

    /// Agrees to a switch of protocols, or to CONNECT. From here on octets pass as they are.
    pub async fn open(&mut self) {
        match &mut self.side {
            Side::H1(served) => served.open(&self.message).await,
            Side::H2(served) => served.open(),
        }
    }

    /// Sends a piece of content; the error if it is not wanted any more.
    ///
    /// # Errors
    /// The proxy does not take it.
    pub async fn data(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.side {
            Side::H1(served) => served.line().data(octets).await,
            Side::H2(served) => served.stream.data(octets).await,
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
            Side::H1(served) => served.end(&trailers).await,
            Side::H2(served) => served.stream.end(&trailers).await,
        }
    }

    /// Ends what was begun before its announced length, as if that were all: the connection ends cleanly, or the stream does.
    pub async fn fall_short(&mut self) {
        match &mut self.side {
            Side::H1(served) => served.line().half_close().await,
            Side::H2(served) => served.stream.end(&[]).await,
        }
    }

    /// Cuts the exchange: what was begun never ends. The connection is closed, or the stream reset with INTERNAL_ERROR.
    pub async fn cut(&mut self) {
        match &mut self.side {
            Side::H1(served) => served.cut(),
            Side::H2(served) => served.cut().await,
        }
    }

    /// Resets the connection, whatever else is on it.
    pub fn reset(&mut self) {
        match &mut self.side {
            Side::H1(served) => served.reset(),
            Side::H2(served) => served.reset(),
        }
    }

    /// Waits until the proxy says that it will not send more of the request: the connection ends, or the stream is reset without blame.
    pub async fn stopped(&mut self) {
        match &mut self.side {
            Side::H1(served) => served.stopped().await,
            Side::H2(served) => served.stopped().await,
        }
    }

    /// Waits until the proxy has ended the exchange, in whichever way: the connection ends, or the stream does.
    pub async fn ended(&mut self) {
        match &mut self.side {
            Side::H1(served) => served.stopped().await,
            Side::H2(served) => served.ended().await,
        }
    }

    /// Waits until the proxy has given the exchange up: the connection ends, or the stream is reset with CANCEL.
    pub async fn cancelled(&mut self) -> Closing {
        match &mut self.side {
            Side::H1(served) => served.cancelled().await,
            Side::H2(served) => served.cancelled().await,
        }
    }
}

impl Deref for Asked {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.message, f)
    }
}
