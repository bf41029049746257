//! An upstream exchange on a stream of a connection that others share: HTTP/2.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use simplon_proto_http::h1::Config;
use simplon_proto_http::h2::{ClientStream, Refusal};
use simplon_proto_http::head::{RequestHead, ResponseHead};
use simplon_proto_http::rules::Rule;
use simplon_proto_http::transfer::{Last, Part, Reason, Sink, Source, StreamError, Wait};
use simplon_proto_tls::Facts;
use tokio::time::Instant;

use super::super::allowance::Allowance;
use super::super::leg::deadline;
use super::super::passes::{Handed, SMALL};
use super::super::sessions::{Greeting, Lease};
use super::super::waits::{Waits, is_grpc};
use crate::connect::{Peer, PeerTimeouts, Versions};
use crate::net::{AtRest, Probe};

/// What is known of how many streams the origin allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Unseen,
    /// The settings were asked for.
    Awaited,
    Seen,
}

/// One exchange on a [`Lease`].
#[derive(Debug)]
pub(super) struct Exchange {
    stream: ClientStream,
    lease: Lease,
    peer: Peer,
    read: Allowance,
    write: Allowance,
    /// Octets that were pushed since the stream had room last.
    pushed: u64,
    /// Small pieces among them that were not all written yet.
    handed: Handed,
    /// Until when the stream has to be opened, if the origin allows no more of them for now.
    open_by: Option<Instant>,
    door: Door,
    /// A head that asks for another protocol, until it is known whether the origin takes that.
    held: Option<RequestHead>,
    turned_away: bool,
}

impl Exchange {
    pub(super) fn new(lease: Lease, peer: Peer, config: Arc<Config>) -> Self {
        let PeerTimeouts { read, read_min_rate, write, write_min_rate, .. } = *peer.timeouts();
        let stream = ClientStream::new(lease.sender(), lease.session().scheme(), config);
        Self {
            stream,
            lease,
            peer,
            read: Allowance::new(read, read_min_rate),
            write: Allowance::new(write, write_min_rate),
            pushed: 0,
            handed: Handed::default(),
            open_by: None,
            door: Door::Unseen,
            held: None,
            turned_away: false,
        }
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    pub(super) fn tls(&self) -> Option<&Arc<Facts>> {
        self.lease.session().tls()
    }

    pub(super) fn remote(&self) -> Option<SocketAddr> {
        self.lease.session().remote()
    }

    pub(super) fn is_reused(&self) -> bool {
        self.lease.is_reused()
    }

    pub(super) fn has_sent(&self) -> bool {
        !self.turned_away && self.has_opened()
    }

    /// Whether the head began to leave.
    fn has_opened(&self) -> bool {
        self.stream.id().is_some_and(|stream| self.lease.session().facts().has_opened(stream))
    }

    /// Whether the origin lets the stream begin, is looked at once its settings are known: most streams need no deadline for that.
    fn look_at_door(&mut self, cx: &Context<'_>) {
        if self.stream.id().is_none() {
            return;
        }
        let session = self.lease.session();
        match self.door {
            Door::Unseen if session.facts().poll_settings(cx).is_pending() => self.door = Door::Awaited,
            Door::Awaited if session.facts().greeting() == Greeting::None => {}
            _ => {
                self.door = Door::Seen;
                if !self.has_opened() && session.is_overfull() {
                    self.open_by = deadline(self.peer.timeouts().connect);
                }
            }
        }
    }

    /// Until when it has to leave, if it is there and did not.
    fn leaves_by(&self) -> Option<Instant> {
        self.open_by.filter(|_| self.stream.id().is_some() && !self.has_opened())
    }

    pub(super) fn was_turned_away(&self) -> bool {
        self.turned_away
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.stream.is_tunnel()
    }

    pub(super) fn may_reuse(&self) -> bool {
        self.stream.is_read() && self.stream.is_written() && !self.stream.has_failed()
    }

    /// The connection is read all the time: what the origin did is known.
    pub(super) fn look(&self, _probe: Probe) -> AtRest {
        if self.lease.session().is_alive() { AtRest::Quiet } else { AtRest::Closed }
    }

    /// The flow of frames tells the end; what was announced is not kept.
    pub(super) const fn remaining(&self) -> Option<u64> {
        None
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.read.by(), self.write.by(), self.leaves_by()].into_iter().flatten().min()
    }

    pub(super) fn expire(&mut self, now: Instant) -> Option<StreamError> {
        let wait = if self.write.is_over(now) {
            Wait::Write
        } else if self.leaves_by().is_some_and(|by| by <= now) {
            Wait::Connect
        } else if self.read.is_over(now) {
            if self.stream.awaits_head() { Wait::Head } else { Wait::Body }
        } else {
            return None;
        };
        self.open_by = None;
        self.read.restart();
        self.write.restart();
        Some(self.stream.fail(StreamError::Timeout(wait), Reason::Timeout))
    }

