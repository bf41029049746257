//! From an accepted stream to a task that serves it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use simplon_proto_tls::Reason;
use simplon_proto_tls::server::Protocols;

use super::admit::DynAdmit;
use super::census::Full;
use super::hub::{Hub, Seat};
use super::{ServeConnection, Verdict};
use crate::net::listen::Accepted;
use crate::net::{ConnInfo, Stream, Transport};
use crate::tls::TlsServer;

/// For how long after it was accepted a connection may still begin its handshake when the server drains.
const GRACE: Duration = Duration::from_secs(1);

/// One listener's way in.
pub(super) struct Door {
    pub(super) hub: Arc<Hub>,
    pub(super) label: Arc<str>,
    pub(super) admit: Option<Arc<dyn DynAdmit>>,
    pub(super) tls: Option<Arc<TlsServer>>,
    pub(super) endpoint: Arc<dyn Endpoint>,
}

impl Door {
    /// Lets a connection in, or closes it when there are too many. Never waits. To be called inside the runtime that is to serve it.
    pub(super) fn enter(&self, accepted: Accepted, local: Option<SocketAddr>) {
        let Accepted { stream, peer } = accepted;
        let seat = match self.hub.seat_connection(peer.map(|peer| peer.ip())) {
            Ok(seat) => seat,
            Err(full) => return self.count_refused(full),
        };
        self.hub.counters.accepted.add();
        let info = Arc::new(self.describe(&stream, peer, local));
        let (admit, tls) = (self.admit.clone(), self.tls.clone());
        self.endpoint.spawn(Arrival { stream, info, seat, admit, tls });
    }

    fn describe(&self, stream: &Stream, peer: Option<SocketAddr>, local: Option<SocketAddr>) -> ConnInfo {
        let transport = match stream {
            Stream::Tcp(_) => Transport::Tcp,
            Stream::Unix(_) => Transport::Unix,
            Stream::Tls(_) | Stream::Other(_) => Transport::Other,
        };
        let mut info = ConnInfo::new(self.label.clone(), transport);
        if let Some(peer) = peer {
            info = info.with_peer(peer);
        }
        if let Some(local) = local.or_else(|| stream.local_addr()) {
            info = info.with_local(local);
        }
        info
    }

    fn count_refused(&self, full: Full) {
        match full {
            Full::Total => self.hub.counters.refused_total.add(),
            Full::PerIp => self.hub.counters.refused_per_ip.add(),
        }
    }
}

/// A connection that was let in.
pub(super) struct Arrival {
    stream: Stream,
    info: Arc<ConnInfo>,
    seat: Seat,
    admit: Option<Arc<dyn DynAdmit>>,
    tls: Option<Arc<TlsServer>>,
}

/// A service without its type: one virtual call per connection, and the service's own future is what is spawned.
pub(super) trait Endpoint: Send + Sync + 'static {
    fn spawn(&self, arrival: Arrival);

    /// Application protocols of the service.
    fn protocols(&self) -> Protocols;
}

/// A service as an endpoint.
pub(super) struct Served<S>(pub(super) Arc<S>);

impl<S: ServeConnection> Endpoint for Served<S> {
    fn spawn(&self, arrival: Arrival) {
        let service = self.0.clone();
        let (hub, ticket) = (arrival.seat.hub().clone(), arrival.seat.ticket());
        let task = match arrival {
            // What most are rests in as little memory as it can.
            Arrival { seat, stream, info, admit: None, tls: None } => tokio::spawn(serve(seat, service, stream, info)),
            arrival => tokio::spawn(admit(arrival, service)),
        };
        hub.remember(ticket, task.abort_handle());
    }

    fn protocols(&self) -> Protocols {
        self.0.protocols()
    }
}

/// Serves a connection. A block, which holds what it was given once: an `async fn` would hold all of it twice.
#[expect(clippy::manual_async_fn, reason = "what it holds, it holds once")]
fn serve<S: ServeConnection>(
    seat: Seat,
    service: Arc<S>,
    stream: Stream,
    info: Arc<ConnInfo>,
) -> impl Future<Output = ()> + Send {
    async move {
        let drain = seat.hub().trigger.subscribe();
        service.serve(stream, info, drain).await;
        drop(service);
        // The place is free only after all else of the connection is gone.
        drop(seat);
    }
}

/// The same, if it is let in, and after its handshake.
async fn admit<S: ServeConnection>(arrival: Arrival, service: Arc<S>) {
    let Arrival { seat, stream, info, admit, tls } = arrival;
    if let Some(admit) = admit
        && admit.admit_boxed(&info).await == Verdict::Refuse
    {
        seat.hub().counters.refused_by_filter.add();
        return;
    }
    let (stream, info) = match tls {
        None => (stream, info),
        // Boxed: nobody pays for the state of a handshake when it is over.
        Some(tls) => match Box::pin(secure(&tls, service.protocols(), stream, info, seat.hub())).await {
            Some(secured) => secured,
            None => return,
        },
    };
    serve(seat, service, stream, info).await;
}

/// The handshake; what becomes of a connection without one is counted and forgotten.
async fn secure(
    tls: &TlsServer,
    protocols: Protocols,
    stream: Stream,
    info: Arc<ConnInfo>,
    hub: &Hub,
) -> Option<(Stream, Arc<ConnInfo>)> {
    let mut drain = hub.trigger.subscribe();
    let leave = async {
        drain.draining().await;
        // Who connected a moment ago may have sent something.
        tokio::time::sleep_until(info.accepted() + GRACE).await;
    };
    match tls.handshake_for(protocols, stream, info.peer(), leave).await {
        Ok(session) => {
            hub.counters.handshakes.add();
            let info = Arc::unwrap_or_clone(info).with_tls(Arc::clone(session.facts()));
            Some((Stream::Tls(session), Arc::new(info)))
        }
        Err(error) if error.reason() == Reason::Draining => None,
        Err(error) => {
            hub.counters.handshakes_failed.add();
            tracing::debug!(listener = %info.listener(), %error, "no connection");
            None
        }
    }
}
