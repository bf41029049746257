//! The client's end of one stream: a request out, its response in.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{Method, Response, StatusCode};

use super::request_out::{self, Extended, Opens, Outgoing, Scheme};
use super::unread::{Inbox, Unread};
use super::{response_in, trailers};
use crate::fields::{Fields, Known};
use crate::framing::Framing;
use crate::h1::Config;
use crate::head::{RequestHead, ResponseHead};
use crate::rules::Rule;
use crate::transfer::{Last, Misuse, Part, Reason, Sink, Source, StreamError};

/// What the origin said about a request that it did nothing with: it may be sent again, whatever its method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// REFUSED_STREAM, or a GOAWAY that leaves this stream out (RFC 9113 §8.7).
    Unprocessed,
    /// HTTP_1_1_REQUIRED: it wants to be asked in HTTP/1.1 (RFC 9113 §7).
    NeedsHttp1,
}

/// One request with its response on a connection that others share: a [`Sink`] of the request's parts, a [`Source`] of the response's.
///
/// The stream is opened by the head. Octets of the response open the origin's window again when they are given out, not before, and octets of
/// the request are asked for while the origin's window is open: neither direction piles up here.
///
/// A failure of the connection is told by the reading side alone; writing into it is no fault, because an answer may have come before.
///
/// Cancel: dropping it before both directions ended resets the stream with CANCEL.
#[derive(Debug)]
pub struct ClientStream {
    sender: Option<SendRequest<Bytes>>,
    send: Option<SendStream<Bytes>>,
    scheme: Scheme,
    config: Arc<Config>,
    asked: Method,
    opens: Opens,
    write: Write,
    read: Read,
    is_tunnel: bool,
    /// Content that was pushed and waits for the origin's window.
    held: Bytes,
    interims: u8,
    failed: Option<StreamError>,
    refusal: Option<Refusal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    /// The head comes first.
    Head,
    /// Content, and how much of it if that was announced.
    Body(Option<u64>),
    Ended,
}

#[derive(Debug)]
enum Read {
    /// Nothing was asked.
    Nothing,
    Head(ResponseFuture),
    /// Content, and how much of it if that was announced.
    Body(Inbox, Option<u64>),
    Ended,
}

/// One piece is taken whatever the window has left: what exceeds it waits here, and no more is asked for until it went.
const ROOM: usize = 16 << 10;

impl ClientStream {
    /// A stream to come, on the connection that `sender` belongs to.
    #[must_use]
    pub fn new(sender: SendRequest<Bytes>, scheme: Scheme, config: Arc<Config>) -> Self {
        Self {
            sender: Some(sender),
            send: None,
            scheme,
            config,
            asked: Method::GET,
            opens: Opens::Nothing,
            write: Write::Head,
            read: Read::Nothing,
            is_tunnel: false,
            held: Bytes::new(),
            interims: 0,
            failed: None,
            refusal: None,
        }
    }

