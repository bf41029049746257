//! An upstream exchange on a connection of its own: HTTP/1, and raw octets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::StatusCode;
use simplon_pool::Pooled;
use simplon_proto_http::connection_auth;
use simplon_proto_http::fields::Known;
use simplon_proto_http::h1::{Client, Config, Machine};
use simplon_proto_http::head::{RequestHead, ResponseHead};
use simplon_proto_http::transfer::{Last, Part, Reason, Sink, Source, StreamError};
use simplon_proto_tls::Facts;
use tokio::time::Instant;

use super::super::ledger::Permit;
use super::super::leg::{Leg, Patience};
use super::super::waits::Waits;
use super::Protocol;
use crate::connect::{Connected, Peer, PeerTimeouts};
#[cfg(target_os = "linux")]
use crate::net::pipe::Pipe;
use crate::net::{AtRest, Probe};

/// A connection to an origin, in use or at rest.
#[derive(Debug)]
pub(in crate::http) struct Link {
    pub(in crate::http) leg: Leg<Client>,
    remote: Option<SocketAddr>,
    /// Authentication passed that belongs to it: it is for the client connection alone that used it (RFC 4559 §6).
    bound: bool,
    /// Given back after the connection is closed.
    permit: Permit,
}

impl Link {
    pub(in crate::http) fn new(
        connected: Connected,
        permit: Permit,
        peer: &Peer,
        config: Arc<Config>,
        protocol: Protocol,
    ) -> Self {
        let machine = match protocol {
            Protocol::Http => Machine::new(config),
            Protocol::Raw => Machine::tunnel(config),
        };
        let leg = Leg::new(connected.stream, machine, patience_with(peer));
        Self { leg, remote: connected.remote, bound: false, permit }
    }

    /// Closes it; what it was counted for is for another.
    pub(in crate::http) fn into_permit(self) -> Permit {
        self.permit
    }
}

fn patience_with(peer: &Peer) -> Patience {
    let PeerTimeouts {
        connect: _,
        handshake: _,
        read,
        read_min_rate,
        write,
        write_min_rate,
        idle: _,
        ping: _,
        pong: _,
    } = *peer.timeouts();
    Patience { idle: read, head: read, body: read, body_min_rate: read_min_rate, write, write_min_rate }
}

/// One exchange on a [`Link`].
#[derive(Debug)]
pub(in crate::http) struct Exchange {
    link: Pooled<Box<Link>>,
    peer: Peer,
    greeting: Greeting,
    is_http: bool,
    is_reused: bool,
    /// What the socket had taken when this exchange began.
    mark: u64,
    /// Why nothing more can be written. An answer may have come before, so that only reading tells the end.
    unwritable: Option<StreamError>,
}

/// A raw upstream answers the head that opened it, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    None,
    Due,
    Given,
}

impl Exchange {
    pub(super) fn fresh(link: Pooled<Box<Link>>, peer: Peer, protocol: Protocol) -> Self {
        let is_http = protocol == Protocol::Http;
        let greeting = if is_http { Greeting::None } else { Greeting::Due };
        Self { link, peer, greeting, is_http, is_reused: false, mark: 0, unwritable: None }
    }

    /// Timeouts are those of this peer, and of this exchange: they are no part of what makes connections interchangeable.
    pub(super) fn reused(mut link: Pooled<Box<Link>>, peer: Peer) -> Self {
        link.connection.leg.be_patient(patience_with(&peer));
        let mark = link.connection.leg.written;
        Self { link, peer, greeting: Greeting::None, is_http: true, is_reused: true, mark, unwritable: None }
    }

    /// The connection made ready for its next exchange; `None` if it cannot carry one.
    pub(super) fn into_rest(self) -> Option<(Pooled<Box<Link>>, Peer)> {
        if !self.may_reuse() {
            return None;
        }
        let Self { mut link, peer, .. } = self;
        let leg = &mut link.connection.leg;
        leg.machine.advance();
        leg.machine.release_buffers();
        leg.restart_wait();
        Some((link, peer))
    }

    /// Closes it; what it was counted for is for another.
    pub(super) fn into_permit(self) -> Permit {
        self.link.connection.into_permit()
    }

    fn leg(&self) -> &Leg<Client> {
        &self.link.connection.leg
    }

