//! The two legs of an exchange, and the one place where they are waited for.

use std::task::{Context, Poll};
use std::time::Duration;

use http::StatusCode;
use simplon_core::http::{Bypass, BypassError, Exchange, LEAST_BYPASS, Moved, Upstream};
use simplon_proto_http::ResponseHead;
use simplon_proto_http::transfer::{Last, Part, Sink, Source, StreamError, Wait};
use tokio::time::Instant;

use crate::chunk::Chunk;
use crate::filter::Looks;
use crate::flow::{Event, Wants};
use crate::message::Content;
use crate::queue::Queue;

/// The first thing that happened on either leg.
#[derive(Debug)]
pub(crate) enum Happened {
    /// A head came from the origin; it is in [`Legs::head`], so that it moves once.
    Head(Last),
    /// A piece of the response came.
    Download(Chunk),
    /// Content of the response passed from socket to socket.
    Moved(Moved),
    /// A piece of the request came.
    Upload(Chunk),
    /// The origin has nothing more for now: what was held back of its response is passed on.
    Paused,
    /// Something that carries nothing.
    Event(Event),
}

/// The beginning of a response, until it is known that the origin goes on: a fault that came with it is then answered instead.
pub(crate) struct Held {
    pub(crate) head: ResponseHead,
    /// What the origin said, before filters saw it.
    pub(crate) said: StatusCode,
    pub(crate) content: HeldContent,
}

/// Octets of content that are held back at most, and pieces of it.
const HELD_OCTETS: usize = 8 << 10;
const HELD_PIECES: usize = 64;

/// Content that is held back, the first piece of which costs nothing.
#[derive(Default)]
pub(crate) struct HeldContent {
    first: Option<Chunk>,
    more: Queue<Chunk>,
    octets: usize,
    pieces: usize,
}

impl HeldContent {
    pub(crate) fn push(&mut self, chunk: Chunk) {
        self.octets += chunk.len();
        self.pieces += 1;
        match self.first {
            None => self.first = Some(chunk),
            Some(_) => self.more.push(chunk),
        }
    }

    /// Whether it is enough to be passed on as it is.
    pub(crate) fn is_full(&self) -> bool {
        self.octets > HELD_OCTETS || self.pieces > HELD_PIECES
    }

    /// The earliest piece.
    pub(crate) fn pop(&mut self) -> Option<Chunk> {
        self.first.take().or_else(|| self.more.pop())
    }
}

/// Both legs and what was held back on either.
pub(crate) struct Legs<'a> {
    pub(crate) exchange: &'a mut Exchange,
    pub(crate) upstream: &'a mut Upstream,
    pub(crate) request: &'a mut Content,
    pub(crate) response: Content,
    /// The head that came last, until it is taken.
    pub(crate) head: Option<ResponseHead>,
    /// The beginning of the response, as long as it is held back.
    pub(crate) held: Option<Held>,
    /// When the client that waits for 100 is told to go on by us.
    pub(crate) expect_by: Option<Instant>,
    /// When the tunnel has lived long enough.
    pub(crate) tunnel_by: Option<Instant>,
    /// When the tunnel was silent for too long.
    silent_by: Option<Instant>,
    silence: Duration,
    headed: bool,
    bypass: Way,
}

/// Whether content of the response passes from socket to socket, where that can be.
enum Way {
    /// Somebody looks at it, or it cannot.
    Through,
    /// It will, once nothing of it is buffered here.
    Wanted,
    Past(Bypass),
}

impl<'a> Legs<'a> {
    pub(crate) fn new(exchange: &'a mut Exchange, upstream: &'a mut Upstream, request: &'a mut Content) -> Self {
        let own = exchange.own_waits().and_then(|waits| waits.idle);
        let silence = own.unwrap_or_else(|| exchange.timeouts().tunnel_idle);
        Self {
            exchange,
            upstream,
            request,
            response: Content::new(Last::No),
            head: None,
            held: None,
            expect_by: None,
            tunnel_by: None,
            silent_by: None,
            silence,
            headed: false,
            bypass: Way::Through,
        }
    }

    /// The final head has passed; content follows unless it was all.
    pub(crate) fn head_passed(&mut self, content: Looks) {
        self.headed = true;
        if content == Looks::No && self.upstream.remaining() >= Some(LEAST_BYPASS) {
            self.bypass = Way::Wanted;
        }
    }

    /// Whether so much content of a known length follows that it is to pass from socket to socket: nothing in it can be at fault but its end.
    pub(crate) fn wants_bypass(&self) -> bool {
        matches!(self.bypass, Way::Wanted)
    }

    /// Keeps content beside a head that is held back; gives it back if it is not to be kept, as what comes with it is enough, or all.
    pub(crate) fn hold_back(&mut self, chunk: Chunk) -> Option<Chunk> {
        match &mut self.held {
            Some(held) if chunk.last() == Last::No && !held.content.is_full() => {
                held.content.push(chunk);
                None
            }
            _ => Some(chunk),
        }
    }

