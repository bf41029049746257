//! One request with its response on a stream of HTTP/2: the stream joined to the clock.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Extensions;
use simplon_proto_http::h2::ServerStream;
use simplon_proto_http::head::{RequestHead, ResponseHead};
use simplon_proto_http::rules::Rule;
use simplon_proto_http::transfer::{Last, Part, Reason, Sink, Source, StreamError, Wait};
use simplon_timeout::Timer;
use tokio::time::Instant;

use super::{Ended, wait_until};
use crate::http::allowance::Allowance;
use crate::http::field_blocks::BadFields;
use crate::http::multiplex::{Deliveries, HeadOctets, Heads, Wire};
use crate::http::passes::{Handed, SMALL};
use crate::http::timeouts::Timeouts;
use crate::http::uptake::Uptake;
use crate::http::waits::{Waits, is_grpc};
use crate::net::ConnInfo;
use crate::wire::H2;

/// How long a driver is given to write what it was handed before the stream is reset. It is awake by then, and needs some microseconds.
const WRITING: Duration = Duration::from_millis(1);

/// What the exchanges of one connection share.
#[derive(Debug)]
pub(in crate::http) struct Shared {
    pub(in crate::http) info: Arc<ConnInfo>,
    pub(in crate::http) timeouts: Arc<Timeouts>,
    pub(in crate::http) state: Mutex<Extensions>,
    pub(in crate::http) bad_fields: Arc<BadFields>,
    pub(in crate::http) wire: Arc<Wire>,
    pub(in crate::http) deliveries: Deliveries,
    /// How many streams are open.
    pub(in crate::http) open: AtomicU32,
    pub(in crate::http) heads: Heads,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Extensions> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a connection wants to know of a stream that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http) struct Ending {
    /// The request broke a rule.
    pub(in crate::http) is_malformed: bool,
    /// The client took the response too slowly, or not at all.
    pub(in crate::http) is_stalled: bool,
    /// How long the connection rests once there are no streams any more, if this one said so.
    pub(in crate::http) keep_alive: Option<Duration>,
}

/// A stream of HTTP/2 with the two deadlines of what is being waited for.
#[derive(Debug)]
pub(in crate::http) struct Exchange {
    stream: ServerStream,
    timer: Timer,
    lent: Timer,
    connection: Arc<Shared>,
    state: Extensions,
    served: u32,
    read: Allowance,
    write: Uptake,
    /// What the client had granted when the write wait was looked at last.
    granted: u64,
    failed: Option<StreamError>,
    ending: Ending,
    head: HeadOctets,
    handed: Handed,
    waits: Option<Box<Waits>>,
    is_grpc: bool,
}

impl Exchange {
    pub(super) fn new(stream: ServerStream, connection: Arc<Shared>, served: u32, head: HeadOctets) -> Self {
        let timeouts = &connection.timeouts;
        let read = Allowance::new(timeouts.body, timeouts.body_min_rate);
        let write = Uptake::new(timeouts.write, timeouts.write_min_rate);
        let state = connection.state().clone();
        Self {
            stream,
            timer: Timer::new(),
            lent: Timer::new(),
            state,
            served,
            read,
            write,
            granted: 0,
            failed: None,
            ending: Ending::default(),
            head,
            handed: Handed::default(),
            waits: None,
            is_grpc: false,
            connection,
        }
    }

    pub(super) fn info(&self) -> &Arc<ConnInfo> {
        &self.connection.info
    }

    pub(super) fn let_head_go(&mut self) {
        self.connection.heads.let_go(&mut self.head);
    }

    pub(super) fn own_waits(&self) -> Option<&Waits> {
        self.waits.as_deref()
    }

    pub(super) fn wait_so(&mut self, waits: Waits) {
        self.read.change(waits.read, waits.min_rate);
        self.write.change(waits.write, waits.min_rate);
        self.ending.keep_alive = waits.keep_alive;
        self.waits = Some(Box::new(waits));
    }

