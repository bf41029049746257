//! The stream of an established session.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use simplon_proto_tls_seam::{Ending, Facts, Session, Transport};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::link::Link;

/// An established session.
pub(crate) struct Stream<IO> {
    link: Link<IO>,
    facts: Arc<Facts>,
}

impl<IO: Transport> Stream<IO> {
    pub(crate) fn new(link: Link<IO>, facts: Facts) -> Self {
        Self { link, facts: Arc::new(facts) }
    }
}

impl<IO: Transport> Session for Stream<IO> {
    fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.link.poll_readable(cx)
    }

    fn ending(&self) -> Option<Ending> {
        self.link.ending()
    }

    fn sent(&self) -> u64 {
        self.link.sent()
    }

    fn unacknowledged(&self) -> Option<u64> {
        self.link.unacknowledged()
    }
}

impl<IO: Transport> AsyncRead for Stream<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.link.poll_read(cx, buffer)
    }
}

impl<IO: Transport> AsyncWrite for Stream<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.link.poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.poll_shutdown(cx)
    }
}

impl<IO> fmt::Debug for Stream<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("facts", &self.facts).finish_non_exhaustive()
    }
}
