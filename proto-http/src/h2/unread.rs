//! What came on a stream and was not read yet.
//!
//! The `h2` crate keeps each frame of DATA as a view of what was read from the socket, so that a small one which nobody reads keeps a buffer that
//! held much else: a window of some hundred KiB pins many MiB. Who drives a connection therefore has what is not read copied together now and
//! then ([`Unread::compact`]). It stays within its window as before: credit is given back when it is read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::{RecvStream, StreamId};

use super::trailers;
use crate::fields::Fields;
use crate::h1::Config;
use crate::pieces;
use crate::rules::Rule;

/// Frames of DATA with fewer octets hold no message of gRPC, which has five before it.
const CRUMB: usize = 5;

/// The reading end of a stream.
#[derive(Debug)]
pub(super) struct Inbox {
    stream: StreamId,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    recv: RecvStream,
    /// What was copied out of the crate, which is before what it still has.
    kept: VecDeque<Bytes>,
    /// How many frames too small for any message are among it.
    crumbs: u32,
    trailers: Option<Result<Fields, Rule>>,
    config: Arc<Config>,
    /// Who waits for more.
    reader: Option<Waker>,
}

/// What came on a stream and was not read yet, for whoever drives the connection.
#[derive(Clone, Debug)]
pub struct Unread(Weak<Mutex<State>>);

impl Unread {
    /// Copies what the crate holds of the stream, so that it takes at most twice as much memory as it has octets. Gives how many frames of fewer than
    /// five octets are not read, also of those copied before; `None` once nobody will read it any more.
    ///
    /// Cost:    each octet is copied once, however often this is called; nothing where nothing waits.
    pub fn compact(&self) -> Option<u32> {
        let state = self.0.upgrade()?;
        let mut state = lock(&state);
        state.compact();
        Some(state.crumbs)
    }

    /// Whether nobody will read it any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl Inbox {
    pub(super) fn new(recv: RecvStream, config: &Arc<Config>) -> Self {
        let stream = recv.stream_id();
        let config = Arc::clone(config);
        let state = State { recv, kept: VecDeque::new(), crumbs: 0, trailers: None, config, reader: None };
        Self { stream, state: Arc::new(Mutex::new(state)) }
    }

    pub(super) fn unread(&self) -> Unread {
        Unread(Arc::downgrade(&self.state))
    }

    pub(super) const fn stream_id(&self) -> StreamId {
        self.stream
    }

    /// The next octets; `None` once trailers or the end are next. The client's credit is not renewed.
    pub(super) fn poll_data(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, h2::Error>>> {
        let mut state = lock(&self.state);
        if let Some(octets) = state.kept.pop_front() {
            if state.kept.is_empty() {
                state.crumbs = 0;
            }
            return Poll::Ready(Some(Ok(octets)));
        }
        if state.trailers.is_some() {
            return Poll::Ready(None);
        }
        let polled = state.recv.poll_data(cx);
        if polled.is_pending() {
            state.waits(cx);
        }
        // It may wait elsewhere for whoever is to take it.
        polled.map_ok(pieces::own)
    }

    /// Why the stream was reset, if that is known.
    pub(super) fn poll_error(&self, cx: &mut Context<'_>) -> Option<h2::Error> {
        match lock(&self.state).recv.poll_data(cx) {
            Poll::Ready(Some(Err(error))) => Some(error),
            _ => None,
        }
    }

    /// The trailer section, once all octets were read.
    pub(super) fn poll_trailers(&self, cx: &mut Context<'_>) -> Poll<Result<Option<Result<Fields, Rule>>, h2::Error>> {
        let mut state = lock(&self.state);
        if let Some(trailers) = state.trailers.take() {
            return Poll::Ready(Ok(Some(trailers)));
        }
        let polled = state.recv.poll_trailers(cx);
        if polled.is_pending() {
            state.waits(cx);
        }
        polled.map_ok(|map| map.map(|map| trailers::received(&map, &state.config)))
    }

    /// So many octets were read: as many may come again.
    pub(super) fn release(&self, octets: usize) {
        // Fails only for octets that did not come.
        let _ = lock(&self.state).recv.flow_control().release_capacity(octets);
    }

    /// Whether nothing follows.
    pub(super) fn is_end_stream(&self) -> bool {
        let state = lock(&self.state);
        state.kept.is_empty() && state.trailers.is_none() && state.recv.is_end_stream()
    }
}

impl State {
    fn waits(&mut self, cx: &Context<'_>) {
        match &mut self.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            None => self.reader = Some(cx.waker().clone()),
        }
    }

    /// The crate wakes whoever asked last, so it is asked in the reader's name.
    fn compact(&mut self) {
        if self.trailers.is_some() {
            return;
        }
        let reader = self.reader.clone();
        let mut cx = Context::from_waker(reader.as_ref().unwrap_or(Waker::noop()));
        loop {
            match self.recv.poll_data(&mut cx) {
                Poll::Ready(Some(Ok(octets))) => {
                    self.crumbs += u32::from(octets.len() < CRUMB);
                    if let Some(octets) = pieces::keep(self.kept.back_mut(), octets) {
                        self.kept.push_back(octets);
                    }
                }
                Poll::Ready(None) => break,
                // What failed will fail again for its reader.
                Poll::Ready(Some(Err(_))) | Poll::Pending => return,
            }
        }
        if let Poll::Ready(Ok(Some(map))) = self.recv.poll_trailers(&mut cx) {
            self.trailers = Some(trailers::received(&map, &self.config));
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
