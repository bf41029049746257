//! Binding: sockets that listen, not yet part of a runtime.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use socket2::{Domain, SockRef, Socket, Type};

use super::unix_socket::Unlink;
use super::{ListenConfig, OnlyV6, ReusePort, failed, misfit};
use crate::connect::{Resolve, SystemResolver};
use crate::error::{Error, Kind, Result};
use crate::net::{Family, Nodelay, sys};

/// Sockets that listen. Dropped, they are closed, and the file of a Unix socket is removed.
#[derive(Debug)]
pub struct Bound {
    pub(crate) sockets: Vec<BoundSocket>,
    pub(crate) label: Arc<str>,
    pub(crate) accept_loops: NonZeroUsize,
    pub(crate) options: crate::net::SocketOptions,
    pub(crate) file: Option<Unlink>,
}

/// One address, with one queue or several.
#[derive(Debug)]
pub(crate) struct BoundSocket {
    pub(crate) queues: Vec<Queue>,
    pub(crate) local: Option<SocketAddr>,
}

/// One queue of connections.
#[derive(Debug)]
pub(crate) enum Queue {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Bound {
    pub(super) fn new(config: &ListenConfig, sockets: Vec<BoundSocket>) -> Self {
        let address = sockets.first().and_then(|socket| socket.local);
        let label = config.label.clone().or_else(|| address.map(|addr| addr.to_string().into()));
        Self {
            sockets,
            label: label.unwrap_or_else(|| config.to_string().into()),
            accept_loops: config.accept_loops,
            options: config.options,
            file: None,
        }
    }

    /// Its first address; of TCP.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local_addrs().next()
    }

    /// Its addresses, several if a name had several; of TCP.
    pub fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.sockets.iter().filter_map(|socket| socket.local)
    }

    /// What it is called in records.
    #[must_use]
    pub fn label(&self) -> &Arc<str> {
        &self.label
    }
}

impl Queue {
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(tcp) => tcp.try_clone().map(Self::Tcp),
            Self::Unix(unix) => unix.try_clone().map(Self::Unix),
        }
    }

    /// The same queue so many times: those who accept share it.
    pub(super) fn shared(self, times: NonZeroUsize) -> io::Result<Vec<Self>> {
        let mut queues = Vec::with_capacity(times.get());
        for _ in 1..times.get() {
            queues.push(self.try_clone()?);
        }
        queues.push(self);
        Ok(queues)
    }
}

/// Listens on all addresses of a name.
pub(super) async fn bind_name(config: &ListenConfig, host: &str, port: u16, queues: NonZeroUsize) -> Result<Bound> {
    let unresolved = |error| Error::internal(Kind::Resolve).with_source(error);
    let addresses = SystemResolver::new().resolve(host, port).await.map_err(unresolved)?;
    bind_tcp(config, &addresses, queues).await
}

/// Listens on these addresses. An address that this machine does not have is passed over if another one can be had.
pub(super) async fn bind_tcp(config: &ListenConfig, addresses: &[SocketAddr], queues: NonZeroUsize) -> Result<Bound> {
    let mut sockets: Vec<BoundSocket> = Vec::new();
    let mut passed_over = None;
    for addr in addresses {
        // With port 0 all addresses of the name get the port that the first one got.
        let first = sockets.first().and_then(|first| first.local).unwrap_or(*addr);
        match bind_address(config, SocketAddr::new(addr.ip(), first.port()), queues).await {
            Ok(socket) if sockets.iter().all(|other| other.local != socket.local) => sockets.push(socket),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => passed_over = Some(error),
            Err(error) => return Err(failed(error)),
        }
    }
    match (sockets.is_empty(), passed_over) {
        (false, _) => Ok(Bound::new(config, sockets)),
        (true, Some(error)) => Err(failed(error)),
        (true, None) => Err(Error::internal(Kind::Resolve)),
    }
}

async fn bind_address(config: &ListenConfig, addr: SocketAddr, queues: NonZeroUsize) -> io::Result<BoundSocket> {
    let first = retrying(config, || bind_queue(config, addr, queues)).await?;
    let local = first.local_addr()?;
    let mut all = vec![Queue::Tcp(first)];
    for _ in 1..queues.get() {
        all.push(Queue::Tcp(bind_queue(config, local, queues)?));
    }
    Ok(BoundSocket { queues: all, local: Some(local) })
}

/// While the address is in use: again, as often as was asked for.
pub(super) async fn retrying<T>(config: &ListenConfig, bind: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for left in (0..config.retry.times).rev() {
        match bind() {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                tracing::warn!(listener = %config, left, "the address is in use, trying again");
                tokio::time::sleep(config.retry.pause).await;
            }
            outcome => return outcome,
        }
    }
    bind()
}

fn bind_queue(config: &ListenConfig, addr: SocketAddr, queues: NonZeroUsize) -> io::Result<TcpListener> {
    let socket = prepare(config, &addr, queues)?;
    socket.bind(&addr.into())?;
    if let Some(queue) = config.fast_open {
        sys::set_fast_open(&socket, queue)?;
    }
    socket.listen(backlog(config))?;
    Ok(socket.into())
}

/// A socket with all that must be set before it is bound.
pub(super) fn prepare(config: &ListenConfig, addr: &SocketAddr, queues: NonZeroUsize) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(*addr), Type::STREAM.nonblocking().cloexec(), None)?;
    socket.set_reuse_address(true)?;
    if queues.get() > 1 || config.reuse_port == ReusePort::Yes {
        socket.set_reuse_port(true)?;
    }
    match config.only_v6 {
        OnlyV6::Yes if addr.is_ipv6() => socket.set_only_v6(true)?,
        OnlyV6::No if addr.is_ipv6() => socket.set_only_v6(false)?,
        OnlyV6::System | OnlyV6::Yes | OnlyV6::No => {}
    }
    set_inherited_options(config, &socket, addr);
    Ok(socket)
}

/// What is set on a listening socket, accepted ones are born with (Linux); elsewhere it is set on each.
fn set_inherited_options(config: &ListenConfig, socket: &Socket, addr: &SocketAddr) {
    if let Err(error) = config.options.apply(SockRef::from(socket), Family::from(addr)) {
        tracing::warn!(listener = %config, %error, "a socket option was refused");
    }
}

pub(super) fn backlog(config: &ListenConfig) -> i32 {
    i32::try_from(config.backlog).unwrap_or(i32::MAX)
}

/// Takes over a socket that listens already.
pub(super) fn adopt(config: &ListenConfig, fd: &OwnedFd, queues: NonZeroUsize) -> Result<Bound> {
    let socket = Socket::from(fd.try_clone().map_err(failed)?);
    socket.set_nonblocking(true).map_err(failed)?;
    let local = socket.local_addr().map_err(failed)?;
    let inet = local.as_socket();
    let queue = match (inet, local.is_unix()) {
        (Some(addr), _) => {
            set_inherited_options(config, &socket, &addr);
            Queue::Tcp(socket.into())
        }
        (None, true) => Queue::Unix(OwnedFd::from(socket).into()),
        (None, false) => return Err(misfit("the inherited descriptor is no TCP and no Unix socket")),
    };
    let queues = queue.shared(queues).map_err(failed)?;
    Ok(Bound::new(config, vec![BoundSocket { queues, local: inet }]))
}

/// Whether accepted connections need their options set one by one.
pub(crate) fn needs_options_after_accept(options: &crate::net::SocketOptions) -> bool {
    let asks = options.nodelay == Nodelay::Yes || *options != crate::net::SocketOptions::default();
    asks && !cfg!(target_os = "linux")
}
