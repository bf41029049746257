//! One stream, seen from the side that answers.

mod request;
mod response;

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{Request, StatusCode};

use self::response::{End, Outbox};
use super::failure;
use super::unread::{Inbox, Unread};
use crate::h1::Config;
use crate::head::{RequestHead, ResponseHead};
use crate::transfer::{Last, Misuse, Part, Reason, Sink, Source, StreamError};

/// What fits while nothing waits. More than that is a piece that comes at once.
const ROOM: usize = 64 << 10;

/// One stream of a connection of HTTP/2: a [`Source`] of the request's parts, a [`Sink`] of the response's.
///
/// **Flow control.** The client is given new credit for what [`Source::poll_part`] gives out, when it gives it out: what nobody reads stays
/// within the window. What is pushed waits here until the client grants a window for it, and [`Sink::poll_room`] is pending until nothing waits;
/// no window is reserved by a stream that has nothing to send, as others may need it.
///
/// **What is not here.** No clock, no waits: `simplon-core` has them.
///
/// Cancel: dropped before the response was pushed to its end, the stream is reset.
#[derive(Debug)]
pub struct ServerStream {
    recv: Inbox,
    respond: SendResponse<Bytes>,
    send: Option<SendStream<Bytes>>,
    read: Read,
    write: Write,
    asked: Asked,
    config: Arc<Config>,
    expects: Expects,
    outbox: Outbox,
    interims: u8,
    announced: Option<u64>,
    content_in: u64,
    content_out: u64,
    handed_over: u64,
}

/// The request.
#[derive(Debug)]
enum Read {
    Head(Box<http::request::Parts>),
    Content,
    /// An upgrade or CONNECT: what comes belongs to a tunnel that is not agreed upon yet.
    Held,
    Ended,
    Raw,
    RawEnded,
    Failed(StreamError),
}

/// The response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Head,
    Length(u64),
    Open,
    /// Content is dropped: there cannot be any.
    Nothing,
    Ended,
    Raw,
    RawEnded,
    Failed(Misuse),
    /// The stream was reset by us.
    Cut,
}

#[derive(Debug)]
enum Asked {
    Head,
    Connect,
    /// Extended CONNECT, with the protocol.
    Upgrade(Bytes),
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    Nothing,
    Continue,
}

impl ServerStream {
    /// A request that came, with the means to answer it.
    pub fn new(request: Request<RecvStream>, respond: SendResponse<Bytes>, config: Arc<Config>) -> Self {
        let (parts, recv) = request.into_parts();
        Self {
            recv: Inbox::new(recv, &config),
            respond,
            send: None,
            read: Read::Head(Box::new(parts)),
            write: Write::Head,
            asked: Asked::Other,
            config,
            expects: Expects::Nothing,
            outbox: Outbox::default(),
            interims: 0,
            announced: None,
            content_in: 0,
            content_out: 0,
            handed_over: 0,
        }
    }

    // ---- questions

    /// The number of the stream.
    pub fn id(&self) -> u32 {
        self.recv.stream_id().as_u32()
    }

    /// The request was given to its end; a tunnel is at its end when the client closed its side.
    pub const fn is_read(&self) -> bool {
        matches!(self.read, Read::Ended | Read::Held | Read::RawEnded)
    }

    /// The response was taken to its end.
    pub const fn is_written(&self) -> bool {
        matches!(self.write, Write::Ended | Write::RawEnded)
    }

    /// A final response head was taken.
    pub fn has_begun(&self) -> bool {
        self.write != Write::Head
    }

    /// Both sides agreed on raw octets.
    pub const fn is_tunnel(&self) -> bool {
        matches!(self.write, Write::Raw | Write::RawEnded)
    }

    /// Content is being read, or raw octets of a tunnel.
    pub const fn is_mid_content(&self) -> bool {
        matches!(self.read, Read::Content)
    }

    /// The client holds its content back until it is told to go on, and was not told yet.
    pub fn awaits_continue(&self) -> bool {
        self.expects == Expects::Continue && self.write == Write::Head && matches!(self.read, Read::Content)
    }

    /// Octets of content that are still to come, if the client said how many.
    pub fn remaining(&self) -> Option<u64> {
        self.announced.map(|length| length.saturating_sub(self.content_in))
    }