    /// Waits for the first thing that happens. Before it comes back pending, all that was pushed is handed to the sockets.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, wants: Wants) -> Poll<Happened> {
        if wants.read_origin
            && let ready @ Poll::Ready(_) = self.poll_origin(cx)
        {
            return ready;
        }
        if self.held.is_some() {
            return Poll::Ready(Happened::Paused);
        }
        if wants.read_client
            && let ready @ Poll::Ready(_) = self.poll_client(cx)
        {
            return ready;
        }
        // Once the response is complete, nothing depends upon the origin any more.
        let is_answered = wants.flush && !self.exchange.is_tunnel();
        if let Poll::Ready(Err(error)) = self.upstream.poll_flush(cx)
            && !is_answered
        {
            return happened(Event::OriginStuck(error));
        }
        match self.exchange.poll_flush(cx) {
            Poll::Ready(Err(error)) => return happened(Event::ClientStuck(error)),
            Poll::Ready(Ok(())) if wants.flush => return happened(Event::Flushed),
            _ => {}
        }
        if wants.watch_client
            && let Poll::Ready(error) = self.exchange.poll_gone(cx)
        {
            return happened(Event::ClientLeft(error));
        }
        self.poll_time(cx)
    }

    fn poll_origin(&mut self, cx: &mut Context<'_>) -> Poll<Happened> {
        match self.exchange.poll_room(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return happened(Event::ClientStuck(error)),
            Poll::Ready(Ok(_)) => {}
        }
        if self.headed && (self.response.holds() || self.response.is_over()) {
            let chunk = self.response.take_held().unwrap_or_else(nothing_more);
            return Poll::Ready(Happened::Download(chunk));
        }
        if !matches!(self.bypass, Way::Through)
            && let Some(moved) = self.poll_bypass(cx)
        {
            return moved;
        }
        match self.upstream.poll_part(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(Some(Part::Head(head, last)))) => {
                self.head = Some(head);
                Poll::Ready(Happened::Head(last))
            }
            Poll::Ready(Ok(Some(part))) => {
                self.silent_by = None;
                Poll::Ready(Happened::Download(Chunk::from_part(part).unwrap_or_else(nothing_more)))
            }
            Poll::Ready(Ok(None)) => happened(Event::ResponseFailed(StreamError::Truncated)),
            Poll::Ready(Err(error)) => happened(Event::ResponseFailed(error)),
        }
    }

    /// What passes from socket to socket; `None` while something of it is buffered here, and if there is no such way.
    #[inline(never)]
    fn poll_bypass(&mut self, cx: &mut Context<'_>) -> Option<Poll<Happened>> {
        if let Way::Wanted = self.bypass {
            self.bypass = match Bypass::between(self.exchange, self.upstream) {
                Some(bypass) => Way::Past(bypass),
                None if self.upstream.remaining() >= Some(LEAST_BYPASS) => Way::Wanted,
                None => Way::Through,
            };
        }
        let Way::Past(bypass) = &mut self.bypass else { return None };
        Some(match bypass.poll_move(cx, self.exchange, self.upstream) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(moved)) => Poll::Ready(Happened::Moved(moved)),
            Poll::Ready(Err(BypassError::Client(error))) => happened(Event::ClientStuck(error)),
            Poll::Ready(Err(BypassError::Origin(error))) => happened(Event::ResponseFailed(error)),
        })
    }

    fn poll_client(&mut self, cx: &mut Context<'_>) -> Poll<Happened> {
        match self.upstream.poll_room(cx) {
            Poll::Pending => return self.poll_reset(cx),
            Poll::Ready(Err(error)) => return happened(Event::OriginStuck(error)),
            Poll::Ready(Ok(_)) => {}
        }
        let exchange = &mut *self.exchange;
        let next = if exchange.is_tunnel() {
            exchange.poll_part(cx).map_ok(|part| part.and_then(Chunk::from_part))
        } else {
            self.request.poll_next(cx, |cx| exchange.poll_part(cx))
        };
        match next {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(chunk)) => {
                self.silent_by = None;
                Poll::Ready(Happened::Upload(chunk.unwrap_or_else(nothing_more)))
            }
            Poll::Ready(Err(error)) => happened(Event::RequestFailed(error)),
        }
    }

    /// The origin takes nothing now, so the client is not read: all that is looked for is that it gave up. That it ended its side is no sign of it.
    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<Happened> {
        if self.exchange.is_tunnel() {
            return Poll::Pending;
        }
        match self.exchange.poll_gone(cx) {
            Poll::Ready(StreamError::Closed) | Poll::Pending => Poll::Pending,
            Poll::Ready(error) => happened(Event::RequestFailed(error)),
        }
    }

    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<Happened> {
        if self.exchange.is_tunnel() && self.silent_by.is_none() {
            self.silent_by = Instant::now().checked_add(self.silence);
        }
        loop {
            let own = [self.expect_by, self.tunnel_by, self.silent_by];
            let earliest = own.into_iter().fold(self.upstream.deadline(), |earliest, by| match (earliest, by) {
                (Some(earliest), Some(by)) => Some(earliest.min(by)),
                (earliest, by) => earliest.or(by),
            });
            let Poll::Ready(now) = self.exchange.poll_deadline(cx, earliest) else { return Poll::Pending };
            if let Some(event) = self.expired(now) {
                return happened(event);
            }
        }
    }

    fn expired(&mut self, now: Instant) -> Option<Event> {
        if let Some(error) = self.exchange.expire(now) {
            return Some(match error {
                StreamError::Timeout(Wait::Write) => Event::ClientStuck(error),
                _ => Event::RequestFailed(error),
            });
        }
        if let Some(error) = self.upstream.expire(now) {
            return Some(match error {
                StreamError::Timeout(Wait::Write) => Event::OriginStuck(error),
                _ => Event::ResponseFailed(error),
            });
        }
        if self.expect_by.is_some_and(|by| by <= now) {
            self.expect_by = None;
            return Some(Event::ExpectLapsed);
        }
        let tunnel_over = [self.tunnel_by, self.silent_by].into_iter().flatten().any(|by| by <= now);
        tunnel_over.then_some(Event::ClientStuck(StreamError::Timeout(Wait::Tunnel)))
    }
}

fn happened(event: Event) -> Poll<Happened> {
    Poll::Ready(Happened::Event(event))
}

fn nothing_more() -> Chunk {
    Chunk::Data(bytes::Bytes::new(), Last::Yes)
}