    fn leg_mut(&mut self) -> &mut Leg<Client> {
        &mut self.link.connection.leg
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    pub(super) fn tls(&self) -> Option<&Arc<Facts>> {
        self.leg().stream.tls()
    }

    pub(super) fn remote(&self) -> Option<SocketAddr> {
        self.link.connection.remote
    }

    pub(super) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Whether the socket took any octet of this request: from then on the origin may act upon it.
    pub(super) fn has_sent(&self) -> bool {
        self.leg().written > self.mark
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.leg().machine.is_tunnel()
    }

    /// Whether it can carry another exchange: both messages complete, nothing beyond them, and neither side said close.
    pub(super) fn may_reuse(&self) -> bool {
        let machine = &self.leg().machine;
        self.is_http
            && machine.is_read()
            && machine.is_written()
            && !machine.wants_transmit()
            && machine.may_reuse()
            && !machine.has_excess()
            && !self.leg().has_failed()
            && self.unwritable.is_none()
    }

    pub(super) fn is_bound(&self) -> bool {
        self.link.connection.bound
    }

    pub(super) fn look(&mut self, probe: Probe) -> AtRest {
        self.leg_mut().stream.at_rest(probe)
    }

    pub(super) fn remaining(&self) -> Option<u64> {
        self.leg().machine.remaining()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.leg().deadline()
    }

    pub(super) fn expire(&mut self, now: Instant) -> Option<StreamError> {
        self.leg_mut().expire(now)
    }

    pub(super) fn restart_wait(&mut self) {
        self.leg_mut().restart_wait();
    }

    /// How much of the response may be taken past the machine; of sockets of TCP in the clear.
    #[cfg(target_os = "linux")]
    pub(in crate::http) fn may_bypass(&self) -> Option<u64> {
        self.leg().stream.as_tcp()?;
        self.leg().machine.may_bypass_reading()
    }

    /// Whether the response was taken to its end.
    #[cfg(target_os = "linux")]
    pub(in crate::http) fn is_drawn(&self) -> bool {
        self.leg().machine.is_read()
    }

    /// Content goes from the socket into the pipe.
    #[cfg(target_os = "linux")]
    pub(in crate::http) fn poll_draw(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
    ) -> Poll<Result<usize, StreamError>> {
        let drawn = ready!(self.leg_mut().poll_draw(cx, pipe));
        Poll::Ready(drawn.map_err(|error| self.first_fault(error)))
    }

    /// What the origin says about how long, and for how many more requests, it keeps the connection (RFC 2068 §19.7.1).
    fn heed_keep_alive(&mut self, head: &ResponseHead) {
        let number = |name: &[u8]| {
            head.fields.elements(Known::KeepAlive).find_map(|element| {
                let (key, value) = element.split_at_checked(name.len())?;
                let value = std::str::from_utf8(value.strip_prefix(b"=")?).ok()?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().parse::<u32>().ok()).flatten()
            })
        };
        if !head.fields.contains(Known::KeepAlive) {
            return;
        }
        if let Some(seconds) = number(b"timeout") {
            // A second less than the origin waits, so that we close first.
            let told = Duration::from_secs(u64::from(seconds).saturating_sub(1));
            self.link.limit_rest(told.min(self.peer.timeouts().idle));
        }
        if let Some(left) = number(b"max") {
            self.link.limit_requests(left);
        }
    }

    pub(super) fn wait_so(&mut self, waits: &Waits) {
        let leg = self.leg_mut();
        if let Some(read) = waits.read {
            (leg.patience.idle, leg.patience.head) = (read, read);
        }
        leg.wait_so(waits);
    }

    pub(super) fn read_within(&mut self, wait: Duration) {
        self.leg_mut().patience.body = wait;
    }

    /// A connection that breaks is seen by whoever writes, mostly before it is seen by whoever reads.
    fn first_fault(&self, error: StreamError) -> StreamError {
        match error {
            StreamError::Closed | StreamError::Truncated | StreamError::Reset | StreamError::Io(_) => {
                self.unwritable.unwrap_or(error)
            }
            other => other,
        }
    }

    /// Nothing more is written; what the origin said before is still to be read (RFC 9112 §9.5).
    fn stuck(&mut self, error: StreamError) -> StreamError {
        self.leg_mut().give_up_writing();
        *self.unwritable.insert(error)
    }
}

impl Source<ResponseHead> for Exchange {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<ResponseHead>>, StreamError>> {
        match self.greeting {
            Greeting::None => {
                let part = ready!(self.leg_mut().poll_part(cx)).map_err(|error| self.first_fault(error))?;
                if let Some(Part::Head(head, _)) = &part {
                    self.link.connection.bound |= connection_auth::is_in(&head.fields);
                    self.heed_keep_alive(head);
                }
                Poll::Ready(Ok(part))
            }
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

impl Sink<RequestHead> for Exchange {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        if let Some(error) = self.unwritable {
            return Poll::Ready(Err(error));
        }
        self.leg_mut().poll_room(cx).map_err(|error| self.stuck(error))
    }

    fn push(&mut self, part: Part<RequestHead>) -> Result<(), StreamError> {
        if self.greeting == Greeting::Due && matches!(part, Part::Head(..)) {
            self.greeting = Greeting::Given;
            return Ok(());
        }
        if self.unwritable.is_some() {
            return Ok(());
        }
        if let Part::Head(head, _) = &part {
            self.link.connection.bound |= connection_auth::is_in(&head.fields);
        }
        self.leg_mut().machine.send(part)
    }

    /// A failure is told once: what was pushed is lost then, and there is nothing more to hand over.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        if self.unwritable.is_some() {
            return Poll::Ready(Ok(()));
        }
        self.leg_mut().poll_flush(cx).map_err(|error| self.stuck(error))
    }

    fn reset(&mut self, _why: Reason) {
        self.leg_mut().fail(StreamError::Reset);
    }
}
