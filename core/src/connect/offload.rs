//! A layer that connects on threads of its own.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use simplon_proto_http::transfer::Wait;
use simplon_timeout::timeout;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::{Connect, Connected, Peer, PeerTimeouts, ReuseKey};
use crate::error::{Error, Kind, Result, Sent};

mod hand_over;
mod pool;

use hand_over::HandOver;
use pool::Pool;

/// Connects on threads of its own, so that no worker is held up by it: by lookups that block, by handshakes that compute.
///
/// There are several pools of several threads. The peer's [`ReuseKey`] chooses the pool, so what one kind of peer costs stays in
/// one pool; within it any thread takes the work. The connection is then handed over: the runtime that asked for it polls it.
///
/// A connection that is no socket ([`Stream::Other`], such as a session of TLS) cannot be handed over, since only it knows what it
/// reads from. It works wherever it is polled, but each time it waits it is woken by way of the thread that made it, and it keeps
/// its pool alive.
///
/// The threads of a pool start when it is first needed, so not before a program has turned itself into a daemon. They end when
/// this is dropped, and with the last connection that could not be handed over.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::num::NonZeroUsize;
/// use simplon_core::connect::{Connect, Offload, Peer, TcpConnector};
/// use simplon_core::net::Address;
///
/// let two = NonZeroUsize::try_from(2)?;
/// let connector = Offload::new(TcpConnector::new()).pools(two).threads(two);
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let port = listener.local_addr()?.port();
/// let peer = Peer::new(Address::parse(&format!("localhost:{port}"))?);
/// let connected = connector.connect(&peer).await?; // looked up and connected elsewhere
/// drop(connector);
/// assert_eq!(connected.stream.peer_addr(), connected.remote); // and ours
/// # Ok(())
/// # }
/// ```
///
/// [`Stream::Other`]: crate::net::Stream::Other
#[derive(Debug)]
#[must_use = "a connector does nothing until it is asked to connect"]
pub struct Offload<C> {
    connector: Arc<C>,
    pools: Box<[Pool]>,
    threads: NonZeroUsize,
}

impl<C> Offload<C> {
    /// Around this connector, with one pool of one thread.
    pub fn new(connector: C) -> Self {
        let one = NonZeroUsize::MIN;
        Self { connector: Arc::new(connector), pools: pools(one), threads: one }
    }

    /// So many pools. Default 1.
    pub fn pools(mut self, number: NonZeroUsize) -> Self {
        self.pools = pools(number);
        self
    }

    /// So many threads in each pool. Default 1.
    pub fn threads(mut self, number: NonZeroUsize) -> Self {
        self.threads = number;
        self
    }

    /// The pool for this key: equal keys have the same.
    fn pool(&self, key: &ReuseKey) -> &Pool {
        // Below the number of pools, which is a `usize`.
        &self.pools[(key.spread() % self.pools.len() as u64) as usize]
    }
}

fn pools(number: NonZeroUsize) -> Box<[Pool]> {
    (0..number.get()).map(Pool::new).collect()
}

impl<C: Connect + 'static> Connect for Offload<C> {
    /// As the connector around which it stands, within the peer's connect timeout also while the threads are busy.
    ///
    /// Errors:  those of that connector, and internal ones: [`Kind::Panicked`] when it panicked, [`Kind::Internal`] when the system
    ///          gives no threads.
    /// Cancel:  the work is dropped where it waits next; a connection that was made already is closed.
    /// Cost:    one task, and two wakes across threads; once for each pool, starting its threads.
    async fn connect(&self, peer: &Peer) -> Result<Connected> {
        let begun = Instant::now();
        let threads = self.pool(peer.key()).started(self.threads)?;
        // A set of one: its task ends when nobody waits for it any more.
        let mut work = JoinSet::new();
        work.spawn_on(connect_there(Arc::clone(&self.connector), peer.clone()), pool::any(&threads));
        let handed_over = match timeout(whole(peer), work.join_next()).await {
            Ok(Some(Ok(outcome))) => outcome?,
            Ok(Some(Err(ended))) => return Err(failure(ended, peer)),
            Ok(None) | Err(_) => {
                return Err(Error::upstream(Kind::Timeout(Wait::Connect)).with_context(peer.to_string()));
            }
        };
        handed_over.take(threads, begun.elapsed())
    }
}

/// What runs on the other thread.
async fn connect_there<C: Connect>(connector: Arc<C>, peer: Peer) -> Result<HandOver> {
    HandOver::give(connector.connect(&peer).await?)
}

/// All that the connector may take.
fn whole(peer: &Peer) -> Duration {
    // No `..` on purpose: a new timeout that is part of connecting must be added here.
    let PeerTimeouts {
        connect,
        handshake,
        read: _,
        read_min_rate: _,
        write: _,
        write_min_rate: _,
        idle: _,
        ping: _,
        pong: _,
    } = *peer.timeouts();
    if peer.tls().is_some() { connect.saturating_add(handshake) } else { connect }
}

fn failure(ended: JoinError, peer: &Peer) -> Error {
    let kind = if ended.is_panic() { Kind::Panicked } else { Kind::Internal };
    Error::internal(kind).with_sent(Sent::Nothing).with_context(peer.to_string()).with_source(ended)
}

#[cfg(test)]
mod tests;
