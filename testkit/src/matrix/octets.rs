//! What carries a leg: an end of a pipe, in the clear or with a session of TLS over it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use simplon_core::http::Serve;
use simplon_core::net::Io;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::cell::{Over, Version};
use crate::pipe::{Control, End};
use crate::rig::Rig;

/// The octets of a leg, and a hand on the connection below them.
pub(super) struct Octets {
    io: Box<dyn Io>,
    control: Control,
}

impl Octets {
    /// The client's end, once both agreed upon the version.
    pub(super) async fn client(end: End, over: Over, version: Version) -> Self {
        let control = end.control();
        let io: Box<dyn Io> = match over {
            Over::Clear => Box::new(end),
            #[cfg(feature = "tls")]
            Over::Tls => Box::new(super::tls::connect(end, version).await),
        };
        let _ = version;
        Self { io, control }
    }

    /// The origin's end, once both agreed upon the version; `None` if the proxy thought better of it.
    pub(super) async fn origin(end: End, over: Over, version: Version) -> Option<Self> {
        let control = end.control();
        let io: Box<dyn Io> = match over {
            Over::Clear => Box::new(end),
            #[cfg(feature = "tls")]
            Over::Tls => Box::new(super::tls::accept(end, version).await?),
        };
        let _ = version;
        Some(Self { io, control })
    }

    /// An application that is reached by this.
    pub(super) fn serve<S: Serve>(rig: Rig<S>, over: Over) -> Rig<S> {
        match over {
            Over::Clear => rig,
            #[cfg(feature = "tls")]
            Over::Tls => rig.with_tls(super::tls::for_clients()),
        }
    }

    pub(super) fn control(&self) -> Control {
        self.control.clone()
    }
}

impl AsyncRead for Octets {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Octets {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Octets").field("control", &self.control).finish_non_exhaustive()
    }
}
