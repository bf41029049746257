//! One request with its response, seen from the side that answers.

mod h1;
#[cfg(feature = "h2")]
mod h2;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Extensions, Method};
use simplon_proto_http::head::{RequestHead, ResponseHead};
use simplon_proto_http::transfer::{Last, Part, Reason, Sink, Source, StreamError};
use simplon_timeout::Timer;
use tokio::time::Instant;

use super::date;
use super::timeouts::Timeouts;
use super::upstream::Upstream;
use super::waits::Waits;
use crate::connect::Peer;
use crate::error::Error;
use crate::net::{ConnInfo, Stream};
use crate::server::Drain;

#[cfg(feature = "h2")]
pub(super) use h2::{Ending, Shared};

/// What became of a connection when an exchange on it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It can carry another exchange.
    Reuse,
    /// It is over; drop it.
    Close,
}

/// A connection on which nothing was understood yet, for another protocol.
#[cfg(feature = "h2")]
#[derive(Debug)]
pub(super) struct Unspoken {
    pub(super) stream: Stream,
    /// What was read of it.
    pub(super) before: bytes::Bytes,
    pub(super) info: Arc<ConnInfo>,
    pub(super) drain: Drain,
}

/// What an idle connection turned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// The first octets of a request are here.
    Request,
    /// The peer left, was silent for too long, or the server drains.
    Over,
}

/// How long a recently busy connection of a draining server is still listened to.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeepIdle {
    pub(super) grace: Duration,
}

/// One request with its response, seen from the side that answers: a [`Source`] of the request's parts, a [`Sink`] of the response's.
///
/// The head is a part like any other: a malformed request is an exchange whose first poll fails, and that can still be answered.
///
/// Cancel: dropping an exchange before its response is complete closes the connection, or resets the stream, so that the peer sees the cut.
#[derive(Debug)]
pub struct Exchange(Kind);

/// One for each version. A kind whose feature is off does not exist, and costs no branch.
#[derive(Debug)]
enum Kind {
    H1(h1::Exchange),
    #[cfg(feature = "h2")]
    H2(h2::Exchange),
}

/// The same for each kind.
macro_rules! each {
    ($kind:expr, $exchange:ident => $then:expr) => {
        match $kind {
            Kind::H1($exchange) => $then,
            #[cfg(feature = "h2")]
            Kind::H2($exchange) => $then,
        }
    };
}

impl Exchange {
    /// A connection of HTTP/1 before its first request.
    pub(super) fn h1(
        stream: Stream,
        config: Arc<simplon_proto_http::h1::Config>,
        timeouts: Arc<Timeouts>,
        info: Arc<ConnInfo>,
        drain: Drain,
    ) -> Self {
        Self(Kind::H1(h1::Exchange::new(stream, config, timeouts, info, drain)))
    }

    /// One stream of a connection of HTTP/2.
    #[cfg(feature = "h2")]
    pub(super) fn h2(
        stream: simplon_proto_http::h2::ServerStream,
        connection: Arc<Shared>,
        served: u32,
        head: super::multiplex::HeadOctets,
    ) -> Self {
        Self(Kind::H2(h2::Exchange::new(stream, connection, served, head)))
    }

    /// An exchange over any byte stream, for tests and for embedding: default limits and timeouts, no server around it.
    pub fn over(stream: Stream, info: ConnInfo) -> Self {
        Self::h1(stream, Arc::default(), Arc::default(), Arc::new(info), Drain::never())
    }

    /// Where the request came from.
    pub fn info(&self) -> &Arc<ConnInfo> {
        each!(&self.0, exchange => exchange.info())
    }

    /// State that lives as long as the connection, across its exchanges.
    ///
    /// Where a connection carries several exchanges at a time, each begins with what those left that ended before it began.
    pub fn connection_state(&mut self) -> &mut Extensions {
        each!(&mut self.0, exchange => exchange.connection_state())
    }