    /// The number of the stream, once it has one.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.send.as_ref().map(|send| send.stream_id().as_u32())
    }

    /// What came of the response's content and was not read yet, for whoever drives the connection; `None` while there is no content.
    #[must_use]
    pub fn unread(&self) -> Option<Unread> {
        match &self.read {
            Read::Body(body, _) => Some(body.unread()),
            Read::Nothing | Read::Head(_) | Read::Ended => None,
        }
    }

    /// Whether both sides agreed on raw octets.
    #[must_use]
    pub fn is_tunnel(&self) -> bool {
        self.is_tunnel
    }

    /// Whether the request was taken to its end.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.write == Write::Ended
    }

    /// Whether the response was given to its end.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.read, Read::Ended)
    }

    /// Whether the final head of the response is still to come.
    #[must_use]
    pub fn awaits_head(&self) -> bool {
        matches!(self.read, Read::Nothing | Read::Head(_))
    }

    /// Whether it failed or was given up.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// What the origin said if it did nothing with the request.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// Gives the stream up in both directions; the origin is told why. Every later read gives `error`.
    pub fn fail(&mut self, error: StreamError, why: Reason) -> StreamError {
        let is_over = self.is_read() && self.is_written();
        if let Some(send) = self.send.as_mut().filter(|_| !is_over && self.failed.is_none()) {
            send.send_reset(code_of(why));
        }
        *self.failed.get_or_insert(error)
    }

    fn ask(&mut self, head: &RequestHead, last: Last) -> Result<(), Misuse> {
        let (Write::Head, Some(sender)) = (self.write, &mut self.sender) else { return Err(Misuse::OutOfOrder) };
        let is_extended = sender.is_extended_connect_protocol_enabled();
        let extended = if is_extended { Extended::Allowed } else { Extended::Unknown };
        let Outgoing { request, opens, length } = request_out::request(head, last, self.scheme, extended)?;
        let is_all = last == Last::Yes && opens == Opens::Nothing;
        self.write = if last == Last::Yes { Write::Ended } else { Write::Body(length) };
        self.asked = request.method().clone();
        self.opens = opens;
        match sender.send_request(request, is_all) {
            Ok((response, send)) => {
                self.read = Read::Head(response);
                self.send = Some(send);
            }
            Err(error) => {
                // The connection takes no more streams: this one was never on it.
                self.failed = Some(StreamError::Closed);
                self.refusal = Refusal::of(&error).or(Some(Refusal::Unprocessed));
            }
        }
        self.sender = None;
        Ok(())
    }

    fn send_data(&mut self, octets: Bytes, last: Last) -> Result<(), Misuse> {
        let left = match self.write {
            Write::Body(left) => left,
            Write::Head | Write::Ended => return Err(Misuse::OutOfOrder),
        };
        let left = match left.map(|left| left.checked_sub(octets.len() as u64)) {
            Some(None) => return Err(Misuse::TooLong),
            Some(Some(1..)) if last == Last::Yes => return Err(Misuse::TooShort),
            left => left.flatten(),
        };
        self.write = if last == Last::Yes { Write::Ended } else { Write::Body(left) };
        if octets.is_empty() && last == Last::No {
            return Ok(());
        }
        self.let_go();
        match &mut self.send {
            Some(_) if last == Last::No => {
                self.held = octets;
                self.hand_over();
            }
            // A stream that was reset takes nothing more: the reading side tells.
            Some(send) => drop(send.send_data(octets, true)),
            None => {}
        }
        Ok(())
    }

    /// Hands over what the origin granted a window for. No more than waits is asked for: what is granted to a stream that has nothing to send is
    /// lost to those that have.
    fn hand_over(&mut self) {
        let Some(send) = &mut self.send else { return };
        while !self.held.is_empty() {
            send.reserve_capacity(self.held.len());
            let room = send.capacity().min(self.held.len());
            if room == 0 || send.send_data(self.held.split_to(room), false).is_err() {
                return;
            }
        }
    }

    /// What waits goes before what comes now; the connection keeps it until there is a window.
    fn let_go(&mut self) {
        if let Some(send) = self.send.as_mut().filter(|_| !self.held.is_empty()) {
            let _ = send.send_data(std::mem::take(&mut self.held), false);
        }
    }

    /// Ready once nothing waits.
    fn poll_hand_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        loop {
            self.hand_over();
            let Some(send) = self.send.as_mut().filter(|_| !self.held.is_empty()) else { return Poll::Ready(Ok(())) };
            if !matches!(ready!(send.poll_capacity(cx)), Some(Ok(_))) {
                return Poll::Ready(Err(StreamError::Reset));
            }
        }
    }

    fn send_trailers(&mut self, fields: &Fields) -> Result<(), Misuse> {
        match self.write {
            Write::Body(Some(1..)) => return Err(Misuse::TooShort),
            Write::Body(_) if !self.is_tunnel => {}
            Write::Body(_) | Write::Head | Write::Ended => return Err(Misuse::OutOfOrder),
        }
        let trailers = trailers::to_send(fields)?;
        self.write = Write::Ended;
        self.let_go();
        if let Some(send) = &mut self.send {
            let _ = if trailers.is_empty() { send.send_data(Bytes::new(), true) } else { send.send_trailers(trailers) };
        }
        Ok(())
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part<ResponseHead>, StreamError>> {
        let Read::Head(future) = &mut self.read else { return Poll::Pending };
        match ready!(future.poll_informational(cx)) {
            Some(Ok(response)) => return Poll::Ready(self.interim(response).map_err(StreamError::Malformed)),
            Some(Err(error)) => return Poll::Ready(Err(self.broken(&error))),
            None => {}
        }
        match ready!(Pin::new(future).poll(cx)) {
            Ok(response) => Poll::Ready(self.accept(response)),
            Err(error) => Poll::Ready(Err(self.broken(&error))),
        }
    }

    fn interim(&mut self, response: Response<()>) -> Result<Part<ResponseHead>, Rule> {
        self.interims = self.interims.saturating_add(1);
        if self.interims > self.config.limits.interim_heads {
            return Err(Rule::TooManyInterims);
        }
        let (parts, ()) = response.into_parts();
        let (head, _) = response_in::response(parts, &self.asked, &self.config)?;
        Ok(Part::Head(head, Last::No))
    }

    fn accept(&mut self, response: Response<RecvStream>) -> Result<Part<ResponseHead>, StreamError> {
        let (parts, body) = response.into_parts();
        let converted = response_in::response(parts, &self.asked, &self.config);
        let (head, framing) = converted.map_err(StreamError::Malformed)?;
        if self.opens != Opens::Nothing {
            if head.status.is_success() {
                return self.open_tunnel(head, body).map_err(StreamError::Malformed);
            }
            // It was refused: the request is over, as it is an ordinary one.
            self.let_go();
            if let Some(send) = &mut self.send {
                let _ = send.send_data(Bytes::new(), true);
            }
        }
        let left = match framing {
            Framing::Empty => Some(0),
            Framing::Length(length) => Some(length),
            Framing::Chunked | Framing::UntilClose => None,
        };
        let last = if body.is_end_stream() { Last::Yes } else { Last::No };
        if last == Last::Yes && matches!(left, Some(1..)) {
            return Err(StreamError::Malformed(Rule::LengthMismatch));
        }
        self.read = if last == Last::Yes { Read::Ended } else { Read::Body(Inbox::new(body, &self.config), left) };
        Ok(Part::Head(head, last))
    }

    /// The neutral form of an agreed switch is 101, whichever version agreed upon it.
    fn open_tunnel(&mut self, mut head: ResponseHead, body: RecvStream) -> Result<Part<ResponseHead>, Rule> {
        if let Opens::Protocol { name, accept } = &self.opens {
            head.status = StatusCode::SWITCHING_PROTOCOLS;
            head.upgrade = Some(name.clone());
            head.fields.remove(Known::ContentLength);
            if let Some(accept) = accept {
                head.fields.set(Known::SecWebSocketAccept, accept).map_err(|_| Rule::ValueControl)?;
            }
        }
        self.is_tunnel = true;
        self.write = Write::Body(None);
        self.read = Read::Body(Inbox::new(body, &self.config), None);
        Ok(Part::Head(head, Last::No))
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part<ResponseHead>, StreamError>> {
        let Read::Body(body, left) = &mut self.read else { return Poll::Pending };
        match ready!(body.poll_data(cx)) {
            Some(Ok(octets)) => {
                // They are given out now: as much may come again.
                body.release(octets.len());
                let is_end = body.is_end_stream();
                if let Some(left) = left {
                    let Some(rest) = left.checked_sub(octets.len() as u64) else { return Poll::Ready(Err(MISMATCH)) };
                    *left = rest;
                }
                Poll::Ready(if is_end { self.end(octets) } else { Ok(Part::Data(octets, Last::No)) })
            }
            Some(Err(error)) => Poll::Ready(Err(self.broken(&error))),
            None => self.poll_trailers(cx),
        }
    }

    fn poll_trailers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part<ResponseHead>, StreamError>> {
        let Read::Body(body, _) = &mut self.read else { return Poll::Pending };
        let trailers = match ready!(body.poll_trailers(cx)) {
            Ok(Some(trailers)) if !self.is_tunnel => trailers,
            Ok(_) => Ok(Fields::new()),
            Err(error) => return Poll::Ready(Err(self.broken(&error))),
        };
        let trailers = trailers.map_err(StreamError::Malformed)?;
        if trailers.is_empty() {
            return Poll::Ready(self.end(Bytes::new()));
        }
        Poll::Ready(self.end(Bytes::new()).map(|_| Part::Trailers(trailers)))
    }

    /// The last octets: all must have come that were announced.
    fn end(&mut self, octets: Bytes) -> Result<Part<ResponseHead>, StreamError> {
        if matches!(self.read, Read::Body(_, Some(1..))) {
            return Err(MISMATCH);
        }
        self.read = Read::Ended;
        Ok(Part::Data(octets, Last::Yes))
    }

    /// The stream or its connection is over before the response is.
    fn broken(&mut self, error: &h2::Error) -> StreamError {
        let begun = matches!(self.read, Read::Body(..));
        if !begun {
            self.refusal = Refusal::of(error);
        }
        let told = stream_error(error, begun);
        *self.failed.get_or_insert(told)
    }
}

const MISMATCH: StreamError = StreamError::Malformed(Rule::LengthMismatch);

impl Refusal {
    /// A GOAWAY is told to those streams alone that it leaves out; the others run on, or break with their connection.
    fn of(error: &h2::Error) -> Option<Self> {
        match error.reason() {
            Some(h2::Reason::HTTP_1_1_REQUIRED) if error.is_remote() => Some(Self::NeedsHttp1),
            Some(h2::Reason::REFUSED_STREAM) if error.is_remote() => Some(Self::Unprocessed),
            _ if error.is_go_away() && error.is_remote() => Some(Self::Unprocessed),
            _ => None,
        }
    }
}

fn stream_error(error: &h2::Error, begun: bool) -> StreamError {
    let closed = if begun { StreamError::Truncated } else { StreamError::Closed };
    if let Some(error) = error.get_io() {
        return match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => closed,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => StreamError::Reset,
            kind => StreamError::Io(kind),
        };
    }
    match error.reason() {
        Some(h2::Reason::ENHANCE_YOUR_CALM) if error.is_library() => StreamError::Malformed(Rule::Flood),
        Some(_) if error.is_library() => StreamError::Malformed(Rule::StreamBroken),
        Some(h2::Reason::NO_ERROR) => closed,
        Some(_) if error.is_go_away() => closed,
        Some(_) | None => StreamError::Reset,
    }
}

