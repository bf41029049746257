//! The service that turns accepted streams into exchanges.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use simplon_proto_http::h1::Config;
use simplon_proto_tls::server::Protocols;

#[cfg(feature = "h2")]
use super::exchange::Unspoken;
use super::exchange::{Ended, Exchange, KeepIdle, Woken};
#[cfg(feature = "h2")]
use super::multiplex::{self, Counters, Http2Config, Http2Stats};
use super::slot;
use super::timeouts::Timeouts;
#[cfg(feature = "h2")]
use crate::net::Negotiated;
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
    /// Bounds of connections of HTTP/2; `None` if it is not spoken. Default: it is spoken where it was negotiated, and with clients that begin
    /// with its preface.
    #[cfg(feature = "h2")]
    pub http2: Option<Arc<Http2Config>>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            protocol: Arc::default(),
            timeouts: Arc::default(),
            max_exchanges: None,
            drain_grace: Duration::from_secs(1),
            #[cfg(feature = "h2")]
            http2: Some(Arc::default()),
        }
    }
}

/// Serves HTTP on a connection: one exchange after the other, or with HTTP/2 many at a time.
#[derive(Debug)]
pub struct Http<S> {
    app: Arc<S>,
    config: HttpConfig,
    #[cfg(feature = "h2")]
    counters: Arc<Counters>,
}

/// A connection that carries many exchanges at a time, served to its end.
type Multiplexed<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl<S: Serve> Http<S> {
    /// With default limits and timeouts.
    pub fn new(app: S) -> Self {
        Self::with_config(app, HttpConfig::default())
    }

    /// With limits and timeouts of your own.
    pub fn with_config(app: S, config: HttpConfig) -> Self {
        Self {
            app: Arc::new(app),
            config,
            #[cfg(feature = "h2")]
            counters: Arc::default(),
        }
    }

    /// The names in ALPN of the versions that it speaks, in order of preference (RFC 7301 §6, RFC 9113 §3.2).
    #[must_use]
    pub fn alpn(&self) -> Protocols {
        #[cfg(feature = "h2")]
        if self.config.http2.is_some() {
            return &["h2", "http/1.1", "http/1.0"];
        }
        &["http/1.1", "http/1.0"]
    }

    /// What connections of HTTP/2 were closed for, and the like, of this service and its clones.
    #[cfg(feature = "h2")]
    #[must_use]
    pub fn http2_stats(&self) -> Http2Stats {
        self.counters.read()
    }

    /// Serves one connection until it is over. For streams that did not come from a listener; what a listener accepts gets here by itself.
    ///
    /// The protocol is what [`ConnInfo::protocol`] says was negotiated; where nothing was, the first octets tell.
    ///
    /// Size:    a connection of HTTP/1 at rest is this future and one box.
    pub fn serve_stream(
        &self,
        stream: Stream,
        info: Arc<ConnInfo>,
        drain: Drain,
    ) -> impl Future<Output = ()> + Send + use<'_, S> {
        let begun = self.begin(stream, info, drain);
        async move {
            match begun {
                Ok(exchange) => self.serve_h1(exchange).await,
                Err(multiplexed) => multiplexed.await,
            }
        }
    }

    /// A connection before its first request, or all of one that was negotiated to be another. What is large is boxed before there is a future
    /// that would hold it.
    fn begin(&self, stream: Stream, info: Arc<ConnInfo>, drain: Drain) -> Result<Box<Exchange>, Multiplexed<'_>> {
        #[cfg(feature = "h2")]
        if let (Some(Negotiated::Http2), Some(http2)) = (info.protocol(), &self.config.http2) {
            return Err(Box::pin(self.multiplex(http2, stream, bytes::Bytes::new(), info, drain)));
        }
        let (protocol, timeouts) = (Arc::clone(&self.config.protocol), Arc::clone(&self.config.timeouts));
        Ok(Box::new(Exchange::h1(stream, protocol, timeouts, info, drain)))
    }

    async fn serve_h1(&self, mut exchange: Box<Exchange>) {
        let keep = KeepIdle { grace: self.config.drain_grace };
        while exchange.idle(keep).await == Woken::Request {
            #[cfg(feature = "h2")]
            if exchange.served() == 0
                && exchange.may_be_h2()
                && let (None, Some(http2)) = (exchange.info().protocol(), &self.config.http2)
            {
                // What is large is gone before the next wait.
                let turned = match Box::pin(exchange.into_h2()).await {
                    Ok(Unspoken { stream, before, info, drain }) => {
                        Err(Box::pin(self.multiplex(http2, stream, before, info, drain)))
                    }
                    Err(back) => Ok(back),
                };
                match turned {
                    Ok(back) => exchange = back,
                    Err(multiplexed) => return multiplexed.await,
                }
            }
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

    #[cfg(feature = "h2")]
    async fn multiplex(
        &self,
        http2: &Arc<Http2Config>,
        stream: Stream,
        before: bytes::Bytes,
        info: Arc<ConnInfo>,
        drain: Drain,
    ) {
        let service = multiplex::Service { app: &self.app, config: &self.config, http2, counters: &self.counters };
        multiplex::serve(service, stream, before, info, drain).await;
    }
}

impl<S> Clone for Http<S> {
    fn clone(&self) -> Self {
        Self {
            app: Arc::clone(&self.app),
            config: self.config.clone(),
            #[cfg(feature = "h2")]
            counters: Arc::clone(&self.counters),
        }
    }
}

impl<S: Serve> ServeConnection for Http<S> {
    fn serve(&self, stream: Stream, info: Arc<ConnInfo>, drain: Drain) -> impl Future<Output = ()> + Send {
        self.serve_stream(stream, info, drain)
    }

    fn protocols(&self) -> Protocols {
        self.alpn()
    }
}

#[cfg(test)]
mod tests;
