//! The expectations that cases share, with every choice that the RFC leaves.

use super::case::Stop;
use crate::h2::code::{Code, Setting};
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;
use crate::h2::peer::{Event, Miss, Peer, Role};

/// A stream that a client could open and did not.
pub(super) const IDLE: u32 = 1001;

/// How a script ends.
pub(super) type Ended = Result<(), Stop>;

impl Peer {
    /// The connection ends for one of these reasons. GOAWAY may be left out (§5.4.1).
    pub(super) async fn connection_error(&mut self, codes: &[Code]) -> Ended {
        let what = format!("a connection error {}", list(codes));
        self.watch(&what, |event| self_closed(event, codes)).await
    }

    /// The stream ends for one of these reasons, or the connection does (§5.4.2).
    pub(super) async fn stream_error(&mut self, stream: u32, codes: &[Code]) -> Ended {
        let what = format!("a stream error {}", list(codes));
        self.watch(&what, |event| match event {
            Event::Reset { stream: on, code } if *on == stream => judge(codes.contains(code)),
            event => self_closed(event, codes),
        })
        .await
    }

    /// The message on this stream is taken for malformed (§8.1.1).
    pub(super) async fn malformed(&mut self, stream: u32) -> Ended {
        let codes = &[Code::PROTOCOL_ERROR];
        match self.role() {
            Role::Client => {
                self.watch("the request to be malformed", |event| match event {
                    Event::Reset { stream: on, code } if *on == stream => judge(codes.contains(code)),
                    Event::Fields { stream: on, fields, .. } if *on == stream => {
                        judge(fields.iter().any(|(name, value)| name == ":status" && value.starts_with('4')))
                    }
                    event => self_closed(event, codes),
                })
                .await
            }
            Role::Server => {
                self.watch("the response to be malformed", |event| match event {
                    Event::Reset { stream: on, code } if *on == stream => judge(codes.contains(code)),
                    Event::Fields { fields, .. } => judge(fields.iter().any(|(_, value)| value == "/failed")),
                    event => self_closed(event, codes),
                })
                .await
            }
        }
    }

    /// Looks at all that comes until it is decided.
    async fn watch(&mut self, what: &str, verdict: impl Fn(&Event) -> Option<Watched>) -> Ended {
        let watched = self.expect(what, &verdict).await;
        match watched {
            Ok(Watched::Met) => Ok(()),
            Ok(Watched::GoAway) => Ok(self.expect_close().await?),
            Ok(Watched::Wrong(event)) => Err(self.missed(what, event).into()),
            Err(miss) => Err(miss.into()),
        }
    }

    /// The message on this stream is served as it should be.
    pub(super) async fn served(&mut self, stream: u32) -> Ended {
        match self.role() {
            Role::Client => {
                let answer = self.expect_response(stream).await?;
                match answer.status {
                    200 => Ok(()),
                    other => Err(self.missed("the request to be served", format!("{other}")).into()),
                }
            }
            Role::Server => self.next_is("/ok").await,
        }
    }

    /// The next request says that the one before ended so.
    pub(super) async fn next_is(&mut self, path: &str) -> Ended {
        let asked = self.expect_request().await?;
        self.used(asked.stream);
        let said = asked.field(":path").unwrap_or_default().to_owned();
        self.asked = Some(asked);
        if said == path { Ok(()) } else { Err(self.missed(&format!("the response to be {path}"), said).into()) }
    }

    /// A stream, and a field block with which a message on it begins: a request, or the response to the one that waits.
    pub(in crate::h2) async fn message(&mut self) -> Result<(u32, Block), Miss> {
        match self.role() {
            Role::Client => Ok((self.fresh(), Block::request("POST", "/"))),
            Role::Server => Ok((self.answering().await?, Block::response("200"))),
        }
    }

    /// The stream of the request that waits for an answer.
    async fn answering(&mut self) -> Result<u32, Miss> {
        let asked = match self.asked.take() {
            Some(asked) => asked,
            None => self.expect_request().await?,
        };
        self.used(asked.stream);
        Ok(asked.stream)
    }

    /// A stream on which this peer may go on to send content.
    pub(in crate::h2) async fn open(&mut self) -> Result<u32, Miss> {
        let stream = match self.role() {
            Role::Client => {
                let stream = self.fresh();
                self.send(Frame::headers(stream, Block::request("POST", "/hold"))).await;
                stream
            }
            Role::Server => {
                let stream = self.answering().await?;
                self.send(Frame::headers(stream, Block::response("200"))).await;
                stream
            }
        };
        self.begun = Some(stream);
        Ok(stream)
    }

