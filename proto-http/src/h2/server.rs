//! One stream, seen from the side that answers.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Method, Request, StatusCode, request};

use super::{failure, request_in, response_out, trailers};
use crate::fields::{Fields, Known};
use crate::framing::{self, Framing};
use crate::head::{RequestHead, ResponseHead};
use crate::limits::Limits;
use crate::rules::{Leniency, Rule};
use crate::syntax;
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
    recv: RecvStream,
    respond: SendResponse<Bytes>,
    send: Option<SendStream<Bytes>>,
    read: Read,
    write: Write,
    asked: Asked,
    limits: Limits,
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
    Head(Box<request::Parts>),
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

/// What was pushed and waits for a window.
#[derive(Debug, Default)]
struct Outbox {
    pieces: VecDeque<Bytes>,
    octets: usize,
    end: End,
}

#[derive(Debug, Default)]
enum End {
    #[default]
    Open,
    /// END_STREAM with the last piece, or alone.
    Due,
    Trailers(Box<HeaderMap>),
    Sent,
}

impl ServerStream {
    /// A request that came, with the means to answer it.
    pub fn new(request: Request<RecvStream>, respond: SendResponse<Bytes>, limits: Limits) -> Self {
        let (parts, recv) = request.into_parts();
        Self {
            recv,
            respond,
            send: None,
            read: Read::Head(Box::new(parts)),
            write: Write::Head,
            asked: Asked::Other,
            limits,
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
    fn why_reset(&mut self, cx: &mut Context<'_>) -> StreamError {
        match self.recv.poll_data(cx) {
            Poll::Ready(Some(Err(error))) => failure::of(&error),
            _ => StreamError::Reset,
        }
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

    // ---- the request

    fn head(&mut self, parts: request::Parts) -> Result<Part<RequestHead>, StreamError> {
        let asked = parts.method.clone();
        let head = request_in::request_head(parts, &self.limits).map_err(StreamError::Malformed)?;
        let length = self.length(&head.fields).map_err(StreamError::Malformed)?;
        let is_over = self.recv.is_end_stream();
        self.announced = length;
        self.asked = match (asked, &head.upgrade) {
            (_, Some(protocol)) => Asked::Upgrade(protocol.clone()),
            (Method::CONNECT, None) if length > Some(0) => return Err(StreamError::Malformed(Rule::ConnectContent)),
            (Method::CONNECT, None) => Asked::Connect,
            (Method::HEAD, None) => Asked::Head,
            _ => Asked::Other,
        };
        self.read = match self.asked {
            Asked::Upgrade(_) | Asked::Connect => Read::Held,
            _ if is_over && length > Some(0) => return Err(StreamError::Malformed(Rule::LengthMismatch)),
            _ if is_over => Read::Ended,
            _ => Read::Content,
        };
        let last = if self.is_read() { Last::Yes } else { Last::No };
        if last == Last::No && head.expects_continue() {
            self.expects = Expects::Continue;
        }
        if length > self.limits.body_octets && self.limits.body_octets.is_some() {
            // The head is given, so that it can be routed and recorded; the next poll says what is wrong with it.
            self.fail(StreamError::Malformed(Rule::BodyTooLarge));
        }
        Ok(Part::Head(head, last))
    }

    fn length(&self, fields: &Fields) -> Result<Option<u64>, Rule> {
        if !fields.contains(Known::ContentLength) {
            return Ok(None);
        }
        match framing::length(fields, &Leniency::default())?.framing {
            Framing::Length(length) => Ok(Some(length)),
            Framing::Empty | Framing::Chunked | Framing::UntilClose => Ok(None),
        }
    }

    /// The next octets, and then the trailers; the client's credit is renewed for what is given out.
    fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part<RequestHead>, StreamError>> {
        let is_raw = matches!(self.read, Read::Raw);
        loop {
            let Some(octets) = ready!(self.recv.poll_data(cx)) else { break };
            let octets = octets.map_err(|error| failure::of(&error))?;
            let n = octets.len();
            // Fails only for octets that did not come.
            let _ = self.recv.flow_control().release_capacity(n);
            self.expects = Expects::Nothing;
            self.content_in += n as u64;
            if !is_raw && self.limits.body_octets.is_some_and(|most| self.content_in > most) {
                return Poll::Ready(Err(StreamError::Malformed(Rule::BodyTooLarge)));
            }
            let last = if self.recv.is_end_stream() { Last::Yes } else { Last::No };
            if last == Last::Yes {
                self.end_reading();
            }
            if n > 0 || last == Last::Yes {
                return Poll::Ready(Ok(Part::Data(octets, last)));
            }
        }
        let map = ready!(self.recv.poll_trailers(cx)).map_err(|error| failure::of(&error))?;
        self.end_reading();
        let Some(map) = map.filter(|_| !is_raw) else { return Poll::Ready(Ok(Part::Data(Bytes::new(), Last::Yes))) };
        let fields = trailers::received(&map, &self.limits).map_err(StreamError::Malformed)?;
        Poll::Ready(Ok(if fields.is_empty() { Part::Data(Bytes::new(), Last::Yes) } else { Part::Trailers(fields) }))
    }

    fn end_reading(&mut self) {
        self.read = if matches!(self.read, Read::Raw) { Read::RawEnded } else { Read::Ended };
    }

    // ---- the response

    fn write_head(&mut self, head: &ResponseHead, last: Last) -> Result<(), StreamError> {
        let response = response_out::response(head).map_err(StreamError::Misuse)?;
        if head.is_interim() {
            return self.interim(response);
        }
        let write = self.plan(head, last).map_err(StreamError::Misuse)?;
        let is_over = match write {
            Write::Ended | Write::Nothing => true,
            Write::Length(_) | Write::Open | Write::Raw => false,
            Write::Head | Write::RawEnded | Write::Failed(_) | Write::Cut => {
                return Err(StreamError::Misuse(Misuse::OutOfOrder));
            }
        };
        let send = self.respond.send_response(response, is_over).map_err(|error| failure::of(&error))?;
        self.send = Some(send);
        self.write = write;
        self.expects = Expects::Nothing;
        if is_over {
            self.outbox.end = End::Sent;
        }
        if write == Write::Raw {
            self.read = Read::Raw;
        }
        Ok(())
    }

    /// 100 only to those that wait for it.
    fn interim(&mut self, response: http::Response<()>) -> Result<(), StreamError> {
        if response.status() == StatusCode::CONTINUE {
            if !self.awaits_continue() {
                return Ok(());
            }
            self.expects = Expects::Nothing;
        }
        self.interims = self.interims.saturating_add(1);
        if self.interims > self.limits.interim_heads {
            return Err(StreamError::Misuse(Misuse::Head(Rule::TooManyInterims)));
        }
        self.respond.send_informational(response).map_err(|error| failure::of(&error))
    }

    /// How the content of a final response goes out.
    fn plan(&self, head: &ResponseHead, last: Last) -> Result<Write, Misuse> {
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return self.switch(head);
        }
        match &self.asked {
            Asked::Connect if head.status.is_success() => return Ok(Write::Raw),
            // The client would take it for an agreement (RFC 8441 §5).
            Asked::Upgrade(_) if head.status.is_success() => return Err(Misuse::UpgradeNotAsked),
            _ => {}
        }
        let length = self.length(&head.fields).map_err(Misuse::Head)?;
        let is_empty = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        match (length, last) {
            (_, Last::Yes) if is_empty || matches!(self.asked, Asked::Head) => Ok(Write::Ended),
            (_, Last::No) if is_empty || matches!(self.asked, Asked::Head) => Ok(Write::Nothing),
            (Some(1..), Last::Yes) => Err(Misuse::TooShort),
            (_, Last::Yes) => Ok(Write::Ended),
            (Some(length), Last::No) => Ok(Write::Length(length)),
            (None, Last::No) => Ok(Write::Open),
        }
    }

    /// 101: only if the request asked for that protocol.
    fn switch(&self, head: &ResponseHead) -> Result<Write, Misuse> {
        let protocol = head.upgrade.as_deref().or_else(|| head.fields.get(Known::Upgrade));
        match (&self.asked, protocol) {
            (Asked::Upgrade(asked), Some(given)) if syntax::list(given).any(|p| p.eq_ignore_ascii_case(asked)) => {
                Ok(Write::Raw)
            }
            _ => Err(Misuse::UpgradeNotAsked),
        }
    }

    fn write_data(&mut self, octets: Bytes, last: Last) -> Result<(), Misuse> {
        let n = octets.len() as u64;
        let next = match (self.write, last) {
            (Write::Length(left), _) if n > left => return Err(Misuse::TooLong),
            (Write::Length(left), Last::Yes) if n < left => return Err(Misuse::TooShort),
            (Write::Length(left), Last::No) => Write::Length(left - n),
            (Write::Length(_) | Write::Open, Last::Yes) => Write::Ended,
            (Write::Open, Last::No) => Write::Open,
            (Write::Raw, Last::No) => Write::Raw,
            (Write::Raw, Last::Yes) => Write::RawEnded,
            (Write::Nothing, Last::No) => return Ok(()),
            (Write::Nothing, Last::Yes) => {
                self.write = Write::Ended;
                return Ok(());
            }
            (Write::Failed(misuse), _) => return Err(misuse),
            (Write::Head | Write::Ended | Write::RawEnded | Write::Cut, _) => return Err(Misuse::OutOfOrder),
        };
        self.write = next;
        self.content_out += n;
        self.outbox.push(octets);
        if last == Last::Yes {
            self.outbox.end = End::Due;
        }
        Ok(())
    }

    fn write_trailers(&mut self, fields: &Fields) -> Result<(), Misuse> {
        match self.write {
            Write::Length(1..) => return Err(Misuse::TooShort),
            Write::Length(0) | Write::Open => {}
            Write::Nothing => {
                self.write = Write::Ended;
                return Ok(());
            }
            Write::Failed(misuse) => return Err(misuse),
            Write::Head | Write::Ended | Write::Raw | Write::RawEnded | Write::Cut => return Err(Misuse::OutOfOrder),
        }
        let map = trailers::to_send(fields)?;
        self.outbox.end = if map.is_empty() { End::Due } else { End::Trailers(Box::new(map)) };
        self.write = Write::Ended;
        Ok(())
    }

    /// Whatever cannot be sent ends the message: its peer sees a cut, not a shorter message.
    fn refuse(&mut self, misuse: Misuse) -> StreamError {
        if matches!(self.write, Write::Length(_) | Write::Open) {
            self.write = Write::Failed(misuse);
        }
        StreamError::Misuse(misuse)
    }

    /// Hands over what the client granted a window for.
    fn poll_hand_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let Some(send) = &mut self.send else { return Poll::Ready(Ok(())) };
        while let Some(first) = self.outbox.pieces.front_mut() {
            send.reserve_capacity(self.outbox.octets);
            let granted = match send.capacity() {
                0 => match ready!(send.poll_capacity(cx)) {
                    Some(granted) => granted.map_err(|error| failure::of(&error))?,
                    None => return Poll::Ready(Err(StreamError::Reset)),
                },
                granted => granted,
            };
            let n = granted.min(first.len());
            if n == 0 {
                continue;
            }
            let octets = first.split_to(n);
            let is_end = n == self.outbox.octets && matches!(self.outbox.end, End::Due);
            if first.is_empty() {
                self.outbox.pieces.pop_front();
            }
            self.outbox.octets -= n;
            self.handed_over += n as u64;
            if is_end {
                self.outbox.end = End::Sent;
            }
            send.send_data(octets, is_end).map_err(|error| failure::of(&error))?;
        }
        let sent = match std::mem::take(&mut self.outbox.end) {
            End::Open => return Poll::Ready(Ok(())),
            End::Sent => Ok(()),
            End::Due => send.send_data(Bytes::new(), true),
            End::Trailers(map) => send.send_trailers(*map),
        };
        self.outbox.end = End::Sent;
        Poll::Ready(sent.map_err(|error| failure::of(&error)))
    }
}

impl Outbox {
    fn push(&mut self, octets: Bytes) {
        if !octets.is_empty() {
            self.octets += octets.len();
            self.pieces.push_back(octets);
        }
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
