//! A response as filters see it.

use std::ops::{Deref, DerefMut};
use std::task::{Context, Poll};

use bytes::Bytes;
use simplon_core::http::{Exchange, Upstream};
use simplon_core::{Error, Result};
use simplon_proto_http::ResponseHead;
use simplon_proto_http::transfer::{Part, Sink, Source, StreamError};

use super::content::{Collected, Content};
use crate::fix;

/// A response on its way to the client: its head (to which it derefs) and its content.
#[derive(Debug)]
pub struct ResponseView<'a> {
    pub(crate) head: &'a mut ResponseHead,
    pub(crate) content: &'a mut Content,
    pub(crate) exchange: &'a mut Exchange,
    /// `None` for a response made here.
    pub(crate) upstream: Option<&'a mut Upstream>,
}

impl ResponseView<'_> {
    /// Reads the first octets of the content, without taking them away: at least `limit` unless there are fewer, and at most `limit` are given.
    ///
    /// A request that is still being uploaded waits meanwhile. Cancel: nothing is lost.
    ///
    /// # Errors
    /// The content cannot be read.
    pub async fn peek(&mut self, limit: usize) -> Result<Bytes> {
        self.fill(limit).await?;
        Ok(self.content.prefix(limit))
    }

    /// Reads the whole content, without taking it away, if it is at most `limit` octets.
    ///
    /// A request that is still being uploaded waits meanwhile. Cancel: nothing is lost.
    ///
    /// # Errors
    /// The content cannot be read.
    pub async fn collect(&mut self, limit: usize) -> Result<Collected> {
        self.fill(limit.saturating_add(1)).await?;
        Ok(self.content.collected(limit))
    }

    async fn fill(&mut self, octets: usize) -> Result<()> {
        let Some(upstream) = self.upstream.as_deref_mut() else { return Ok(()) };
        let exchange = &mut *self.exchange;
        self.content.fill(octets, |cx| poll_timed(upstream, exchange, cx)).await.map_err(Error::upstream)
    }

    /// Puts other content in place of what the origin sent and may still send. Length and framing follow by themselves.
    pub fn replace(&mut self, content: impl Into<Bytes>) {
        let content = content.into();
        fix::length(&mut self.head.fields, content.len() as u64);
        self.content.replace(content);
    }

    /// Says that `response_part` hooks may change how much content there is: it is sent without an announced length.
    pub fn rewrite(&mut self) {
        fix::unknown_length(&mut self.head.fields);
    }
}

/// A part from the origin, or its wait running out.
fn poll_timed(
    upstream: &mut Upstream,
    exchange: &mut Exchange,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Part<ResponseHead>>, StreamError>> {
    if let ready @ Poll::Ready(_) = upstream.poll_part(cx) {
        return ready;
    }
    // An origin that takes no more of the request may have answered all the same: reading tells.
    let _ = upstream.poll_flush(cx);
    while let Poll::Ready(now) = exchange.poll_deadline(cx, upstream.deadline()) {
        if let Some(error) = upstream.expire(now).or_else(|| exchange.expire(now)) {
            return Poll::Ready(Err(error));
        }
    }
    Poll::Pending
}

impl Deref for ResponseView<'_> {
    type Target = ResponseHead;

    fn deref(&self) -> &ResponseHead {
        self.head
    }
}

impl DerefMut for ResponseView<'_> {
    fn deref_mut(&mut self) -> &mut ResponseHead {
        self.head
    }
}