    /// The connection still serves.
    pub(super) async fn alive(&mut self) -> Ended {
        let stream = match (self.role(), self.begun.take()) {
            (Role::Server, Some(stream)) => {
                self.send(Frame::data(stream, "end").end_stream()).await;
                stream
            }
            _ => {
                let (stream, block) = self.message().await?;
                let block = if self.role() == Role::Client { Block::request("GET", "/") } else { block };
                self.send(Frame::headers(stream, block).end_stream()).await;
                stream
            }
        };
        self.served(stream).await
    }

    /// Sends after the start, and expects a connection error.
    pub(super) async fn offend(&mut self, frame: Frame, codes: &[Code]) -> Ended {
        self.start().await?;
        self.send(frame).await;
        self.connection_error(codes).await
    }

    /// Sends after the start, and expects the connection to serve.
    pub(super) async fn tolerate(&mut self, frame: Frame) -> Ended {
        self.start().await?;
        self.send(frame).await;
        self.alive().await
    }

    /// Sends on an open stream, and expects a connection error.
    pub(super) async fn offend_open(&mut self, make: impl Fn(u32) -> Frame + Send, codes: &[Code]) -> Ended {
        self.start().await?;
        let stream = self.open().await?;
        self.send(make(stream)).await;
        self.connection_error(codes).await
    }

    /// Sends on an open stream, and expects the stream to end.
    pub(super) async fn offend_stream(&mut self, make: impl Fn(u32) -> Frame + Send, codes: &[Code]) -> Ended {
        self.start().await?;
        let stream = self.open().await?;
        self.send(make(stream)).await;
        self.stream_error(stream, codes).await
    }

    /// Sends on an open stream, and expects the connection to serve.
    pub(super) async fn tolerate_open(&mut self, make: impl Fn(u32) -> Frame + Send) -> Ended {
        self.start().await?;
        let stream = self.open().await?;
        self.send(make(stream)).await;
        self.alive().await
    }

    /// Begins a message with this field block, whole, and expects it to be malformed.
    pub(super) async fn refuse(&mut self, block: Block) -> Ended {
        self.start().await?;
        let (stream, _) = self.message().await?;
        self.send(Frame::headers(stream, block).end_stream()).await;
        self.malformed(stream).await
    }

    /// Begins a message whose block is this after its own, and expects a connection error of compression.
    pub(super) async fn confuse(&mut self, more: Block) -> Ended {
        self.start().await?;
        let (stream, block) = self.message().await?;
        self.send(Frame::headers(stream, block.octets(more)).end_stream()).await;
        self.connection_error(&[Code::COMPRESSION_ERROR]).await
    }

    /// A message whose block is made of its own is served.
    pub(super) async fn understand(&mut self, make: impl Fn(Block) -> Block + Send) -> Ended {
        self.start().await?;
        self.needs_table()?;
        let (stream, block) = self.message().await?;
        self.send(Frame::headers(stream, make(block)).end_stream()).await;
        self.served(stream).await
    }

    /// Skips the case if the other end remembers less than what cases have it remember.
    pub(super) fn needs_table(&self) -> Ended {
        match self.theirs(Setting::HEADER_TABLE_SIZE) {
            Some(..128) => Err(Stop::Skipped("the dynamic table is smaller than 128 octets")),
            _ => Ok(()),
        }
    }

    /// The limit on streams, if it can be reached.
    pub(super) fn most_streams(&self) -> Result<u32, Stop> {
        match self.theirs(Setting::MAX_CONCURRENT_STREAMS) {
            Some(most @ ..=1000) => Ok(most),
            _ => Err(Stop::Skipped("the server sets no MAX_CONCURRENT_STREAMS of at most 1000")),
        }
    }

    /// The largest payload of a frame that the other end takes.
    pub(super) fn max_frame(&self) -> usize {
        self.theirs(Setting::MAX_FRAME_SIZE).unwrap_or(16_384) as usize
    }
}

/// What an event decides.
enum Watched {
    Met,
    /// It must be followed by the end of the connection.
    GoAway,
    Wrong(String),
}

fn judge(is_met: bool) -> Option<Watched> {
    is_met.then_some(Watched::Met)
}

fn self_closed(event: &Event, codes: &[Code]) -> Option<Watched> {
    match event {
        Event::GoAway { code, .. } if codes.contains(code) => Some(Watched::GoAway),
        // A notice, after which there is more to come.
        Event::GoAway { code: Code::NO_ERROR, .. } => None,
        Event::GoAway { .. } => Some(Watched::Wrong(event.to_string())),
        Event::Closed { .. } => Some(Watched::Met),
        _ => None,
    }
}

fn list(codes: &[Code]) -> String {
    codes.iter().map(Code::to_string).collect::<Vec<_>>().join(" or ")
}