    /// Keeps an upstream connection for later exchanges of this client connection, and for those alone ([`Upstream::is_bound`]). It is closed with it.
    ///
    /// At most four are kept, for four peers; beyond that the one that rested longest is closed. Where a connection carries several exchanges at a
    /// time none is kept: it is closed.
    pub fn keep(&mut self, upstream: Upstream, now: Instant) {
        match &mut self.0 {
            Kind::H1(exchange) => exchange.kept.put(upstream, now),
            #[cfg(feature = "h2")]
            Kind::H2(_) => drop(upstream),
        }
    }

    /// The connection to this peer that was kept for this client connection, if it is fit for a request with this method.
    pub fn kept(&mut self, peer: &Peer, method: &Method, now: Instant) -> Option<Upstream> {
        match &mut self.0 {
            Kind::H1(exchange) => exchange.kept.take(peer, method, now),
            #[cfg(feature = "h2")]
            Kind::H2(_) => None,
        }
    }

    /// Whether other exchanges are on this connection at the same time.
    pub fn shares_connection(&self) -> bool {
        match &self.0 {
            Kind::H1(_) => false,
            #[cfg(feature = "h2")]
            Kind::H2(_) => true,
        }
    }

    /// The fields of the request's head are not held any more, and do not count in what the heads of a connection may take together
    /// (`Http2Config::head_budget_octets`). Without a call they count until the exchange is dropped.
    pub fn let_head_go(&mut self) {
        match &mut self.0 {
            Kind::H1(_) => {}
            #[cfg(feature = "h2")]
            Kind::H2(exchange) => exchange.let_head_go(),
        }
    }

    /// How many exchanges this connection carried before this one.
    pub fn served(&self) -> u32 {
        each!(&self.0, exchange => exchange.served())
    }

    /// Waits of this connection.
    pub fn timeouts(&self) -> &Timeouts {
        each!(&self.0, exchange => exchange.timeouts())
    }

    /// Other waits for this exchange alone than its connection has, if somebody wanted some.
    pub fn own_waits(&self) -> Option<&Waits> {
        each!(&self.0, exchange => exchange.own_waits())
    }

    /// Waits for this exchange alone: of its client now, and of its origin if whoever asks that hands them on ([`super::Upstream::wait_so`]).
    ///
    /// Cost: the first word of an exchange allocates some octets.
    pub fn wait_so(&mut self, waits: Waits) {
        each!(&mut self.0, exchange => exchange.wait_so(waits));
    }

    /// A timer that lives as long as the connection, for waits beside those of the exchange itself: what it has registered serves the next
    /// exchange too. Take it out and put it back.
    pub fn timer(&mut self) -> &mut Timer {
        each!(&mut self.0, exchange => exchange.lent())
    }

    /// What time it is, by whoever serves, at the end: the wait for the next request then need not look.
    pub fn saw(&mut self, now: Instant) {
        match &mut self.0 {
            Kind::H1(exchange) => exchange.saw(now),
            #[cfg(feature = "h2")]
            Kind::H2(_) => {}
        }
    }

    /// Octets of request content that are announced and still to come; `None` if that is not known.
    pub fn remaining(&self) -> Option<u64> {
        each!(&self.0, exchange => exchange.remaining())
    }

    /// Whether the client is what is waited for: to send more of its request, or to take more of its response.
    pub fn awaits_client(&self) -> bool {
        each!(&self.0, exchange => exchange.awaits_client())
    }

    /// Says in the response head, if it is not written yet, that the connection ends with this exchange. Where a connection carries several
    /// exchanges at a time, one of them does not end it, and this does nothing.
    pub fn close_after(&mut self) {
        each!(&mut self.0, exchange => exchange.close_after());
    }

    /// Whether the client holds its content back until it is told to go on (RFC 9110 §10.1.1), and was not told yet.
    ///
    /// Polling for the content tells it. A proxy that lets the origin decide polls only after it has passed on a 100 (Continue).
    pub fn awaits_continue(&self) -> bool {
        each!(&self.0, exchange => exchange.awaits_continue())
    }

    /// Whether both sides agreed on raw octets.
    pub fn is_tunnel(&self) -> bool {
        each!(&self.0, exchange => exchange.is_tunnel())
    }

    /// Whether the request was given to its end.
    pub fn is_read(&self) -> bool {
        each!(&self.0, exchange => exchange.is_read())
    }

    /// Whether the response was taken to its end.
    pub fn is_written(&self) -> bool {
        each!(&self.0, exchange => exchange.is_written())
    }

