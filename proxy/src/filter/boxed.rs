//! Chains of filters put together at run time, from configuration for instance.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use simplon_core::Result;
use simplon_proto_http::{RequestHead, ResponseHead};

use super::{Filter, Verdict};
use crate::chunk::{Chunk, Chunks};
use crate::message::{Request, ResponseView};
use crate::retry::Attempt;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The object-safe face of [`Filter`]. Implemented for every filter; nobody else needs to.
trait DynFilter<Ctx>: Send + Sync {
    fn request<'a>(&'a self, request: &'a mut Request<'_>, cx: &'a mut Ctx) -> Boxed<'a, Result<Verdict>>;
    fn request_part<'a>(&'a self, chunk: Chunk, out: &'a mut Chunks, cx: &'a mut Ctx) -> Boxed<'a, Result<()>>;
    fn upstream_request<'a>(
        &'a self,
        head: &'a mut RequestHead,
        attempt: &'a Attempt<'_>,
        cx: &'a mut Ctx,
    ) -> Boxed<'a, Result<()>>;
    fn upstream_response<'a>(
        &'a self,
        head: &'a mut ResponseHead,
        attempt: &'a Attempt<'_>,
        cx: &'a mut Ctx,
    ) -> Boxed<'a, Result<()>>;
    fn response<'a>(&'a self, response: &'a mut ResponseView<'_>, cx: &'a mut Ctx) -> Boxed<'a, Result<()>>;
    fn response_part<'a>(&'a self, chunk: Chunk, out: &'a mut Chunks, cx: &'a mut Ctx) -> Boxed<'a, Result<()>>;
}

impl<Ctx: Send, F: Filter<Ctx>> DynFilter<Ctx> for F {
    fn request<'a>(&'a self, request: &'a mut Request<'_>, cx: &'a mut Ctx) -> Boxed<'a, Result<Verdict>> {
        Box::pin(Filter::request(self, request, cx))
    }

    fn request_part<'a>(&'a self, chunk: Chunk, out: &'a mut Chunks, cx: &'a mut Ctx) -> Boxed<'a, Result<()>> {
        Box::pin(Filter::request_part(self, chunk, out, cx))
    }

    fn upstream_request<'a>(
        &'a self,
        head: &'a mut RequestHead,
        attempt: &'a Attempt<'_>,
        cx: &'a mut Ctx,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(Filter::upstream_request(self, head, attempt, cx))
    }

    fn upstream_response<'a>(
        &'a self,
        head: &'a mut ResponseHead,
        attempt: &'a Attempt<'_>,
        cx: &'a mut Ctx,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(Filter::upstream_response(self, head, attempt, cx))
    }

    fn response<'a>(&'a self, response: &'a mut ResponseView<'_>, cx: &'a mut Ctx) -> Boxed<'a, Result<()>> {
        Box::pin(Filter::response(self, response, cx))
    }

    fn response_part<'a>(&'a self, chunk: Chunk, out: &'a mut Chunks, cx: &'a mut Ctx) -> Boxed<'a, Result<()>> {
        Box::pin(Filter::response_part(self, chunk, out, cx))
    }
}

/// Any filter, its type forgotten.
pub struct BoxFilter<Ctx>(Box<dyn DynFilter<Ctx>>);

impl<Ctx: Send> BoxFilter<Ctx> {
    /// Forgets the type.
    pub fn new(filter: impl Filter<Ctx>) -> Self {
        Self(Box::new(filter))
    }
}

impl<Ctx> fmt::Debug for BoxFilter<Ctx> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxFilter")
    }
}

/// Filters in the order in which the request side runs them. Each hook of each filter costs an allocation; a [`super::Stack`] costs none.
#[derive(Debug)]
pub struct Chain<Ctx> {
    filters: Vec<BoxFilter<Ctx>>,
}

impl<Ctx: Send> Chain<Ctx> {
    /// No filters.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more, nearest to the origin.
    #[must_use]
    pub fn with(mut self, filter: impl Filter<Ctx>) -> Self {
        self.push(BoxFilter::new(filter));
        self
    }

    /// One more, nearest to the origin.
    pub fn push(&mut self, filter: BoxFilter<Ctx>) {
        self.filters.push(filter);
    }
}

impl<Ctx> Default for Chain<Ctx> {
    fn default() -> Self {
        Self { filters: Vec::new() }
    }
}

impl<Ctx: Send + 'static> Filter<Ctx> for Chain<Ctx> {
    async fn request(&self, request: &mut Request<'_>, cx: &mut Ctx) -> Result<Verdict> {
        for filter in &self.filters {
            if let respond @ Verdict::Respond(_) = filter.0.request(request, cx).await? {
                return Ok(respond);
            }
        }
        Ok(Verdict::Continue)
    }

    async fn request_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut Ctx) -> Result<()> {
        let mut now = Chunks::new();
        now.push(chunk);
        for filter in &self.filters {
            let mut next = Chunks::new();
            while let Some(chunk) = now.pop() {
                filter.0.request_part(chunk, &mut next, cx).await?;
            }
            now = next;
        }
        drain(now, out);
        Ok(())
    }

    async fn upstream_request(&self, head: &mut RequestHead, attempt: &Attempt<'_>, cx: &mut Ctx) -> Result<()> {
        for filter in &self.filters {
            filter.0.upstream_request(head, attempt, cx).await?;
        }
        Ok(())
    }

    async fn upstream_response(&self, head: &mut ResponseHead, attempt: &Attempt<'_>, cx: &mut Ctx) -> Result<()> {
        for filter in self.filters.iter().rev() {
            filter.0.upstream_response(head, attempt, cx).await?;
        }
        Ok(())
    }

    async fn response(&self, response: &mut ResponseView<'_>, cx: &mut Ctx) -> Result<()> {
        for filter in self.filters.iter().rev() {
            filter.0.response(response, cx).await?;
        }
        Ok(())
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut Ctx) -> Result<()> {
        let mut now = Chunks::new();
        now.push(chunk);
        for filter in self.filters.iter().rev() {
            let mut next = Chunks::new();
            while let Some(chunk) = now.pop() {
                filter.0.response_part(chunk, &mut next, cx).await?;
            }
            now = next;
        }
        drain(now, out);
        Ok(())
    }
}

fn drain(mut from: Chunks, out: &mut Chunks) {
    while let Some(chunk) = from.pop() {
        out.push(chunk);
    }
}
