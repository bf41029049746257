//! A request as filters and routes see it.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Extensions;
use simplon_core::connect::Peer;
use simplon_core::http::{Exchange, Waits};
use simplon_core::net::ConnInfo;
use simplon_core::{Error, Result};
use simplon_proto_http::RequestHead;
use simplon_proto_http::transfer::Source;

use super::content::{Collected, Content};
use crate::deadline::Deadline;
use crate::fix;
use crate::upgrade_policy::UpgradePolicy;

/// A request: its head (to which it derefs), its content, and where it came from.
#[derive(Debug)]
pub struct Request<'a> {
    pub(crate) head: &'a mut RequestHead,
    pub(crate) content: &'a mut Content,
    pub(crate) exchange: &'a mut Exchange,
    pub(crate) tried: &'a [Peer],
    pub(crate) client: Option<IpAddr>,
    pub(crate) deadline: &'a Deadline,
    pub(crate) upgrades: &'a mut Option<UpgradePolicy>,
}

impl Request<'_> {
    /// The connection it came on.
    pub fn info(&self) -> &Arc<ConnInfo> {
        self.exchange.info()
    }

    /// The client's address: that of the connection, unless a trusted proxy named another (see [`crate::Forwarding`]).
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.client
    }

    /// State that lives as long as the client's connection, across its exchanges.
    pub fn connection_state(&mut self) -> &mut Extensions {
        self.exchange.connection_state()
    }

    /// The peers that earlier attempts at this request went to, oldest first.
    pub fn tried(&self) -> &[Peer] {
        self.tried
    }

    /// Gives this exchange so long as a whole, counted from its first octet, in place of what [`crate::App::exchange_within`] gives to all. The
    /// last word counts; `Duration::MAX` is for ever.
    pub fn exchange_within(&mut self, limit: Duration) {
        self.deadline.set(limit);
    }

    /// Waits at most so long between octets of the client's content, and for the origin to answer and between octets of its response: in place of
    /// [`simplon_core::http::Timeouts::body`] and of what the peer says, for this exchange alone. So a stream may be silent for ten minutes
    /// without that every other may. `Duration::MAX` is for ever.
    pub fn read_within(&mut self, limit: Duration) {
        self.wait(|waits| waits.read = Some(limit));
    }

    /// Waits at most so long for the client to take any of the response, and for the origin to take any of the request.
    pub fn write_within(&mut self, limit: Duration) {
        self.wait(|waits| waits.write = Some(limit));
    }

    /// Lets a tunnel be silent in both directions for so long.
    pub fn tunnel_idle(&mut self, limit: Duration) {
        self.wait(|waits| waits.idle = Some(limit));
    }

    /// The least rate, in octets per second, of the client and of the origin and in both directions; `None` for content that trickles on purpose.
    /// Tunnels and calls of gRPC have none.
    pub fn min_rate(&mut self, rate: Option<NonZeroU32>) {
        self.wait(|waits| waits.min_rate = Some(rate));
    }

    /// Keeps the client's connection for so long after this exchange, if no other comes.
    pub fn keep_alive(&mut self, limit: Duration) {
        self.wait(|waits| waits.keep_alive = Some(limit));
    }

    fn wait(&mut self, change: impl FnOnce(&mut Waits)) {
        let mut waits = self.exchange.own_waits().copied().unwrap_or_default();
        change(&mut waits);
        self.exchange.wait_so(waits);
    }

    /// Takes at most so many octets of content from the client, whatever filters make of them. The last word counts; the listener's
    /// `Limits::body_octets` holds beside it.
    ///
    /// Wire:    413 and close. If the announced length, or what has come, is more already, nothing reaches an origin; otherwise the origin
    ///          never sees a complete request. If the response has begun it is cut.
    pub fn limit_content(&mut self, octets: u64) {
        self.content.limit(octets, self.exchange.remaining());
    }

    /// Lets this request switch to these protocols alone, in place of what [`crate::App::upgrades`] lets all switch to. The last word counts.
    ///
    /// What the client asked for is in [`RequestHead::upgrade`], as it came; the policy holds for what goes to an origin.
    pub fn upgrades(&mut self, policy: UpgradePolicy) {
        *self.upgrades = Some(policy);
    }

    /// Reads the first octets of the content, without taking them away: at least `limit` unless there are fewer, and at most `limit` are given.
    ///
    /// A client that waits for 100 (Continue) is told to go on. Cancel: nothing is lost.
    ///
    /// # Errors
    /// The content cannot be read.
    pub async fn peek(&mut self, limit: usize) -> Result<Bytes> {
        self.fill(limit).await?;
        Ok(self.content.prefix(limit))
    }

    /// Reads the whole content, without taking it away, if it is at most `limit` octets.
    ///
    /// Cancel: nothing is lost.
    ///
    /// # Errors
    /// The content cannot be read.
    pub async fn collect(&mut self, limit: usize) -> Result<Collected> {
        self.fill(limit.saturating_add(1)).await?;
        Ok(self.content.collected(limit))
    }

    async fn fill(&mut self, octets: usize) -> Result<()> {
        let exchange = &mut *self.exchange;
        self.content.fill(octets, |cx| exchange.poll_part(cx)).await.map_err(Error::downstream)
    }

    /// Puts other content in place of what the client sent and may still send. Length and framing follow by themselves.
    pub fn replace(&mut self, content: impl Into<Bytes>) {
        let content = content.into();
        fix::length(&mut self.head.fields, content.len() as u64);
        self.content.replace(content);
    }

    /// Says that `request_part` hooks may change how much content there is: it is sent without an announced length.
    pub fn rewrite(&mut self) {
        fix::unknown_length(&mut self.head.fields);
    }
}

impl Deref for Request<'_> {
    type Target = RequestHead;

    fn deref(&self) -> &RequestHead {
        self.head
    }
}

impl DerefMut for Request<'_> {
    fn deref_mut(&mut self) -> &mut RequestHead {
        self.head
    }
}
