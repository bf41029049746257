//! Origins that are part of this program.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::service::{Http, HttpConfig, Serve};
use super::timeouts::Timeouts;
use crate::connect::{Connect, Connected, Peer, TcpConnector};
use crate::error::Result;
use crate::net::{Address, ConnInfo, Stream, Transport};
use crate::server::Drain;

/// Octets that may be under way in each direction of a connection.
const PIPE: usize = 16 << 10;

/// Connects to what this program serves itself, at addresses of your choice, and to everything else as before.
///
/// So whatever answers exchanges can stand behind a proxy like any origin: behind its filters, with retries, timeouts and records, streaming both
/// ways. A connection is a pipe in memory, and a task at its far end. No socket is opened, and the names need not exist.
///
/// ```
/// use std::sync::Arc;
/// use simplon_core::connect::{Peer, TcpConnector};
/// use simplon_core::http::{Exchange, InProcess, Origins, OriginsConfig, Serve};
/// use simplon_core::net::Address;
/// # struct Status;
/// # impl Serve for Status { async fn serve(&self, _: &mut Exchange) {} }
///
/// let address = Address::parse("status.internal:80")?;
/// let connector = InProcess::beside(TcpConnector::new()).serve(address.clone(), Status);
/// let origins = Arc::new(Origins::new(connector, OriginsConfig::default()));
/// let status = Peer::new(address); // a route may now forward to it
/// # drop((origins, status));
/// # Ok::<(), simplon_core::net::AddressError>(())
/// ```
///
/// Cost:    messages are written and parsed once more, in memory; a task for each connection, kept with it in the pool.
/// Cancel:  when the near end goes away, what is served at the far end is dropped.
pub struct InProcess<C = TcpConnector> {
    served: HashMap<Address, Arc<dyn Begin>>,
    outside: C,
}

impl<C> InProcess<C> {
    /// Everything outside for now, by this connector.
    pub fn beside(outside: C) -> Self {
        Self { served: HashMap::new(), outside }
    }

    /// Serves this at this address.
    #[must_use]
    pub fn serve(mut self, address: impl Into<Address>, app: impl Serve) -> Self {
        self.served.insert(address.into(), Arc::new(Http::with_config(app, patient())));
        self
    }
}

/// Its client is a proxy of ours, which has limits and waits of its own.
fn patient() -> HttpConfig {
    let (mut timeouts, mut config) = (Timeouts::default(), HttpConfig::default());
    timeouts.first_octet = Duration::MAX;
    timeouts.keep_alive = Duration::MAX;
    timeouts.head = Duration::MAX;
    timeouts.body = Duration::MAX;
    timeouts.body_min_rate = None;
    timeouts.write = Duration::MAX;
    timeouts.tunnel_idle = Duration::MAX;
    config.timeouts = Arc::new(timeouts);
    config
}

impl<C: Connect> Connect for InProcess<C> {
    async fn connect(&self, peer: &Peer) -> Result<Connected> {
        let Some(served) = self.served.get(peer.address()) else { return self.outside.connect(peer).await };
        let (near, far) = tokio::io::duplex(PIPE);
        served.begin(Stream::other(far));
        Ok(Connected::new(Stream::other(near)))
    }
}

impl<C: fmt::Debug> fmt::Debug for InProcess<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { served, outside } = self;
        f.debug_struct("InProcess").field("served", &served.keys()).field("outside", outside).finish()
    }
}

/// The far end of a connection begins.
trait Begin: Send + Sync {
    fn begin(&self, stream: Stream);
}

impl<S: Serve> Begin for Http<S> {
    fn begin(&self, stream: Stream) {
        let http = self.clone();
        let info = Arc::new(ConnInfo::new("in-process".into(), Transport::Other));
        tokio::spawn(async move { http.serve_stream(stream, info, Drain::never()).await });
    }
}
