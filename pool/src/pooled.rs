//! A connection with what the pool has to remember of it.

use std::time::{Duration, Instant};

/// A connection that came from the pool or may go there.
#[derive(Clone, Debug)]
pub struct Pooled<C> {
    /// The connection itself.
    pub connection: C,
    born: Instant,
    requests: u32,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) left: Option<u32>,
}

impl<C> Pooled<C> {
    /// A connection opened at `born` that has served nothing yet.
    pub const fn new(connection: C, born: Instant) -> Self {
        Self { connection, born, requests: 0, idle_timeout: None, left: None }
    }

    /// When it was opened.
    pub const fn born(&self) -> Instant {
        self.born
    }

    /// How often it was put to rest, which is after each request that it served.
    pub const fn requests(&self) -> u32 {
        self.requests
    }

    /// The peer's own bound on rest, as in `Keep-Alive: timeout=n`. The shorter one of this and of the pool's holds;
    /// it stays until it is set again.
    pub const fn limit_rest(&mut self, timeout: Duration) {
        self.idle_timeout = Some(timeout);
    }

    /// How many more requests the peer will serve, as in `Keep-Alive: max=n`. Counted down until it is set again; at
    /// 0 the connection does not rest any more.
    pub const fn limit_requests(&mut self, left: u32) {
        self.left = Some(left);
    }

    pub(crate) const fn count_request(&mut self) {
        self.requests = self.requests.saturating_add(1);
    }

    pub(crate) fn spend(&mut self) {
        self.left = self.left.map(|left| left.saturating_sub(1));
    }
}
