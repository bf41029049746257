//! The content of a request on its way from the exchange that is served to the service that answers it.
//!
//! The service owns its end and may take it anywhere; the exchange stays with the task that serves it. Between them lies one part at most, which
//! is read only when it is asked for: so a service that does not read holds its client back, and one that never asks never makes a client that
//! waits for 100 (Continue) go on.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use simplon_proto_http::transfer::{Last, Part, Source};

use crate::error::{Error, Kind, Result};
use crate::http::Exchange;

/// What lies between the two ends.
#[derive(Debug, Default)]
enum Slot {
    /// Nothing, and nobody asks.
    #[default]
    Idle,
    /// The service waits for a part.
    Asked,
    /// A part that was not taken yet; `None` is the end without one.
    Given(Option<Frame<Bytes>>, Last),
    /// All was taken.
    Over,
    /// The request cannot be read on.
    Failed(Error),
    /// The service does not read on.
    Left,
}

#[derive(Debug, Default)]
struct Shared {
    slot: Slot,
    /// Who waits for a part.
    body: Option<Waker>,
    /// Who waits to be asked.
    feed: Option<Waker>,
}

type Ends = Arc<Mutex<Shared>>;

fn lock(ends: &Ends) -> MutexGuard<'_, Shared> {
    ends.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Both ends for a request whose head was just read; `remaining` is its length, if that is known.
pub(super) fn pair(head: Last, remaining: Option<u64>) -> (Feed, RequestBody) {
    let ends = (head == Last::No).then(Ends::default);
    (Feed(ends.clone()), RequestBody { ends, remaining })
}

/// The end of the exchange.
#[derive(Debug)]
pub(super) struct Feed(Option<Ends>);

/// What came of looking whether a part is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// A part was handed over.
    Part,
    /// One is wanted, and none has come.
    Waiting,
    /// None is wanted.
    Unasked,
}

impl Feed {
    /// The task is awake: no need to wake it while it runs.
    pub(super) fn awake(&self) {
        if let Some(ends) = &self.0 {
            lock(ends).feed = None;
        }
    }

    /// Reads a part if the service asked for one. Otherwise this task is woken when it does.
    ///
    /// # Errors
    /// The request cannot be read on.
    pub(super) fn pass_on(&self, exchange: &mut Exchange, cx: &mut Context<'_>) -> Result<Fed> {
        let Some(ends) = &self.0 else { return Ok(Fed::Unasked) };
        {
            let mut shared = lock(ends);
            if !matches!(shared.slot, Slot::Asked) {
                shared.feed = Some(cx.waker().clone());
                if matches!(shared.slot, Slot::Left) {
                    exchange.stop_waiting();
                }
                return Ok(Fed::Unasked);
            }
        }
        let slot = match exchange.poll_part(cx) {
            Poll::Pending => return Ok(Fed::Waiting),
            Poll::Ready(Ok(part)) => Slot::of(part),
            Poll::Ready(Err(error)) => {
                put(ends, Slot::Failed(Error::downstream(error)), cx.waker());
                return Err(Error::downstream(error));
            }
        };
        put(ends, slot, cx.waker());
        Ok(Fed::Part)
    }
}

impl Slot {
    fn of<H>(part: Option<Part<H>>) -> Self {
        match part {
            Some(Part::Data(octets, last)) => Self::Given((!octets.is_empty()).then(|| Frame::data(octets)), last),
            Some(Part::Trailers(fields)) => Self::Given(Some(Frame::trailers(fields.into())), Last::Yes),
            Some(Part::Head(..)) | None => Self::Over,
        }
    }
}

/// Hands something over, unless nobody is there any more. `running` is about to look by itself.
fn put(ends: &Ends, slot: Slot, running: &Waker) {
    let waiting = {
        let mut shared = lock(ends);
        if matches!(shared.slot, Slot::Left | Slot::Over) {
            return;
        }
        shared.slot = slot;
        shared.body.take()
    };
    if let Some(body) = waiting.filter(|body| !body.will_wake(running)) {
        body.wake();
    }
}

/// The exchange ends, however: what the service still reads is no clean end.
impl Drop for Feed {
    fn drop(&mut self) {
        let Some(ends) = &self.0 else { return };
        let is_open = matches!(lock(ends).slot, Slot::Idle | Slot::Asked | Slot::Given(_, Last::No));
        if is_open {
            put(ends, Slot::Failed(Error::downstream(Kind::Cancelled)), Waker::noop());
        }
    }
}

/// The content of a request, as a service gets it.
///
/// It is read from the client when it is asked for, not before. Dropped before its end, it is not read on; the answer is not hurt by that.
///
/// Errors:  what is wrong with the content; when the exchange ends before it, because the client left or the service has answered without it,
///          [`Kind::Cancelled`].
/// Cancel:  nothing is lost when a poll is not repeated.
#[derive(Debug)]
pub struct RequestBody {
    ends: Option<Ends>,
    remaining: Option<u64>,
}

impl RequestBody {
    /// No content.
    pub const fn empty() -> Self {
        Self { ends: None, remaining: Some(0) }
    }

    fn take(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let Some(ends) = &self.ends else { return Poll::Ready(None) };
        let mut shared = lock(ends);
        let (taken, next) = match std::mem::take(&mut shared.slot) {
            Slot::Idle | Slot::Asked => return ask(shared, cx).map(|never| match never {}),
            Slot::Given(frame, Last::No) => (frame.map(Ok), Slot::Idle),
            Slot::Given(frame, Last::Yes) => (frame.map(Ok), Slot::Over),
            Slot::Failed(error) => (Some(Err(error)), Slot::Over),
            Slot::Over | Slot::Left => (None, Slot::Over),
        };
        let is_over = matches!(next, Slot::Over);
        shared.slot = next;
        drop(shared);
        if is_over {
            self.ends = None;
        }
        match taken {
            // A part without octets that was not the last.
            None if !is_over => self.take(cx),
            taken => Poll::Ready(taken),
        }
    }
}

/// Asks for a part, and is woken when there is one.
fn ask(mut shared: MutexGuard<'_, Shared>, cx: &Context<'_>) -> Poll<Infallible> {
    shared.slot = Slot::Asked;
    shared.body = Some(cx.waker().clone());
    let feed = shared.feed.take();
    drop(shared);
    if let Some(feed) = feed {
        feed.wake();
    }
    Poll::Pending
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let taken = self.take(cx);
        if let (Poll::Ready(Some(Ok(frame))), Some(remaining)) = (&taken, &mut self.remaining) {
            *remaining -= frame.data_ref().map_or(0, |octets| octets.len() as u64).min(*remaining);
        }
        taken
    }

    fn is_end_stream(&self) -> bool {
        self.ends.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let Some(ends) = &self.ends {
            lock(ends).slot = Slot::Left;
        }
    }
}