    pub(super) fn restart_wait(&mut self) {
        self.read.restart();
    }

    pub(super) fn wait_so(&mut self, waits: &Waits) {
        self.read.change(waits.read, waits.min_rate);
        self.write.change(waits.write, waits.min_rate);
    }

    pub(super) fn read_within(&mut self, wait: Duration) {
        self.read.change(Some(wait), None);
    }

    /// Sends the head that was held back, once it can be.
    fn poll_held(&mut self, cx: &Context<'_>) -> Poll<Result<(), StreamError>> {
        if self.held.is_some() {
            ready!(self.lease.session().facts().poll_settings(cx));
        }
        Poll::Ready(match self.held.take() {
            Some(head) => self.stream.push(Part::Head(head, Last::Yes)),
            None => Ok(()),
        })
    }

    fn poll_response(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<ResponseHead>>, StreamError>> {
        ready!(self.poll_held(cx))?;
        let part = ready!(self.stream.poll_part(cx))?;
        let has_fields = matches!(&part, Some(Part::Head(..) | Part::Trailers(_) | Part::Data(_, Last::Yes)));
        if has_fields && self.stream.id().is_some_and(|stream| self.lease.session().facts().has_bad_fields(stream)) {
            let error = StreamError::Malformed(Rule::PseudoMisplaced);
            return Poll::Ready(Err(self.stream.fail(error, Reason::Malformed)));
        }
        if let (Some(Part::Head(..)), Some(unread)) = (&part, self.stream.unread()) {
            self.lease.session().facts().has_content(unread);
        }
        Poll::Ready(Ok(part))
    }

    fn poll_handed(&mut self, cx: &Context<'_>) -> Poll<()> {
        if !self.handed.is_many() {
            return Poll::Ready(());
        }
        self.lease.session().facts().poll_pass(&mut self.handed, cx)
    }

    /// What is to be remembered of a failure: whether the origin did nothing, and whether it wants to be asked in HTTP/1.1.
    fn learn(&mut self) {
        let is_required = self.peer.versions() == Versions::Http2Only;
        let is_no_http2 = !is_required && self.lease.session().facts().greeting() == Greeting::Other;
        let refusal = self.stream.refusal().filter(|refusal| !is_required || *refusal != Refusal::NeedsHttp1);
        self.turned_away |= refusal.is_some() || is_no_http2;
        if is_no_http2 || refusal == Some(Refusal::NeedsHttp1) {
            self.lease.session().prefer_http1();
        }
    }
}

impl Source<ResponseHead> for Exchange {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<ResponseHead>>, StreamError>> {
        let polled = self.poll_response(cx);
        if polled.is_pending() && self.door != Door::Seen {
            self.look_at_door(cx);
        }
        match &polled {
            Poll::Pending if !self.stream.is_tunnel() => self.read.begin(),
            Poll::Pending => {}
            Poll::Ready(Ok(Some(Part::Data(octets, _)))) => {
                self.read.credit(octets.len() as u64);
                self.read.pause();
            }
            Poll::Ready(outcome) => {
                self.read.restart();
                if outcome.is_err() {
                    self.learn();
                }
            }
        }
        polled
    }

    fn stop(&mut self, why: Reason) {
        self.stream.stop(why);
    }
}

impl Sink<RequestHead> for Exchange {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        let polled = match self.poll_handed(cx) {
            Poll::Ready(()) => self.stream.poll_room(cx),
            Poll::Pending => Poll::Pending,
        };
        match &polled {
            Poll::Pending => self.write.begin(),
            Poll::Ready(_) => {
                self.write.credit(std::mem::take(&mut self.pushed));
                self.write.pause();
            }
        }
        polled
    }

    fn push(&mut self, part: Part<RequestHead>) -> Result<(), StreamError> {
        match &part {
            Part::Head(head, _) if is_grpc(head) => self.wait_so(&Waits { min_rate: Some(None), ..Waits::default() }),
            Part::Data(octets, _) => {
                self.pushed += octets.len() as u64;
                if octets.len() < SMALL {
                    self.handed.add();
                }
            }
            _ => {}
        }
        match part {
            Part::Head(head, Last::Yes) if head.upgrade.is_some() => {
                self.held = Some(head);
                Ok(())
            }
            part => self.stream.push(part),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.stream.poll_flush(cx)
    }

    fn reset(&mut self, why: Reason) {
        self.stream.reset(why);
    }
}
