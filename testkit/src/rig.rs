//! An application served over connections in memory.

use std::net::SocketAddr;
use std::sync::Arc;

use simplon_core::http::{Http, HttpConfig, Serve};
use simplon_core::net::{ConnInfo, Stream, Transport};
use simplon_core::server::{Drain, DrainTrigger};
use simplon_core::tls::TlsServer;
use tokio::task::JoinHandle;

use crate::pipe::{End, PipeConfig, pipe};
use crate::wire::Wire;

/// An application without a listener: each client is a connection in memory.
#[derive(Debug)]
pub struct Rig<S> {
    http: Http<S>,
    trigger: DrainTrigger,
    drain: Drain,
    pipes: PipeConfig,
    tls: Option<Arc<TlsServer>>,
}

impl<S: Serve> Rig<S> {
    /// With default limits and timeouts.
    #[must_use]
    pub fn new(app: S) -> Self {
        Self::with_config(app, HttpConfig::default())
    }

    /// With limits and timeouts of its own.
    #[must_use]
    pub fn with_config(app: S, config: HttpConfig) -> Self {
        let (trigger, drain) = Drain::pair();
        Self { http: Http::with_config(app, config), trigger, drain, pipes: PipeConfig::default(), tls: None }
    }

    /// With client connections of this kind.
    #[must_use]
    pub fn with_pipes(mut self, pipes: PipeConfig) -> Self {
        self.pipes = pipes;
        self
    }

    /// With TLS on client connections, which a [`Wire`] does not speak by itself.
    #[must_use]
    pub fn with_tls(mut self, server: impl Into<Arc<TlsServer>>) -> Self {
        self.tls = Some(server.into());
        self
    }

    /// A new client, from 192.0.2.1.
    #[must_use]
    pub fn client(&self) -> Wire {
        self.client_from(SocketAddr::from(([192, 0, 2, 1], 4711)))
    }

    /// A new client from this address.
    #[must_use]
    pub fn client_from(&self, from: SocketAddr) -> Wire {
        Wire::new(self.connect(from).0)
    }

    /// A new client's end of the connection, and the task that serves it: it ends when the connection is given up.
    #[must_use]
    pub fn connect(&self, from: SocketAddr) -> (End, JoinHandle<()>) {
        let (near, far) = pipe(self.pipes);
        let info = Arc::new(ConnInfo::new("test".into(), Transport::Other).with_peer(from));
        let (http, tls, drain) = (self.http.clone(), self.tls.clone(), self.drain.clone());
        let served = tokio::spawn(async move {
            let Some(tls) = tls else { return http.serve_stream(Stream::other(far), info, drain).await };
            // A handshake that fails is told to the client.
            let Ok(session) =
                tls.handshake_for(http.alpn(), Stream::other(far), Some(from), std::future::pending()).await
            else {
                return;
            };
            let info = Arc::unwrap_or_clone(info).with_tls(Arc::clone(session.facts()));
            http.serve_stream(Stream::Tls(session), Arc::new(info), drain).await;
        });
        (near, served)
    }

    /// Begins the drain, as a server that is told to end.
    pub fn drain(&self) {
        self.trigger.drain();
    }
}