    /// Octets that were pushed and that the client has not granted a window for.
    pub const fn waiting(&self) -> usize {
        self.outbox.octets
    }

    /// Octets of content that the client granted a window for, ever: how a slow client is told from one that stands still.
    pub const fn handed_over(&self) -> u64 {
        self.handed_over
    }

    /// Octets of content given out, ever.
    pub const fn read_content(&self) -> u64 {
        self.content_in
    }

    /// Octets of content taken, ever.
    pub const fn written_content(&self) -> u64 {
        self.content_out
    }

    /// What came and was not read yet, for whoever drives the connection.
    pub fn unread(&self) -> Unread {
        self.recv.unread()
    }

    /// Whether nothing follows the head.
    pub fn is_head_alone(&self) -> bool {
        self.recv.is_end_stream()
    }

    // ---- the client's resets

    /// Ready once the client has reset the stream or the connection is gone, whatever is being read or written.
    pub fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<StreamError> {
        let reset = match &mut self.send {
            Some(send) => send.poll_reset(cx),
            None => self.respond.poll_reset(cx),
        };
        match ready!(reset) {
            Ok(_) => Poll::Ready(self.why_reset(cx)),
            Err(error) => Poll::Ready(failure::of(&error)),
        }
    }

    /// Who reset the stream: the client, or the crate because the client broke a rule. Only what is read says so.
    fn why_reset(&self, cx: &mut Context<'_>) -> StreamError {
        self.recv.poll_error(cx).map_or(StreamError::Reset, |error| failure::of(&error))
    }

    /// Ends the stream with this code, at once.
    pub fn reset_with(&mut self, code: h2::Reason) {
        if self.write == Write::Cut {
            return;
        }
        match &mut self.send {
            Some(send) => send.send_reset(code),
            None => self.respond.send_reset(code),
        }
        self.write = Write::Cut;
        self.outbox = Outbox::default();
        self.fail(StreamError::Reset);
    }

    /// The stream cannot go on; every later read gives the same.
    pub fn fail(&mut self, error: StreamError) -> StreamError {
        self.read = Read::Failed(error);
        error
    }
}

impl Source<RequestHead> for ServerStream {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<RequestHead>>, StreamError>> {
        if self.awaits_continue() {
            self.write_head(&ResponseHead::new(StatusCode::CONTINUE), Last::No)?;
        }
        let part = match std::mem::replace(&mut self.read, Read::Ended) {
            Read::Head(parts) => self.head(*parts),
            read @ (Read::Content | Read::Raw) => {
                self.read = read;
                ready!(self.poll_content(cx))
            }
            Read::Failed(error) => Err(error),
            read @ (Read::Held | Read::Ended | Read::RawEnded) => {
                self.read = read;
                return Poll::Ready(Ok(None));
            }
        };
        Poll::Ready(part.map(Some).map_err(|error| self.fail(error)))
    }

    /// The response may go on. If it comes to its end, the stream ends with NO_ERROR (RFC 9113 §8.1).
    fn stop(&mut self, _why: Reason) {
        if !self.is_read() {
            self.fail(StreamError::Reset);
        }
    }
}

impl Sink<ResponseHead> for ServerStream {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        ready!(self.poll_flush(cx))?;
        Poll::Ready(Ok(ROOM))
    }

    fn push(&mut self, part: Part<ResponseHead>) -> Result<(), StreamError> {
        match part {
            Part::Head(head, last) if self.write == Write::Head => self.write_head(&head, last),
            Part::Head(..) => Err(StreamError::Misuse(Misuse::OutOfOrder)),
            Part::Data(octets, last) => self.write_data(octets, last).map_err(|misuse| self.refuse(misuse)),
            Part::Trailers(fields) => self.write_trailers(&fields).map_err(|misuse| self.refuse(misuse)),
        }
    }

    /// Ready once all that was pushed was handed to the connection, which writes it by itself.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        if matches!(self.outbox.end, End::Sent) {
            return Poll::Ready(Ok(()));
        }
        if let Poll::Ready(error) = self.poll_gone(cx) {
            return Poll::Ready(Err(error));
        }
        self.poll_hand_over(cx)
    }

    fn reset(&mut self, why: Reason) {
        self.reset_with(failure::code(why));
    }
}
