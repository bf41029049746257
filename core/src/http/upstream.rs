//! One request with its response, seen from the side that asks.

mod h1;
#[cfg(feature = "h2")]
mod h2;

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use simplon_pool::Pooled;
use simplon_proto_http::head::{RequestHead, ResponseHead};
use simplon_proto_http::transfer::{Part, Reason, Sink, Source, StreamError};
use simplon_proto_tls::Facts;
use tokio::time::Instant;

pub(super) use self::h1::Link;
use super::ledger::Permit;
use super::waits::Waits;
use crate::connect::Peer;
use crate::error::{Error, Sent};
use crate::net::{AtRest, Probe};

/// What an upstream connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP exchanges.
    Http,
    /// Raw octets: the far end of a CONNECT tunnel that ends here. The connection answers the request by itself with 200.
    Raw,
}

/// One request with its response, seen from the side that asks: a [`Sink`] of the request's parts, a [`Source`] of the response's.
///
/// Cancel: dropping it closes the connection, or resets the stream where a connection has many. [`super::Origins::put_back`] keeps it for the
/// next exchange.
#[derive(Debug)]
pub struct Upstream(Kind);

#[derive(Debug)]
enum Kind {
    H1(h1::Exchange),
    #[cfg(feature = "h2")]
    H2(Box<h2::Exchange>),
}

/// The same question to either kind.
macro_rules! ask {
    ($kind:expr, $exchange:ident => $answer:expr) => {
        match $kind {
            Kind::H1($exchange) => $answer,
            #[cfg(feature = "h2")]
            Kind::H2($exchange) => $answer,
        }
    };
}

impl Upstream {
    pub(super) fn fresh(link: Pooled<Box<Link>>, peer: Peer, protocol: Protocol) -> Self {
        Self(Kind::H1(h1::Exchange::fresh(link, peer, protocol)))
    }

    pub(super) fn reused(link: Pooled<Box<Link>>, peer: Peer) -> Self {
        Self(Kind::H1(h1::Exchange::reused(link, peer)))
    }

    #[cfg(feature = "h2")]
    pub(super) fn on_stream(
        lease: super::sessions::Lease,
        peer: Peer,
        config: Arc<simplon_proto_http::h1::Config>,
    ) -> Self {
        Self(Kind::H2(Box::new(h2::Exchange::new(lease, peer, config))))
    }

    /// The connection made ready for its next exchange; `None` if it cannot carry one, or was never this exchange's alone.
    pub(super) fn into_rest(self) -> Option<(Pooled<Box<Link>>, Peer)> {
        match self.0 {
            Kind::H1(exchange) => exchange.into_rest(),
            #[cfg(feature = "h2")]
            Kind::H2(_) => None,
        }
    }

