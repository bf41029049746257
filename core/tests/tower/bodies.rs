//! Bodies that a test gives piece by piece, and ways to read one.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What is said into a [`Told`] body.
pub(crate) type Teller = UnboundedSender<Result<Frame<Bytes>, &'static str>>;

/// Gives what its teller says, and ends with it.
pub(crate) struct Told {
    told: UnboundedReceiver<Result<Frame<Bytes>, &'static str>>,
    hint: SizeHint,
    is_over: bool,
    _alive: Arc<()>,
}

/// A body, who tells it, and whether the body is still there.
pub(crate) fn told() -> (Teller, Told, Watch) {
    let (teller, told) = unbounded_channel();
    let alive = Arc::new(());
    let watch = Watch(Arc::clone(&alive));
    (teller, Told { told, hint: SizeHint::default(), is_over: false, _alive: alive }, watch)
}

/// The same, all said already.
pub(crate) fn saying(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Told {
    let (teller, body, _) = told();
    frames.into_iter().for_each(|frame| teller.send(Ok(frame)).unwrap());
    body
}

pub(crate) fn data(octets: &str) -> Frame<Bytes> {
    Frame::data(octets.to_owned().into())
}

pub(crate) fn trailers(name: &'static str, value: &'static str) -> Frame<Bytes> {
    Frame::trailers(HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]))
}

impl Told {
    /// Says beforehand that nothing comes.
    pub(crate) fn over(mut self) -> Self {
        self.is_over = true;
        self
    }

    pub(crate) fn of_length(mut self, octets: u64) -> Self {
        self.hint = SizeHint::with_exact(octets);
        self
    }
}

impl Body for Told {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        self.told.poll_recv(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// Whether something is still held by somebody else.
pub(crate) struct Watch(Arc<()>);

impl Watch {
    pub(crate) fn new() -> (Self, Arc<()>) {
        let alive = Arc::new(());
        (Self(Arc::clone(&alive)), alive)
    }

    pub(crate) fn is_dropped(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

/// Endless content in pieces of 16 KiB; counts what was taken of it.
#[derive(Clone, Default)]
pub(crate) struct Endless(Arc<AtomicUsize>);

impl Endless {
    pub(crate) fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Body for Endless {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        self.0.fetch_add(16 << 10, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 16 << 10])))))
    }
}

/// The next frame.
pub(crate) async fn next<B: Body + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

/// All of it, and its trailers.
pub(crate) async fn all<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> Result<(String, Option<HeaderMap>), B::Error> {
    let (mut octets, mut trailers) = (Vec::new(), None);
    while let Some(frame) = next(body).await {
        match frame?.into_data() {
            Ok(data) => octets.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    Ok((String::from_utf8(octets).unwrap(), trailers))
}