/// What the origin is told when a stream is given up (RFC 9113 §7).
const fn code_of(why: Reason) -> h2::Reason {
    match why {
        Reason::Done => h2::Reason::NO_ERROR,
        Reason::Cancelled | Reason::Timeout => h2::Reason::CANCEL,
        Reason::Malformed => h2::Reason::PROTOCOL_ERROR,
        Reason::Internal => h2::Reason::INTERNAL_ERROR,
    }
}

impl Source<ResponseHead> for ClientStream {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<ResponseHead>>, StreamError>> {
        if let Some(error) = self.failed {
            return Poll::Ready(Err(error));
        }
        let polled = match self.read {
            Read::Nothing => return Poll::Pending,
            Read::Head(_) => self.poll_head(cx),
            Read::Body(..) => self.poll_body(cx),
            Read::Ended => return Poll::Ready(Ok(None)),
        };
        match ready!(polled) {
            Ok(part) => Poll::Ready(Ok(Some(part))),
            Err(error) => Poll::Ready(Err(self.fail(error, Reason::Malformed))),
        }
    }

    fn stop(&mut self, why: Reason) {
        self.reset(why);
    }
}

impl Sink<RequestHead> for ClientStream {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        if let Some(error) = self.failed {
            return Poll::Ready(Err(error));
        }
        self.poll_hand_over(cx).map_ok(|()| ROOM)
    }

    fn push(&mut self, part: Part<RequestHead>) -> Result<(), StreamError> {
        match part {
            Part::Head(head, last) => self.ask(&head, last),
            Part::Data(octets, last) => self.send_data(octets, last),
            Part::Trailers(fields) => self.send_trailers(&fields),
        }
        .map_err(StreamError::Misuse)
    }

    /// Ready once all that was pushed was handed to the connection; whoever drives that writes.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.poll_hand_over(cx)
    }

    fn reset(&mut self, why: Reason) {
        self.fail(StreamError::Reset, why);
    }
}

#[cfg(test)]
mod tests;
