//! One request with its response, seen from the side that asks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::StatusCode;
use simplon_proto_http::h1::{Client, Config, Machine};
use simplon_proto_http::head::{RequestHead, ResponseHead};
use simplon_proto_http::transfer::{Last, Part, Reason, Sink, Source, StreamError};
use tokio::time::Instant;

use super::leg::{Leg, Patience};
use crate::connect::{Connected, Peer};
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
/// Cancel: dropping it closes the connection. [`super::Origins::put_back`] keeps it for the next exchange.
#[derive(Debug)]
pub struct Upstream {
    pub(super) leg: Box<Leg<Client>>,
    pub(super) peer: Peer,
    remote: Option<SocketAddr>,
    protocol: Protocol,
    greeting: Greeting,
    pub(super) reused: bool,
    pub(super) born: std::time::Instant,
    pub(super) uses: u32,
    /// `leg.written` when this exchange began.
    pub(super) mark: u64,
}

/// A raw upstream answers the head that opened it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    None,
    Due,
    Given,
}

impl Upstream {
    pub(super) fn new(connected: Connected, peer: Peer, config: Arc<Config>, protocol: Protocol) -> Self {
        let patience = Patience {
            idle: peer.timeouts().first_octet,
            head: peer.timeouts().first_octet,
            body: peer.timeouts().read,
            write: peer.timeouts().write,
            min_rate: None,
        };
        let mut leg = Leg::new(connected.stream, Arc::clone(&config), patience);
        let greeting = match protocol {
            Protocol::Http => Greeting::None,
            Protocol::Raw => {
                leg.machine = Machine::tunnel(config);
                Greeting::Due
            }
        };
        Self {
            leg: Box::new(leg),
            peer,
            remote: connected.remote,
            protocol,
            greeting,
            reused: false,
            born: std::time::Instant::now(),
            uses: 0,
            mark: 0,
        }
    }

    /// Whom it is connected to.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The address that answered, if the peer is a name with several.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.remote
    }

    /// Whether it carried an exchange before this one.
    pub fn is_reused(&self) -> bool {
        self.reused
    }

    /// Whether the socket took any octet of this request: from then on the origin may act upon it.
    pub fn has_sent(&self) -> bool {
        self.leg.written > self.mark
    }

    /// Whether both sides agreed on raw octets.
    pub fn is_tunnel(&self) -> bool {
        self.leg.machine.is_tunnel()
    }

    /// Whether it can carry another exchange: both messages complete, nothing beyond them, and neither side said close.
    pub fn may_reuse(&self) -> bool {
        let machine = &self.leg.machine;
        self.protocol == Protocol::Http
            && machine.is_read()
            && machine.is_written()
            && !machine.wants_transmit()
            && machine.may_reuse()
            && !machine.has_excess()
            && !self.leg.has_failed()
    }

    /// Asks the kernel whether the origin closed or spoke on a connection at rest.
    pub fn look(&mut self, probe: Probe) -> AtRest {
        self.leg.stream.at_rest(probe)
    }

    /// When the earlier of its waits runs out.
    pub fn deadline(&self) -> Option<Instant> {
        self.leg.deadline()
    }

    /// Fails this exchange if one of its waits ran out.
    pub fn expire(&mut self, now: Instant) -> Option<StreamError> {
        self.leg.expire(now)
    }

    /// The wait for the response starts now, not when the request began: for uploads that took their time.
    pub fn restart_wait(&mut self) {
        self.leg.restart_wait();
    }

    /// Another bound on the silence between octets of this response.
    pub fn read_within(&mut self, wait: Duration) {
        self.leg.patience.body = wait;
    }
}

impl Source<ResponseHead> for Upstream {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<ResponseHead>>, StreamError>> {
        match self.greeting {
            Greeting::None => self.leg.poll_part(cx),
            Greeting::Due => Poll::Pending,
            Greeting::Given => {
                self.greeting = Greeting::None;
                Poll::Ready(Ok(Some(Part::Head(ResponseHead::new(StatusCode::OK), Last::No))))
            }
        }
    }

    fn stop(&mut self, why: Reason) {
        self.reset(why);
    }
}

impl Sink<RequestHead> for Upstream {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        self.leg.poll_room(cx)
    }

    fn push(&mut self, part: Part<RequestHead>) -> Result<(), StreamError> {
        if self.greeting == Greeting::Due && matches!(part, Part::Head(..)) {
            self.greeting = Greeting::Given;
            return Ok(());
        }
        self.leg.machine.send(part)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.leg.poll_flush(cx)
    }

    fn reset(&mut self, _why: Reason) {
        self.leg.fail(StreamError::Reset);
    }
}
