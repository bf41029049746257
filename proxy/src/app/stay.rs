//! What is done for a client while neither leg is read: it is given up when the client leaves.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use simplon_core::http::Exchange;
use simplon_core::{Error, Kind, Result};
use simplon_proto_http::StreamError;

use crate::flow::Gone;

/// Waits for `work`, or for the client to leave, whether or not all of its request was read.
///
/// # Errors
/// The client left; the work was dropped.
pub(super) async fn while_client_stays<T>(
    exchange: &mut Exchange,
    gone: Gone,
    work: impl Future<Output = T>,
) -> Result<T> {
    let mut work = pin!(work);
    let mut watch = exchange.can_be_watched();
    poll_fn(|cx| {
        if let Poll::Ready(output) = work.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        if watch && let Poll::Ready(error) = exchange.poll_gone(cx) {
            if (gone, error) != (Gone::Finish, StreamError::Closed) {
                return Poll::Ready(Err(Error::downstream(Kind::from(error))));
            }
            watch = false;
        }
        Poll::Pending
    })
    .await
}
