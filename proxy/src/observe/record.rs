//! One exchange as a whole.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, Version};
use simplon_core::Error;
use simplon_core::connect::Peer;
use simplon_core::http::Exchange;
use simplon_core::proto_tls::Facts;
use simplon_proto_http::RequestHead;
use simplon_proto_http::fields::Known;
use tokio::time::Instant;

/// How an exchange ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The response was delivered.
    Complete,
    /// A tunnel was opened, and closed in both directions.
    Tunnel,
    /// An error was answered with a response made here.
    Rescued,
    /// The client left before its response was complete.
    ClientGone,
    /// The response was cut after it had begun.
    Cut,
    /// The exchange was dropped: the server was stopped hard.
    #[default]
    Dropped,
}

/// One exchange as a whole. What was not reached is `None` or zero.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// The client's address (behind a trusted proxy, the one it named).
    pub client: Option<IpAddr>,
    /// The address of the connection.
    pub from: Option<SocketAddr>,
    /// What TLS agreed upon with the client.
    pub tls: Option<Arc<Facts>>,
    /// The request's method.
    pub method: Option<Method>,
    /// The request's target, as received.
    pub target: Option<Bytes>,
    /// The request's authority (RFC 9110 §7.2).
    pub authority: Option<Bytes>,
    /// The version of HTTP the request came in.
    pub version: Option<Version>,
    /// The Content-Type of the request, as received.
    pub content_type: Option<Bytes>,
    /// The status that was sent to the client, or would have been had it stayed (499).
    pub status: Option<StatusCode>,
    /// How it ended.
    pub end: End,
    /// [`Error::label`] of the error that ended it.
    pub error: Option<&'static str>,
    /// Attempts that were made.
    pub attempts: u32,
    /// The peer of the last attempt.
    pub peer: Option<Peer>,
    /// What TLS agreed upon with that peer.
    pub peer_tls: Option<Arc<Facts>>,
    /// Whether the last attempt went over a connection that had been used before.
    pub reused: bool,
    /// Octets of request content passed on.
    pub request_octets: u64,
    /// Octets of response content passed on.
    pub response_octets: u64,
    /// From the first octets of the request to the head of the origin's response.
    pub first_octet: Option<Duration>,
    /// From the first octets of the request to the end.
    pub took: Duration,
    /// Times that it went out beyond [`Self::attempts`], with connections that turned out to be dead.
    resent: u32,
    started: Instant,
    latest: Instant,
    stage: Stage,
}

/// What an exchange is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No attempt is under way.
    Between,
    /// An attempt waits for its connection.
    Connecting,
    /// An attempt waits for what happens on either leg.
    Carrying,
    /// An attempt waits for a filter.
    Filtering,
}

impl Record {
    pub(crate) fn begin(exchange: &Exchange) -> Self {
        let now = Instant::now();
        Self {
            client: exchange.info().peer_ip(),
            from: exchange.info().peer(),
            tls: exchange.info().tls().cloned(),
            method: None,
            target: None,
            authority: None,
            version: None,
            content_type: None,
            status: None,
            end: End::Dropped,
            error: None,
            attempts: 0,
            peer: None,
            peer_tls: None,
            reused: false,
            request_octets: 0,
            response_octets: 0,
            first_octet: None,
            took: Duration::ZERO,
            resent: 0,
            started: now,
            latest: now,
            stage: Stage::Between,
        }
    }

    pub(crate) fn request(&mut self, head: &RequestHead, client: Option<IpAddr>) {
        self.client = client;
        self.method = Some(head.method.clone());
        self.target = Some(head.target.to_bytes());
        self.authority = head.authority_bytes();
        self.version = Some(head.version);
        self.content_type = head.fields.shared(Known::ContentType);
    }

    pub(crate) fn attempt(&mut self, peer: &Peer) {
        self.attempts += 1;
        self.stage = Stage::Filtering;
        self.peer = Some(peer.clone());
    }

    /// The connection of the attempt under way died with the request; it goes out on another.
    pub(crate) fn resent(&mut self) {
        self.resent += 1;
    }

    /// How often the request went out to an origin, the attempt under way included.
    pub(crate) fn sendings(&self) -> u32 {
        self.attempts.saturating_add(self.resent)
    }

    pub(crate) fn answered(&mut self) {
        self.latest = Instant::now();
        self.first_octet = Some(self.latest - self.started);
    }

    /// When it began.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    pub(crate) fn at_stage(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// The latest time that was looked at: near enough to now for what rests in a pool.
    pub(crate) fn latest(&self) -> Instant {
        self.latest
    }

    pub(crate) fn failed(&mut self, error: &Error) {
        self.error = Some(error.label());
    }

    /// It is over; says when that was.
    pub(crate) fn close(&mut self) -> Instant {
        self.latest = Instant::now();
        self.took = self.latest - self.started;
        self.latest
    }
}
