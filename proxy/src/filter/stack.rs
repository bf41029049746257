//! Two filters as one, known to the compiler: hooks that are not written compile to nothing.

use simplon_core::Result;
use simplon_proto_http::{RequestHead, ResponseHead};

use super::{Filter, Looks, Verdict};
use crate::chunk::{Chunk, Chunks};
use crate::message::{Request, ResponseView};
use crate::retry::Attempt;

/// `Outer` is nearer to the client: first on the request side, last on the response side.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stack<Outer, Inner>(pub Outer, pub Inner);

impl<Ctx: Send, Outer: Filter<Ctx>, Inner: Filter<Ctx>> Filter<Ctx> for Stack<Outer, Inner> {
    const RESPONSE_CONTENT: Looks = Outer::RESPONSE_CONTENT.or(Inner::RESPONSE_CONTENT);

    async fn request(&self, request: &mut Request<'_>, cx: &mut Ctx) -> Result<Verdict> {
        match self.0.request(request, cx).await? {
            Verdict::Continue => self.1.request(request, cx).await,
            respond @ Verdict::Respond(_) => Ok(respond),
        }
    }

    async fn request_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut Ctx) -> Result<()> {
        let mut between = Chunks::new();
        self.0.request_part(chunk, &mut between, cx).await?;
        while let Some(chunk) = between.pop() {
            self.1.request_part(chunk, out, cx).await?;
        }
        Ok(())
    }

    async fn upstream_request(&self, head: &mut RequestHead, attempt: &Attempt<'_>, cx: &mut Ctx) -> Result<()> {
        self.0.upstream_request(head, attempt, cx).await?;
        self.1.upstream_request(head, attempt, cx).await
    }

    async fn upstream_response(&self, head: &mut ResponseHead, attempt: &Attempt<'_>, cx: &mut Ctx) -> Result<()> {
        self.1.upstream_response(head, attempt, cx).await?;
        self.0.upstream_response(head, attempt, cx).await
    }

    async fn response(&self, response: &mut ResponseView<'_>, cx: &mut Ctx) -> Result<()> {
        self.1.response(response, cx).await?;
        self.0.response(response, cx).await
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut Ctx) -> Result<()> {
        let mut between = Chunks::new();
        self.1.response_part(chunk, &mut between, cx).await?;
        while let Some(chunk) = between.pop() {
            self.0.response_part(chunk, out, cx).await?;
        }
        Ok(())
    }
}