    /// Whether a final response head was taken.
    pub fn has_begun(&self) -> bool {
        each!(&self.0, exchange => exchange.has_begun())
    }

    /// Ready when this exchange's own waits, or `also`, have run out; gives the time it is. Of its own waits the next read tells which.
    ///
    /// Cost: nothing is registered anew when deadlines only move later.
    pub fn poll_deadline(&mut self, cx: &mut Context<'_>, also: Option<Instant>) -> Poll<Instant> {
        each!(&mut self.0, exchange => exchange.poll_deadline(cx, also))
    }

    /// Fails this exchange if one of its own waits ran out.
    pub fn expire(&mut self, now: Instant) -> Option<StreamError> {
        each!(&mut self.0, exchange => exchange.expire(now))
    }

    /// Whether [`Self::poll_gone`] can be asked: always, but of a tunnel, whose octets are all for its other end.
    pub fn can_be_watched(&self) -> bool {
        match &self.0 {
            Kind::H1(exchange) => !exchange.is_tunnel(),
            #[cfg(feature = "h2")]
            Kind::H2(_) => true,
        }
    }

    /// Ready once the client has closed its side ([`StreamError::Closed`]) or reset, while [`Self::can_be_watched`].
    ///
    /// On HTTP/1 what stands before that end is read ahead: the rest of the request and pipelined ones, at most 64 KiB, which
    /// [`Source::poll_part`] gives later. With more than that waiting the socket is asked once a second whether its end has come. What cannot be
    /// noticed is the end of a client whose octets fill the kernel's buffer, too: it comes after them.
    pub fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<StreamError> {
        each!(&mut self.0, exchange => exchange.poll_gone(cx))
    }

    /// The request head, and whether it is the whole request.
    ///
    /// # Errors
    /// [`StreamError::Closed`] if the client left before it said anything; otherwise the fault in what it said.
    pub async fn head(&mut self) -> Result<(RequestHead, Last), StreamError> {
        match poll_fn(|cx| self.poll_part(cx)).await? {
            Some(Part::Head(head, last)) => Ok((head, last)),
            _ => Err(StreamError::Closed),
        }
    }

    /// Cuts the exchange so that the client sees it, with the code that [`crate::wire`] has for the error where the version has codes.
    pub fn cut(&mut self, error: &Error) {
        match &mut self.0 {
            Kind::H1(exchange) if error.is_timeout() => exchange.reset(Reason::Timeout),
            Kind::H1(exchange) => exchange.reset(Reason::Cancelled),
            #[cfg(feature = "h2")]
            Kind::H2(exchange) => exchange.reset_with(error.effect().h2),
        }
    }

    /// Whether the connection is about to end, as far as is known: the server drains, or one of the two said so. Costs a look at a flag.
    #[inline]
    pub fn ends_soon(&self) -> bool {
        each!(&self.0, exchange => exchange.ends_soon())
    }

    /// Ready once the client has the whole response, where its connection ends with this exchange, or soon: what is written to a socket is not
    /// delivered yet. Where the connection goes on, or nobody can be asked what has arrived, it is ready at once.
    ///
    /// Cancel: nothing is lost.
    ///
    /// # Errors
    /// The client left before it had all of it, or takes it too slowly.
    pub async fn delivered(&mut self) -> Result<(), StreamError> {
        each!(&mut self.0, exchange => exchange.delivered().await)
    }

    /// Waits until what was pushed was handed to the connection, as far as the client takes it: so that cutting the exchange does not take it back.
    ///
    /// # Errors
    /// The client does not take it.
    pub async fn hand_over(&mut self) -> Result<(), StreamError> {
        poll_fn(|cx| self.poll_flush(cx)).await?;
        #[cfg(feature = "h2")]
        if let Kind::H2(exchange) = &self.0 {
            exchange.written().await;
        }
        Ok(())
    }

    /// Waits for the first octets of a request. A stream of HTTP/2 carries one.
    pub(super) async fn idle(&mut self, keep: KeepIdle) -> Woken {
        match &mut self.0 {
            Kind::H1(exchange) => exchange.idle(keep).await,
            #[cfg(feature = "h2")]
            Kind::H2(_) => Woken::Over,
        }
    }