    pub(super) fn lent(&mut self) -> &mut Timer {
        &mut self.lent
    }

    pub(super) fn remaining(&self) -> Option<u64> {
        self.stream.remaining()
    }

    pub(super) fn awaits_client(&self) -> bool {
        self.read.by().is_some() || self.write.by().is_some()
    }

    #[cfg(feature = "tower")]
    pub(super) fn stop_waiting(&mut self) {
        self.read.restart();
    }

    pub(super) fn connection_state(&mut self) -> &mut Extensions {
        &mut self.state
    }

    pub(super) fn served(&self) -> u32 {
        self.served
    }

    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.connection.timeouts
    }

    /// The other streams go on.
    pub(super) const fn close_after(&self) {}

    pub(super) fn awaits_continue(&self) -> bool {
        self.stream.awaits_continue()
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.stream.is_tunnel()
    }

    pub(super) fn is_read(&self) -> bool {
        self.stream.is_read()
    }

    pub(super) fn is_written(&self) -> bool {
        self.stream.is_written()
    }

    pub(super) fn has_begun(&self) -> bool {
        self.stream.has_begun()
    }

    pub(super) fn ending(&self) -> Ending {
        self.ending
    }

    pub(super) fn poll_deadline(&mut self, cx: &mut Context<'_>, also: Option<Instant>) -> Poll<Instant> {
        let own = match (self.read.by(), self.write.by()) {
            (Some(read), Some(write)) => Some(read.min(write)),
            (read, write) => read.or(write),
        };
        wait_until(&mut self.timer, cx, own, also)
    }

    pub(super) fn expire(&mut self, now: Instant) -> Option<StreamError> {
        let wait = if self.is_write_over(now) {
            Wait::Write
        } else if self.read.is_over(now) {
            Wait::Body
        } else {
            return None;
        };
        Some(self.fail(StreamError::Timeout(wait)))
    }

    /// While the socket takes nothing, no window is to blame: what the client acknowledges is shared by the streams.
    fn is_write_over(&mut self, now: Instant) -> bool {
        let Self { write, connection, .. } = self;
        write.is_share_over(now, connection.open.load(Ordering::Relaxed), || {
            connection.wire.state().acknowledged_while_stuck()
        })
    }

    fn fail(&mut self, error: StreamError) -> StreamError {
        // What the h2 crate resets by itself it counts by itself.
        self.ending.is_malformed |= matches!(error, StreamError::Malformed(rule) if rule != Rule::StreamBroken);
        self.ending.is_stalled |= error == StreamError::Timeout(Wait::Write);
        self.failed = Some(error);
        self.read.restart();
        self.write.restart();
        error
    }

    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<StreamError> {
        let gone = self.stream.poll_gone(cx);
        self.ending.is_malformed |= matches!(gone, Poll::Ready(StreamError::Malformed(_)));
        gone
    }

    pub(super) fn reset_with(&mut self, code: H2) {
        self.stream.reset_with(code.0.into());
    }

    /// Lets the driver write what it was handed: a reset would take back what it did not.
    pub(super) async fn written(&self) {
        tokio::time::sleep(WRITING).await;
    }

    /// A response that is complete is waited for until the client has granted a window for all of it. One that is not is cut.
    pub(super) async fn finish(&mut self) -> Ended {
        if !self.stream.is_written() {
            self.stream.reset(Reason::Internal);
        } else if let Err(error) = poll_fn(|cx| self.poll_flush(cx)).await {
            self.stream.reset(if matches!(error, StreamError::Timeout(_)) {
                Reason::Timeout
            } else {
                Reason::Internal
            });
        }
        if !self.state.is_empty() {
            self.connection.state().extend(std::mem::take(&mut self.state));
        }
        Ended::Close
    }

    #[inline]
    pub(super) fn ends_soon(&self) -> bool {
        self.connection.deliveries.is_leaving()
    }

    /// Ready once the client has acknowledged the response, on a connection that ends.
    pub(super) async fn delivered(&mut self) -> Result<(), StreamError> {
        if self.is_tunnel() {
            return Ok(());
        }
        poll_fn(|cx| self.poll_flush(cx)).await?;
        let Some(ticket) = self.connection.deliveries.enter() else { return Ok(()) };
        poll_fn(|cx| self.connection.deliveries.poll(ticket, cx)).await.map_err(|_| StreamError::Reset)
    }

    fn poll_own_deadline(&mut self, cx: &mut Context<'_>) -> Poll<StreamError> {
        loop {
            match self.poll_deadline(cx, None) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(now) => {
                    if let Some(error) = self.expire(now) {
                        return Poll::Ready(error);
                    }
                }
            }
        }
    }

    fn poll_hand_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let is_small = matches!(self.stream.waiting(), 1..SMALL);
        if is_small && self.handed.is_many() {
            let polled = self.connection.wire.state().passes.poll(&mut self.handed, cx);
            if polled.is_pending() {
                return self.stream.poll_gone(cx).map(Err);
            }
        }
        let flushed = self.stream.poll_flush(cx);
        if is_small && flushed.is_ready() {
            self.handed.add();
        }
        flushed
    }

    /// What the client took since is worth some time.
    fn poll_handed_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let flushed = self.poll_hand_over(cx);
        let granted = self.stream.handed_over();
        if granted > self.granted {
            self.write.took(granted - self.granted);
            self.granted = granted;
        }
        match flushed {
            Poll::Pending => {
                let wire = &self.connection.wire;
                self.write.begin(|| wire.state().stream.unacknowledged().is_some());
                self.poll_own_deadline(cx).map(Err)
            }
            Poll::Ready(Ok(())) => {
                self.write.pause();
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.fail(error))),
        }
    }

    /// The two ends of a call of gRPC talk as they like, and a client that is gone does not answer a PING. All others owe their content.
    fn is_content_due(&self) -> bool {
        self.stream.is_mid_content() && !self.is_grpc
    }
}

