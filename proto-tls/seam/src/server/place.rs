//! Places: how many handshakes compute at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::session::BoxFuture;

/// A handshake that holds a place while its library computes, and none while it waits for its peer: however many peers keep silent, before
/// their ClientHello or after it, others find a place.
///
/// Cancel: the place is free, and the handshake is lost.
pub(super) struct InPlace<T> {
    places: Arc<Semaphore>,
    waiting: Option<BoxFuture<'static, Result<OwnedSemaphorePermit, AcquireError>>>,
    handshake: BoxFuture<'static, T>,
}

impl<T> InPlace<T> {
    pub(super) fn new(places: Arc<Semaphore>, handshake: BoxFuture<'static, T>) -> Self {
        Self { places, waiting: None, handshake }
    }

    /// The next place in order of arrival. They are never closed, so that waiting does not fail.
    fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Option<OwnedSemaphorePermit>> {
        if self.waiting.is_none() {
            if let Ok(place) = self.places.clone().try_acquire_owned() {
                return Poll::Ready(Some(place));
            }
            self.waiting = Some(Box::pin(self.places.clone().acquire_owned()));
        }
        let Some(waiting) = &mut self.waiting else { return Poll::Ready(None) };
        let place = ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        Poll::Ready(place.ok())
    }
}

impl<T> Future for InPlace<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let _place = ready!(self.poll_place(cx));
        self.handshake.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests;
