//! The byte stream of a shared connection, and what is noted of what passes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use simplon_proto_http::h2::Unread;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::farewell::Farewell;
use super::screen::{FRAME_HEADER, Passed, Screen};
use super::toll::Toll;
use crate::http::field_blocks::BadFields;
use crate::http::ledger::Permit;
use crate::http::multiplex::Frames;
use crate::http::passes::{Handed, Passes};
use crate::http::unread::{Backlog, MOST_SMALL_DATA};
use crate::net::Stream;

/// What the origin said first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Greeting {
    /// Not enough to know.
    None,
    /// A SETTINGS frame (RFC 9113 §3.4): it speaks HTTP/2.
    Settings,
    /// Another frame, or SETTINGS that may not come first: it speaks HTTP/2, and breaks its rules.
    Broken,
    /// Anything else: it does not.
    Other,
}

/// What passed, for those who share the connection.
#[derive(Debug)]
pub(in crate::http) struct Facts {
    read: AtomicU64,
    written: AtomicU64,
    greeting: AtomicU8,
    /// Exchanges that run.
    running: AtomicUsize,
    /// Exchanges that were begun, ever.
    begun: AtomicU32,
    /// Whether the origin sent too much of nothing.
    flooded: AtomicBool,
    /// Whether the socket takes no more octets.
    unwritable: AtomicBool,
    /// The highest stream whose head began to leave.
    opened: AtomicU32,
    /// Those who cannot ask before they know what the origin allows.
    curious: Mutex<Option<Vec<Waker>>>,
    /// Streams whose trailer section is malformed.
    bad_fields: BadFields,
    /// Responses whose content may wait to be read, and small frames of it that came since the driver looked.
    unread: Mutex<Backlog>,
    small_data: AtomicU32,
    /// Whether the socket takes nothing for now, and who waits until small pieces were written.
    stuck: AtomicBool,
    passes: Mutex<Passes>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
            greeting: AtomicU8::new(0),
            running: AtomicUsize::new(0),
            begun: AtomicU32::new(0),
            flooded: AtomicBool::new(false),
            unwritable: AtomicBool::new(false),
            opened: AtomicU32::new(0),
            curious: Mutex::new(Some(Vec::new())),
            bad_fields: BadFields::default(),
            unread: Mutex::default(),
            small_data: AtomicU32::new(0),
            stuck: AtomicBool::new(false),
            passes: Mutex::default(),
        }
    }
}

impl Facts {
    /// Octets that came, ever.
    pub(in crate::http) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Octets that the socket took, ever.
    pub(in crate::http) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Some more octets left.
    pub(super) fn wrote(&self, n: usize) {
        self.written.fetch_add(n as u64, Ordering::Release);
    }

    /// One more exchange, if there are fewer than `most`: how many had been begun before.
    pub(super) fn begin(&self, most: usize) -> Option<u32> {
        let more = |running: usize| (running < most).then_some(running + 1);
        self.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(self.begun.fetch_add(1, Ordering::Relaxed))
    }