/// A stream whose task is gone before its response was complete: the client sees that it was not its fault.
impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.stream.is_written() {
            self.stream.reset(Reason::Internal);
        }
        self.connection.bad_fields.take(self.stream.id());
        self.connection.heads.give_back(self.head);
    }
}

impl Source<RequestHead> for Exchange {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<RequestHead>>, StreamError>> {
        if let Some(error) = self.failed {
            return Poll::Ready(Err(error));
        }
        match self.stream.poll_part(cx) {
            Poll::Ready(Ok(part)) => {
                let is_last = part.as_ref().is_some_and(|part| part.last() == Last::Yes);
                if is_last && self.connection.bad_fields.take(self.stream.id()) {
                    return Poll::Ready(Err(self.fail(StreamError::Malformed(Rule::PseudoMisplaced))));
                }
                if let Some(Part::Data(octets, _)) = &part {
                    self.read.credit(octets.len() as u64);
                }
                if let Some(Part::Head(head, _)) = &part
                    && is_grpc(head)
                {
                    self.is_grpc = true;
                    self.write.change(None, Some(None));
                }
                self.read.pause();
                return Poll::Ready(Ok(part));
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Err(self.fail(error))),
            Poll::Pending => {}
        }
        if self.stream.waiting() > 0
            && let Poll::Ready(Err(error)) = self.poll_handed_over(cx)
        {
            return Poll::Ready(Err(error));
        }
        if self.is_content_due() {
            self.read.begin()
        } else {
            self.read.restart()
        }
        self.poll_own_deadline(cx).map(Err)
    }

    fn stop(&mut self, why: Reason) {
        self.stream.stop(why);
    }
}

impl Sink<ResponseHead> for Exchange {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        match self.poll_handed_over(cx) {
            Poll::Ready(Ok(())) => self.stream.poll_room(cx),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn push(&mut self, part: Part<ResponseHead>) -> Result<(), StreamError> {
        self.stream.push(part)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.poll_handed_over(cx)
    }

    fn reset(&mut self, why: Reason) {
        self.stream.reset(why);
    }
}
