//! One attempt at a request: a connection, the request upon it, and what can be done when that fails.

use std::net::IpAddr;

use bytes::Bytes;
use http::Method;
use simplon_core::connect::{Connect, Peer};
use simplon_core::http::{Exchange, Protocol, Upstream};
use simplon_core::{Error, Kind, Result, error};
use simplon_proto_http::fields::Known;
use simplon_proto_http::transfer::{Last, Part, Sink};
use simplon_proto_http::{RequestHead, connection_auth};
use tokio::time::Instant;

use super::App;
use super::duplex::{Failure, Joined};
use super::stay::while_client_stays;
use crate::deadline::Deadline;
use crate::filter::Filter;
use crate::flow::{Flow, Recorded, Replay};
use crate::legs::Legs;
use crate::message::Content;
use crate::observe::{End, Event, Observe, Record, Stage};
use crate::rescue::Rescue;
use crate::retry::{Again, Attempt, Outcome, Retry, is_idempotent};
use crate::route::Route;
use crate::upgrade_policy::{UpgradePolicy, without_http};

/// A request as the client made it and filters left it; each attempt sends a copy.
pub(super) struct Asked<'a> {
    pub(super) head: RequestHead,
    pub(super) content: Content,
    pub(super) replay: Replay,
    pub(super) client: Option<IpAddr>,
    pub(super) deadline: &'a Deadline,
    /// Which protocols it may switch to, if filters or the route said.
    pub(super) upgrades: Option<UpgradePolicy>,
    /// What is left of those it asked for.
    pub(super) upgrade: Option<Bytes>,
}

/// What became of an attempt that did not fail.
pub(super) enum Attempted {
    /// The response was delivered, or the tunnel was closed.
    Done(End),
    /// The origin's answer is one that the policy tries again after.
    Again(Again),
}

/// Whether an idle connection may be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reuse {
    Allowed,
    Never,
}