    /// One exchange less.
    pub(super) fn end(&self) {
        if self.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            super::lock(&self.unread).forget_gone();
        }
    }

    /// Exchanges that run.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }

    /// Exchanges that were begun, ever.
    pub(super) fn begun(&self) -> u32 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Whether the head of this stream began to leave.
    pub(in crate::http) fn has_opened(&self, stream: u32) -> bool {
        stream <= self.opened.load(Ordering::Acquire)
    }

    /// Whether the trailer section of this stream is malformed; asked once.
    pub(in crate::http) fn has_bad_fields(&self, stream: u32) -> bool {
        self.bad_fields.take(stream)
    }

    /// A response has content.
    pub(in crate::http) fn has_content(&self, unread: Unread) {
        super::lock(&self.unread).add(unread);
    }

    /// By the driver, once the crate had nothing more to do.
    pub(super) fn pass(&self) {
        if !self.stuck.load(Ordering::Relaxed) {
            super::lock(&self.passes).pass();
        }
    }

    /// By a stream that has handed over many small pieces: ready once they were written.
    pub(in crate::http) fn poll_pass(&self, handed: &mut Handed, cx: &Context<'_>) -> Poll<()> {
        super::lock(&self.passes).poll(handed, cx)
    }

    /// Whether nothing is read before the driver has looked at what came.
    fn is_paused(&self) -> bool {
        self.small_data.load(Ordering::Relaxed) >= MOST_SMALL_DATA
    }

    /// By the driver, when there was nothing to read. Where that is so because much of it was small, what waits is copied together, and there may
    /// be more.
    pub(super) fn read_on(&self) -> bool {
        let is_paused = self.is_paused();
        if is_paused {
            super::lock(&self.unread).compact();
            self.small_data.store(0, Ordering::Relaxed);
        }
        is_paused
    }

    /// Whether the origin sent too much of nothing.
    pub(super) fn is_flooded(&self) -> bool {
        self.flooded.load(Ordering::Relaxed)
    }

    /// Whether the socket takes no more octets: what the origin said before is still being read.
    pub(super) fn is_unwritable(&self) -> bool {
        self.unwritable.load(Ordering::Acquire)
    }

    /// Ready once the origin's settings are known.
    pub(in crate::http) fn poll_settings(&self, cx: &Context<'_>) -> Poll<()> {
        match &mut *super::lock(&self.curious) {
            Some(curious) => curious.push(cx.waker().clone()),
            None => return Poll::Ready(()),
        }
        Poll::Pending
    }

    /// They are known, or there will be none.
    pub(super) fn settle(&self) {
        super::lock(&self.passes).pass();
        let curious = super::lock(&self.curious).take();
        curious.into_iter().flatten().for_each(Waker::wake);
    }

    pub(in crate::http) fn greeting(&self) -> Greeting {
        match self.greeting.load(Ordering::Acquire) {
            SETTINGS => Greeting::Settings,
            BROKEN => Greeting::Broken,
            OTHER => Greeting::Other,
            _ => Greeting::None,
        }
    }
}

const SETTINGS: u8 = 1;
const OTHER: u8 = 2;
const BROKEN: u8 = 3;
/// The first octet of a frame no longer than every end takes (RFC 9113 §4.2), and the kinds that frames of HTTP/2 have.
const SHORT: u8 = 0;
const KINDS: std::ops::RangeInclusive<u8> = 0..=9;
/// A byte stream that is counted, and whose frames are looked at.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Stream,
    facts: Arc<Facts>,
    first: [u8; FRAME_HEADER],
    seen: usize,
    screen: Screen,
    sent: Frames,
    toll: Toll,
    farewell: Option<Farewell>,
    /// Given back after the connection is closed.
    permit: Option<Permit>,
    /// Octets of a header that is not whole yet: the crate sees headers whole, so that one that is wrong need not reach it.
    held: [u8; FRAME_HEADER],
    holds: usize,
}

impl Watched {
    pub(super) fn new(stream: Stream, facts: Arc<Facts>, toll: Toll) -> Self {
        let (screen, sent) = (Screen::new(), Frames::of_ours());
        Self {
            stream,
            facts,
            first: [0; FRAME_HEADER],
            seen: 0,
            screen,
            sent,
            toll,
            farewell: None,
            permit: None,
            held: [0; FRAME_HEADER],
            holds: 0,
        }
    }

    /// The same, as one of those that may be open.
    pub(super) fn counted(mut self, permit: Permit) -> Self {
        self.permit = Some(permit);
        self
    }

    fn note(&mut self, octets: &[u8]) {
        self.facts.read.fetch_add(octets.len() as u64, Ordering::Relaxed);
        if self.seen == FRAME_HEADER {
            return;
        }
        let n = octets.len().min(FRAME_HEADER - self.seen);
        self.first[self.seen..self.seen + n].copy_from_slice(&octets[..n]);
        self.seen += n;
        let is_settings = matches!(self.first, [_, _, _, 4, flags, 0, 0, 0, 0] if flags & 1 == 0);
        // Four octets are enough to tell text, or an alert of TLS, from a frame.
        let [length, _, _, kind, ..] = self.first;
        let is_frame = kind == 4 || (length == SHORT && KINDS.contains(&kind));
        let said = match self.seen {
            FRAME_HEADER if is_settings => SETTINGS,
            4.. if !is_frame => OTHER,
            FRAME_HEADER => BROKEN,
            _ => return,
        };
        self.facts.greeting.store(said, Ordering::Release);
    }
}

