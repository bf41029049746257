//! Accepting: sockets that are part of a runtime.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use socket2::SockRef;
use tokio::net::{TcpListener, UnixListener};

use super::Queue;
use super::bind::needs_options_after_accept;
use crate::net::{Family, SocketOptions, Stream, relief};

/// A new connection, and who made it.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: Stream,
    pub(crate) peer: Option<SocketAddr>,
}

/// Where connections come from. A seam, so that failures can be played in tests.
pub(crate) trait Accept: Send + Sync + 'static {
    /// Cancel: no connection is lost.
    fn accept(&self) -> impl Future<Output = io::Result<Accepted>> + Send;

    /// Our own address, where it is the same for all connections.
    fn local(&self) -> Option<SocketAddr>;

    /// Has what can be done without in this process closed, since there are no descriptors; gives how many came back.
    fn relieve(&self) -> usize {
        relief::let_go()
    }
}

/// One queue of connections in a runtime.
#[derive(Debug)]
pub(crate) struct Acceptor {
    socket: Socket,
    local: Option<SocketAddr>,
    after: Option<SocketOptions>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Acceptor {
    /// To be called inside the runtime.
    pub(crate) fn new(queue: Queue, options: &SocketOptions) -> io::Result<Self> {
        let after = needs_options_after_accept(options).then_some(*options);
        match queue {
            Queue::Tcp(tcp) => {
                let socket = TcpListener::from_std(tcp)?;
                let local = socket.local_addr().ok().filter(|addr| !addr.ip().is_unspecified());
                Ok(Self { socket: Socket::Tcp(socket), local, after })
            }
            Queue::Unix(unix) => {
                Ok(Self { socket: Socket::Unix(UnixListener::from_std(unix)?), local: None, after: None })
            }
        }
    }
}

impl Accept for Acceptor {
    async fn accept(&self) -> io::Result<Accepted> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (tcp, peer) = listener.accept().await?;
                if let Some(options) = &self.after
                    && let Err(error) = options.apply(SockRef::from(&tcp), Family::from(&peer))
                {
                    tracing::debug!(%peer, %error, "a socket option was refused");
                }
                Ok(Accepted { stream: tcp.into(), peer: Some(peer) })
            }
            Socket::Unix(listener) => {
                let (unix, _) = listener.accept().await?;
                Ok(Accepted { stream: unix.into(), peer: None })
            }
        }
    }

    fn local(&self) -> Option<SocketAddr> {
        self.local
    }
}