    /// Nobody reads the request on: the client has all the time it wants to send it.
    #[cfg(feature = "tower")]
    pub(crate) fn stop_waiting(&mut self) {
        each!(&mut self.0, exchange => exchange.stop_waiting());
    }

    /// Brings the exchange to an end on the wire, and says what became of the connection.
    pub(super) async fn finish(&mut self) -> Ended {
        each!(&mut self.0, exchange => exchange.finish().await)
    }

    /// The connection with what was read of it, if it begins with the preface of HTTP/2. The wait for the head bounds this.
    ///
    /// # Errors
    /// It does not: the exchange comes back as it was.
    #[cfg(feature = "h2")]
    pub(super) async fn into_h2(mut self: Box<Self>) -> Result<Unspoken, Box<Self>> {
        let is_h2 = match &mut self.0 {
            Kind::H1(exchange) => exchange.speaks_h2().await,
            Kind::H2(_) => false,
        };
        match *self {
            Self(Kind::H1(exchange)) if is_h2 => Ok(exchange.into_unspoken()),
            Self(kind) => {
                *self = Self(kind);
                Err(self)
            }
        }
    }

    /// Whether what came so far may be the preface of HTTP/2.
    #[cfg(feature = "h2")]
    pub(super) fn may_be_h2(&self) -> bool {
        match &self.0 {
            Kind::H1(exchange) => exchange.preface() != super::preface::Preface::No,
            Kind::H2(_) => false,
        }
    }

    /// Octets of a stream of HTTP/2 and of a connection of HTTP/1.
    #[cfg(all(test, feature = "h2"))]
    pub(super) const fn sizes() -> (usize, usize) {
        (size_of::<h2::Exchange>(), size_of::<h1::Exchange>())
    }

    /// If it is one of HTTP/1.
    #[cfg(target_os = "linux")]
    pub(super) const fn as_h1(&self) -> Option<&h1::Exchange> {
        match &self.0 {
            Kind::H1(exchange) => Some(exchange),
            #[cfg(feature = "h2")]
            Kind::H2(_) => None,
        }
    }

    #[cfg(target_os = "linux")]
    pub(super) const fn as_h1_mut(&mut self) -> Option<&mut h1::Exchange> {
        match &mut self.0 {
            Kind::H1(exchange) => Some(exchange),
            #[cfg(feature = "h2")]
            Kind::H2(_) => None,
        }
    }

    /// What a connection of HTTP/2 wants to know of a stream that ended.
    #[cfg(feature = "h2")]
    pub(super) fn ending(&self) -> Ending {
        match &self.0 {
            Kind::H1(_) => Ending::default(),
            Kind::H2(exchange) => exchange.ending(),
        }
    }
}

/// Ready when `own` or `also` has passed; gives the time it is.
fn wait_until(timer: &mut Timer, cx: &mut Context<'_>, own: Option<Instant>, also: Option<Instant>) -> Poll<Instant> {
    let earliest = match (own, also) {
        (Some(own), Some(also)) => Some(own.min(also)),
        (own, also) => own.or(also),
    };
    if earliest.is_none() || timer.poll_expired(cx, earliest).is_pending() {
        return Poll::Pending;
    }
    Poll::Ready(Instant::now())
}

impl Source<RequestHead> for Exchange {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<RequestHead>>, StreamError>> {
        each!(&mut self.0, exchange => exchange.poll_part(cx))
    }

    fn stop(&mut self, why: Reason) {
        each!(&mut self.0, exchange => exchange.stop(why));
    }
}

impl Sink<ResponseHead> for Exchange {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        each!(&mut self.0, exchange => exchange.poll_room(cx))
    }

    fn push(&mut self, mut part: Part<ResponseHead>) -> Result<(), StreamError> {
        if let Part::Head(head, _) = &mut part {
            date::stamp(head);
        }
        each!(&mut self.0, exchange => exchange.push(part))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        each!(&mut self.0, exchange => exchange.poll_flush(cx))
    }

    fn reset(&mut self, why: Reason) {
        each!(&mut self.0, exchange => exchange.reset(why));
    }
}
