//! Bounds of open connections to origins.

use std::num::NonZeroUsize;
use std::time::Duration;

/// How many connections to origins may be open at a time, in use or at rest, and who waits for one. One connection of HTTP/2 counts as one, a tunnel
/// as well.
///
/// An exchange that needs a new connection beyond a bound closes one at rest, if that helps; otherwise it waits: first come, first served, but who
/// waits for one origin holds up nobody who goes to another. What it gets is a connection that another exchange put back, or leave to make one. If
/// the queue is full, or nothing comes in time, it is answered with 503 ([`Kind::NoConnection`]).
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use simplon_core::http::{OriginLimits, OriginsConfig};
///
/// let mut config = OriginsConfig::default();
/// config.connections.max_connections = NonZeroUsize::new(4_000);
/// config.connections.max_connections_per_key = NonZeroUsize::new(200);
/// config.connections.queue_timeout = Duration::from_millis(300);
/// ```
///
/// [`Kind::NoConnection`]: crate::error::Kind::NoConnection
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OriginLimits {
    /// All together. Default: a share of `RLIMIT_NOFILE` that all of the process have together, at most 32,768: a third of what is left after a
    /// sixteenth was kept back for accepting, health checks and files, and another for what is not needed. With 1,024 descriptors it is 298, with
    /// 65,536 it is 20,138.
    pub max_connections: Option<NonZeroUsize>,
    /// Under one key: to one address, in one way. Default: at most seven times as many as are left. So one key alone has at most seven eighths, and
    /// one that has none yet finds some.
    pub max_connections_per_key: Option<NonZeroUsize>,
    /// Exchanges that wait for a connection, all together; more are refused at once. Of these, too, one key has at most seven times as many as are
    /// left. Default: as many as connections, and at least 1,024.
    pub max_pending_requests: Option<usize>,
    /// How long one waits. Default 1 s: an honest burst is over by then, and who waits longer than that is better told.
    pub queue_timeout: Duration,
    pub(super) purpose: Purpose,
}

/// Whose descriptors they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The share of connections to origins.
    #[default]
    Traffic,
    /// Those that are kept back.
    Checks,
}

impl Default for OriginLimits {
    fn default() -> Self {
        Self {
            max_connections: None,
            max_connections_per_key: None,
            max_pending_requests: None,
            queue_timeout: Duration::from_secs(1),
            purpose: Purpose::default(),
        }
    }
}

impl OriginLimits {
    /// For health checks and the like, a few at a time: their connections count nowhere and wait for nobody. They come from the descriptors that
    /// are kept back.
    #[must_use]
    pub fn for_checks() -> Self {
        Self { purpose: Purpose::Checks, ..Self::default() }
    }
}
