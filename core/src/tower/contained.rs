//! What others wrote, and its destructor.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// Something of somebody else's, whose destructor may panic: that harms neither an answer that is complete, nor, while another panic
    /// unwinds, the process.
    pub(super) struct Contained<T> {
        // Always there, until the end.
        #[pin]
        inner: Option<T>,
    }

    impl<T> PinnedDrop for Contained<T> {
        fn drop(this: Pin<&mut Self>) {
            let mut inner = this.project().inner;
            if catch_unwind(AssertUnwindSafe(|| inner.set(None))).is_err() {
                tracing::error!("the destructor of a service's future or body panicked");
            }
        }
    }
}

impl<T> Contained<T> {
    pub(super) const fn new(inner: T) -> Self {
        Self { inner: Some(inner) }
    }
}

impl<F: Future> Future for Contained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().inner.as_pin_mut().map_or(Poll::Pending, |future| future.poll(cx))
    }
}

impl<B: Body> Body for Contained<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().inner.as_pin_mut().map_or(Poll::Ready(None), |body| body.poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}
