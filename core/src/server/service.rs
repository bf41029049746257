//! What is done with accepted connections.

use std::future::Future;
use std::sync::Arc;

use simplon_proto_tls::server::Protocols;

use super::Drain;
use crate::net::{ConnInfo, Stream};

/// Serves accepted connections, each to its end.
///
/// A closure of the same arguments is one too.
pub trait ServeConnection: Send + Sync + 'static {
    /// Serves one connection. Runs in a task of its own; a panic ends that task alone.
    ///
    /// Cancel: dropped when the drain's deadline passes or the server stops; the connection is cut then.
    fn serve(&self, stream: Stream, info: Arc<ConnInfo>, drain: Drain) -> impl Future<Output = ()> + Send;

    /// Application protocols (RFC 7301) that it speaks, in order of preference. A listener with TLS offers them, unless its configuration says
    /// something else. Default: none.
    fn protocols(&self) -> Protocols {
        &[]
    }
}

impl<F, Fut> ServeConnection for F
where
    F: Fn(Stream, Arc<ConnInfo>, Drain) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    fn serve(&self, stream: Stream, info: Arc<ConnInfo>, drain: Drain) -> impl Future<Output = ()> + Send {
        self(stream, info, drain)
    }
}

/// A closure as a service, with its arguments inferred.
pub fn service_fn<F, Fut>(serve: F) -> F
where
    F: Fn(Stream, Arc<ConnInfo>, Drain) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    serve
}