    /// Closes it; what it was counted for is for another. `None` if it was never this exchange's alone.
    pub(super) fn into_permit(self) -> Option<Permit> {
        match self.0 {
            Kind::H1(exchange) => Some(exchange.into_permit()),
            #[cfg(feature = "h2")]
            Kind::H2(_) => None,
        }
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

    /// Whom it is connected to.
    pub fn peer(&self) -> &Peer {
        ask!(&self.0, exchange => exchange.peer())
    }

    /// The address that answered, if the peer is a name with several.
    pub fn remote(&self) -> Option<SocketAddr> {
        ask!(&self.0, exchange => exchange.remote())
    }

    /// What TLS agreed upon with it; `None` in the clear.
    pub fn tls(&self) -> Option<&Arc<Facts>> {
        ask!(&self.0, exchange => exchange.tls())
    }

    /// Whether its connection carried an exchange before this one.
    pub fn is_reused(&self) -> bool {
        ask!(&self.0, exchange => exchange.is_reused())
    }

    /// Whether the origin may act upon this request: the socket took octets that may be of it, and the origin did not say that it did nothing.
    pub fn has_sent(&self) -> bool {
        ask!(&self.0, exchange => exchange.has_sent())
    }

    /// Whether the exchange failed in a way that says for certain that the origin did nothing with the request. It may be sent again on another
    /// connection at once, whatever its method.
    pub fn was_turned_away(&self) -> bool {
        match &self.0 {
            Kind::H1(_) => false,
            #[cfg(feature = "h2")]
            Kind::H2(exchange) => exchange.was_turned_away(),
        }
    }

    /// Whether both sides agreed on raw octets.
    pub fn is_tunnel(&self) -> bool {
        ask!(&self.0, exchange => exchange.is_tunnel())
    }

    /// Whether its connection can carry another exchange: both messages complete, nothing beyond them, and neither side said close.
    pub fn may_reuse(&self) -> bool {
        ask!(&self.0, exchange => exchange.may_reuse())
    }

    /// Whether authentication passed that belongs to its connection, such as NTLM (RFC 4559 §6): the connection is then for the client connection
    /// alone that used it. [`super::Exchange::keep`] keeps it there; [`super::Origins::put_back`] closes it.
    pub fn is_bound(&self) -> bool {
        match &self.0 {
            Kind::H1(exchange) => exchange.is_bound(),
            #[cfg(feature = "h2")]
            Kind::H2(_) => false,
        }
    }

    /// Whether others' exchanges are on its connection at the same time.
    pub fn shares_connection(&self) -> bool {
        match &self.0 {
            Kind::H1(_) => false,
            #[cfg(feature = "h2")]
            Kind::H2(_) => true,
        }
    }

    /// Whether the origin closed its connection or spoke on it, asking the kernel if need be.
    pub fn look(&mut self, probe: Probe) -> AtRest {
        ask!(&mut self.0, exchange => exchange.look(probe))
    }

    /// Octets of response content that are announced and still to come; `None` if that is not known.
    pub fn remaining(&self) -> Option<u64> {
        ask!(&self.0, exchange => exchange.remaining())
    }

    /// How far this request has gone, while no response was passed on.
    pub fn sent(&self) -> Sent {
        if self.has_sent() { Sent::Some } else { Sent::Nothing }
    }

    /// A failure of this leg as an application sees it: with whom, and how far the request had gone.
    #[track_caller]
    #[must_use]
    pub fn error(&self, error: StreamError) -> Error {
        Error::upstream(error).with_sent(self.sent()).with_context(self.peer().address().to_string())
    }

    /// When the earlier of its waits runs out.
    pub fn deadline(&self) -> Option<Instant> {
        ask!(&self.0, exchange => exchange.deadline())
    }

    /// Fails this exchange if one of its waits ran out.
    pub fn expire(&mut self, now: Instant) -> Option<StreamError> {
        ask!(&mut self.0, exchange => exchange.expire(now))
    }

    /// The wait for the response starts now, not when the request began: for uploads that took their time.
    pub fn restart_wait(&mut self) {
        ask!(&mut self.0, exchange => exchange.restart_wait());
    }

    /// Other waits for this exchange than its peer has.
    pub fn wait_so(&mut self, waits: &Waits) {
        ask!(&mut self.0, exchange => exchange.wait_so(waits));
    }

    /// Another bound on the silence between octets of this response.
    pub fn read_within(&mut self, wait: Duration) {
        ask!(&mut self.0, exchange => exchange.read_within(wait));
    }
}

impl Source<ResponseHead> for Upstream {
    #[inline]
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<ResponseHead>>, StreamError>> {
        ask!(&mut self.0, exchange => exchange.poll_part(cx))
    }

    fn stop(&mut self, why: Reason) {
        ask!(&mut self.0, exchange => exchange.stop(why));
    }
}

impl Sink<RequestHead> for Upstream {
    #[inline]
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        ask!(&mut self.0, exchange => exchange.poll_room(cx))
    }

    #[inline]
    fn push(&mut self, part: Part<RequestHead>) -> Result<(), StreamError> {
        ask!(&mut self.0, exchange => exchange.push(part))
    }

    #[inline]
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        ask!(&mut self.0, exchange => exchange.poll_flush(cx))
    }

    fn reset(&mut self, why: Reason) {
        ask!(&mut self.0, exchange => exchange.reset(why));
    }
}