impl Watched {
    /// What was held back, and what comes behind it. Nothing is the end.
    fn poll_octets(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if buffer.remaining() <= self.holds {
            // Without room for more it goes on its way as it came.
            let n = buffer.remaining();
            buffer.put_slice(&self.held[..n]);
            self.held.rotate_left(n);
            self.holds -= n;
            return Poll::Ready(Ok(()));
        }
        buffer.put_slice(&self.held[..self.holds]);
        let held = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() == held {
            // Pending, or the end: what began is none.
            buffer.set_filled(before);
            return polled;
        }
        self.holds = 0;
        self.note(&buffer.filled()[held..]);
        polled
    }

    /// Holds the beginning of a header back.
    fn hold(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        let filled = buffer.filled().len();
        let whole = filled - self.screen.hold(filled - before);
        let held = &buffer.filled()[whole..];
        self.holds = held.len();
        self.held[..held.len()].copy_from_slice(held);
        buffer.set_filled(whole);
    }

    /// Whole frames and parts of payloads; nothing if only a part of a header came.
    fn poll_passed(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<Came>> {
        let (before, is_tight) = (buffer.filled().len(), buffer.remaining() <= FRAME_HEADER);
        let outcome = ready!(self.poll_octets(cx, buffer));
        if outcome.is_err() || buffer.filled().len() == before {
            self.screen.ended(buffer);
            return Poll::Ready(if buffer.filled().len() > before {
                Ok(Came::Octets)
            } else {
                outcome.map(|()| Came::End)
            });
        }
        let Passed { seen, whole, misshapen } = self.screen.pass(&mut buffer.filled_mut()[before..]);
        for stream in self.screen.trailers().take_bad() {
            self.facts.bad_fields.add(stream);
        }
        self.facts.small_data.fetch_add(seen.small_data, Ordering::Relaxed);
        if self.toll.is_too_much(seen, &self.facts) {
            self.facts.flooded.store(true, Ordering::Relaxed);
        }
        if let Some((octets, in_head)) = whole.filter(|_| self.facts.is_flooded()) {
            buffer.set_filled(before + octets);
            self.farewell.insert(Farewell::new(in_head)).give(buffer);
        } else if let Some(octets) = misshapen {
            buffer.set_filled(before + octets);
            self.farewell.insert(Farewell::of_size()).give(buffer);
        } else if !is_tight {
            self.hold(buffer, before);
        }
        Poll::Ready(Ok(if buffer.filled().len() > before { Came::Octets } else { Came::Nothing }))
    }
}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Octets,
    Nothing,
    End,
}

impl AsyncRead for Watched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(farewell) = &mut this.farewell {
            farewell.give(buffer);
            return Poll::Ready(Ok(()));
        }
        if this.facts.is_paused() {
            return Poll::Pending;
        }
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        while ready!(this.poll_passed(cx, buffer))? == Came::Nothing {}
        Poll::Ready(Ok(()))
    }
}

impl Watched {
    /// The socket took some of these. Once it failed, all are taken and dropped: the crate would read nothing more, and answers may have come
    /// before (RFC 9113 §8.1). Reading tells that the connection is over.
    fn took(&mut self, slices: &[IoSlice<'_>], outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.facts.stuck.store(outcome.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Err(_) | Ok(0)) = &outcome {
            self.facts.unwritable.store(true, Ordering::Release);
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        if let Poll::Ready(Ok(n)) = &outcome {
            let mut left = *n;
            for slice in slices {
                let octets = &slice[..left.min(slice.len())];
                if self.sent.pass(octets).resets > 0 {
                    self.sent.take_resets().for_each(|stream| self.screen.trailers().forget(stream));
                }
                left -= octets.len();
            }
            self.facts.opened.store(self.sent.stream(), Ordering::Release);
            self.facts.wrote(*n);
        }
        outcome
    }
}

impl AsyncWrite for Watched {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.facts.is_unwritable() {
            return Poll::Ready(Ok(octets.len()));
        }
        let outcome = Pin::new(&mut this.stream).poll_write(cx, octets);
        this.took(&[IoSlice::new(octets)], outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.facts.is_unwritable() {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.took(slices, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.facts.is_unwritable() && ready!(Pin::new(&mut this.stream).poll_flush(cx)).is_err() {
            this.facts.unwritable.store(true, Ordering::Release);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
