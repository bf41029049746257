//! The service that turns accepted streams into exchanges.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use simplon_proto_http::h1::Config;

use super::exchange::{Ended, Exchange, KeepIdle, Woken};
use super::slot;
use super::timeouts::Timeouts;
use crate::net::{ConnInfo, Stream};
use crate::server::{Drain, ServeConnection};

/// Answers exchanges.
///
/// The exchange's head is not read yet: whoever serves reads it, and so sees malformed requests too. When `serve` returns with the response
/// incomplete, the connection is closed so that the client sees the cut.
pub trait Serve: Send + Sync + 'static {
    /// Answers one exchange. It may be dropped when the server is stopped hard.
    fn serve(&self, exchange: &mut Exchange) -> impl Future<Output = ()> + Send;
}

impl<S: Serve> Serve for Arc<S> {
    fn serve(&self, exchange: &mut Exchange) -> impl Future<Output = ()> + Send {
        (**self).serve(exchange)
    }
}

/// What all HTTP connections of a listener share.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Limits and lenient switches.
    pub protocol: Arc<Config>,
    /// Waits.
    pub timeouts: Arc<Timeouts>,
    /// Exchanges one connection may carry; the last one says so in its response. Default: no bound.
    pub max_exchanges: Option<u32>,
    /// When the server drains: how long after its last exchange an idle connection may still begin one, because its request may be on the
    /// way. Default 1 s.
    pub drain_grace: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            protocol: Arc::default(),
            timeouts: Arc::default(),
            max_exchanges: None,
            drain_grace: Duration::from_secs(1),
        }
    }
}

/// Serves HTTP on a connection: one exchange after the other.
#[derive(Debug)]
pub struct Http<S> {
    app: Arc<S>,
    config: HttpConfig,
}

impl<S: Serve> Http<S> {
    /// With default limits and timeouts.
    pub fn new(app: S) -> Self {
        Self::with_config(app, HttpConfig::default())
    }

    /// With limits and timeouts of your own.
    pub fn with_config(app: S, config: HttpConfig) -> Self {
        Self { app: Arc::new(app), config }
    }

    /// Serves one connection until it is over. For streams that did not come from a listener; what a listener accepts gets here by itself.
    pub async fn serve_stream(&self, stream: Stream, info: Arc<ConnInfo>, drain: Drain) {
        let (protocol, timeouts) = (Arc::clone(&self.config.protocol), Arc::clone(&self.config.timeouts));
        let mut exchange = Box::new(Exchange::new(stream, protocol, timeouts, info, drain));
        let keep = KeepIdle { grace: self.config.drain_grace };
        while exchange.idle(keep).await == Woken::Request {
            if self.config.max_exchanges.is_some_and(|most| exchange.served().saturating_add(1) >= most) {
                exchange.close_after();
            }
            let (back, ended) = slot::run(&self.app, exchange).await;
            if ended == Ended::Close {
                return;
            }
            exchange = back;
        }
    }
}

impl<S> Clone for Http<S> {
    fn clone(&self) -> Self {
        Self { app: Arc::clone(&self.app), config: self.config.clone() }
    }
}

impl<S: Serve> ServeConnection for Http<S> {
    fn serve(&self, stream: Stream, info: Arc<ConnInfo>, drain: Drain) -> impl Future<Output = ()> + Send {
        self.serve_stream(stream, info, drain)
    }
}