impl<R, F, Y, S, O, C> App<R, F, Y, S, O, C>
where
    R: Route,
    F: Filter<R::Ctx>,
    Y: Retry<R::Ctx>,
    S: Rescue<R::Ctx>,
    O: Observe<R::Ctx>,
    C: Connect + 'static,
{
    /// An idle connection that turns out to have died is not an attempt: the request goes out again on a new one, once, if that is safe.
    pub(super) async fn attempt(
        &self,
        exchange: &mut Exchange,
        asked: &mut Asked<'_>,
        peer: &Peer,
        protocol: Protocol,
        record: &mut Record,
        cx: &mut R::Ctx,
    ) -> Result<Attempted> {
        let mut reuse = Reuse::Allowed;
        loop {
            let idle = match (protocol, reuse) {
                (Protocol::Http, Reuse::Allowed) => self.idle(exchange, &asked.head.method, peer, record.latest()),
                _ => None,
            };
            let mut upstream = match idle {
                Some(idle) => self.reused(idle, record, cx),
                None => {
                    let connecting = self.reach(peer, protocol, record, cx);
                    while_client_stays(exchange, self.settings.gone, connecting).await??
                }
            };
            record.peer_tls = upstream.tls().cloned();
            match self.exchange_on(exchange, asked, &mut upstream, record, cx).await {
                Ok(attempted) => {
                    match (upstream.may_reuse(), upstream.is_bound()) {
                        (true, true) => exchange.keep(upstream, record.latest()),
                        (true, false) => self.origins.put_back(upstream, record.latest()),
                        (false, _) => {}
                    }
                    return Ok(attempted);
                }
                Err(failure)
                    if reuse == Reuse::Allowed
                        && went_stale(&failure, &upstream, asked)
                        && self.resends(&upstream, record) =>
                {
                    reuse = Reuse::Never;
                }
                Err(failure) => {
                    let is_origins = matches!(failure, Failure::Origin { .. });
                    let error = failure.into_error(&upstream);
                    drop(upstream);
                    if is_origins && exchange.has_begun() {
                        // What came before the fault is the client's; that it does not take it changes nothing any more.
                        let _ = exchange.hand_over().await;
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Whether a request whose connection turned out to be dead goes out again. If that connection took any of it the origin may have acted, so the
    /// policy's bound holds.
    fn resends(&self, upstream: &Upstream, record: &mut Record) -> bool {
        if !upstream.has_sent() {
            return true;
        }
        let resends = self.retry.resends(record.sendings());
        if resends {
            record.resent();
        }
        resends
    }

    /// An idle connection to the peer that is fit: one of this client's own, else any.
    fn idle(&self, exchange: &mut Exchange, method: &Method, peer: &Peer, now: Instant) -> Option<Upstream> {
        exchange.kept(peer, method, now).or_else(|| self.origins.idle_for(peer, method, now))
    }

    /// A new connection to the peer.
    async fn reach(&self, peer: &Peer, protocol: Protocol, record: &mut Record, cx: &mut R::Ctx) -> Result<Upstream> {
        record.reused = false;
        record.at_stage(Stage::Connecting);
        let (upstream, took) = self.origins.connect(peer, protocol).await?;
        // Another exchange may have made the connection meanwhile.
        record.reused = upstream.is_reused();
        let event = if record.reused { Event::Reused { peer } } else { Event::Connected { peer, took } };
        self.observe.on(&event, cx);
        record.at_stage(Stage::Filtering);
        Ok(upstream)
    }

    fn reused(&self, idle: Upstream, record: &mut Record, cx: &mut R::Ctx) -> Upstream {
        record.reused = true;
        self.observe.on(&Event::Reused { peer: idle.peer() }, cx);
        idle
    }

    /// Sends the request on a connection and carries the response back.
    async fn exchange_on(
        &self,
        exchange: &mut Exchange,
        asked: &mut Asked<'_>,
        upstream: &mut Upstream,
        record: &mut Record,
        cx: &mut R::Ctx,
    ) -> std::result::Result<Attempted, Failure> {
        let mut head = asked.head.clone();
        head.upgrade.clone_from(&asked.upgrade);
        self.settings.forwarding.apply(&mut head, exchange.info());
        if !exchange.awaits_continue() {
            head.fields.remove(Known::Expect);
        }
        if exchange.shares_connection() && connection_auth::is_in(&head.fields) {
            connection_auth::remove(&mut head.fields);
        }
        let peer = upstream.peer();
        name_host(&mut head, peer)?;
        let attempt = Attempt { number: record.sendings(), peer, method: &asked.head.method, outcome: Outcome::Open };
        self.filters.upstream_request(&mut head, &attempt, cx).await?;
        head.upgrade = head.upgrade.as_ref().and_then(without_http);
        if let Some(waits) = exchange.own_waits() {
            upstream.wait_so(waits);
        }
        if upstream.shares_connection() && connection_auth::is_in(&head.fields) {
            connection_auth::remove(&mut head.fields);
        }
        let last = send_what_is_at_hand(upstream, head, asked)?;
        let mut flow = Flow::new(last, self.settings.gone);
        let Asked { head: request, content, replay, deadline, .. } = asked;
        let waits = exchange.awaits_continue() && !content.holds();
        let mut legs = Legs::new(exchange, upstream, content);
        if waits {
            flow = flow.expecting();
            legs.expect_by = Instant::now().checked_add(self.settings.expect);
        }
        self.duplex(Joined { flow, legs: &mut legs, request, replay, record, deadline }, cx).await
    }

    /// Whether, by the facts and then by the policy, a failed attempt is followed by another.
    pub(super) fn again_after(
        &self,
        error: &Error,
        asked: &Asked<'_>,
        peer: &Peer,
        record: &Record,
        cx: &mut R::Ctx,
    ) -> Option<Again> {
        self.observe.on(&Event::AttemptFailed { peer, error }, cx);
        let safe = match error.may_replay() {
            error::Replay::Safe => true,
            error::Replay::IfIdempotent => is_idempotent(&asked.head.method),
            error::Replay::No => false,
        };
        if !safe {
            return None;
        }
        let outcome = Outcome::Failed(error);
        self.ask_policy(outcome, &asked.head.method, asked.replay.recorded(), peer, record, cx)
    }

    pub(super) fn ask_policy(
        &self,
        outcome: Outcome<'_>,
        method: &Method,
        recorded: Recorded,
        peer: &Peer,
        record: &Record,
        cx: &mut R::Ctx,
    ) -> Option<Again> {
        if recorded == Recorded::Overflowed {
            self.observe.on(&Event::ReplayOverflowed, cx);
            return None;
        }
        match self.retry.again(&Attempt { number: record.sendings(), peer, method, outcome }, cx) {
            Again::No => None,
            again => Some(again),
        }
    }
}

/// A request of version 1.0 may name no host (RFC 9112 §3.2): the origin is then asked by the address at which it is reached.
fn name_host(head: &mut RequestHead, peer: &Peer) -> Result<()> {
    if head.fields.contains(Known::Host) || head.target.authority().is_some() {
        return Ok(());
    }
    head.fields.set(Known::Host, peer.host()).map_err(|_| Error::internal(Kind::Internal))
}

/// The head, and what an earlier attempt sent already. Says whether that is the whole request.
fn send_what_is_at_hand(upstream: &mut Upstream, head: RequestHead, asked: &Asked<'_>) -> Result<Last> {
    let sent_before = asked.replay.chunks().next().is_some();
    let last = if asked.content.is_over() { Last::Yes } else { Last::No };
    let head_last = if sent_before { Last::No } else { last };
    upstream.push(Part::Head(head, head_last)).map_err(Error::internal)?;
    for chunk in asked.replay.chunks() {
        upstream.push(chunk.clone().into_part()).map_err(Error::internal)?;
    }
    Ok(last)
}

/// Whether an open connection was dead before it was used, or the origin did nothing with what came upon it: no answer had begun, and the request
/// can safely go out again.
fn went_stale(failure: &Failure, upstream: &Upstream, asked: &Asked<'_>) -> bool {
    let was_dead = upstream.is_reused()
        && failure.is_broken_connection()
        && (is_idempotent(&asked.head.method) || !upstream.has_sent());
    let was_turned_away = upstream.was_turned_away() && failure.is_before_the_answer();
    (was_dead || was_turned_away) && asked.replay.recorded() == Recorded::Whole
}

impl Failure {
    fn is_broken_connection(&self) -> bool {
        use simplon_proto_http::StreamError::{Closed, Reset, Truncated};
        matches!(self, Self::Origin { error: Closed | Reset | Truncated, answered: false })
    }

    fn is_before_the_answer(&self) -> bool {
        matches!(self, Self::Origin { answered: false, .. })
    }

    fn into_error(self, upstream: &Upstream) -> Error {
        match self {
            Self::Origin { error, answered: true } => upstream.error(error).with_sent(error::Sent::ResponseStarted),
            Self::Origin { error, answered: false } => upstream.error(error),
            Self::Client(error) => Error::downstream(Kind::from(error)).with_sent(upstream.sent()),
            Self::Ours(error) => error,
        }
    }
}
