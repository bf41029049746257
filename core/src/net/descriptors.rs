//! How the descriptors of the process are shared out, where nothing else is said.
//!
//! The limit is the process's (`RLIMIT_NOFILE`), so whoever may open many has a share of it: clients' connections, connections to origins, and
//! what makes those faster or likelier without being needed. The rest is kept back: for accepting, health checks, files and name lookups.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::sys;

/// Connections at most on either side, however many descriptors there are: at rest, so many of clients hold some 64 MiB.
const MOST_CONNECTIONS: usize = 32_768;
/// Where the system does not say how many there may be: what services are commonly given.
const USUAL_LIMIT: u64 = 65_536;
/// Of so many connections one goes to an origin: more clients rest than ask.
const ONE_TO_AN_ORIGIN_IN: usize = 3;

/// Who may have how many descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// What the process may have.
    pub(crate) limit: usize,
    /// For accepting, health checks, files and name lookups.
    pub(crate) kept_back: usize,
    /// Pipes past the process, and tries to connect beside another.
    pub(crate) extra: usize,
    /// Clients' connections.
    pub(crate) clients: usize,
    /// Connections to origins, in use or at rest.
    pub(crate) origins: usize,
}

impl Shares {
    /// Of a process that may have so many.
    pub(crate) fn of(limit: Option<u64>) -> Self {
        let limit = usize::try_from(limit.unwrap_or(USUAL_LIMIT)).unwrap_or(usize::MAX);
        let kept_back = (limit / 16).clamp(16, 1_024).min(limit / 2);
        let extra = (limit / 16).min(4_096);
        let rest = limit - kept_back - extra;
        let origins = rest / ONE_TO_AN_ORIGIN_IN;
        let clients = rest - origins;
        let most = |share: usize| share.clamp(1, MOST_CONNECTIONS);
        Self { limit, kept_back, extra, clients: most(clients), origins: most(origins) }
    }

    /// Of this process, as its limit is now.
    pub(crate) fn now() -> Self {
        let shares = Self::of(sys::descriptor_limit());
        EXTRA.most.store(shares.extra, Ordering::Relaxed);
        shares
    }

    /// Whether so many connections can be open at a time.
    fn object(&self, clients: usize, origins: usize) -> Option<TooMany> {
        let fits = self.limit - self.kept_back - self.extra;
        (clients.saturating_add(origins) > fits).then_some(TooMany { clients, origins, fits, limit: self.limit })
    }
}

/// More connections are allowed than the process can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    clients: usize,
    origins: usize,
    fits: usize,
    limit: usize,
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clients, origins, fits, limit } = self;
        write!(
            f,
            "{clients} connections of clients and {origins} to origins are allowed, but RLIMIT_NOFILE is {limit}, which leaves {fits} for both"
        )
    }
}

/// A bound that somebody gave to one side, in place of its share; taken back when dropped.
#[derive(Debug)]
pub(crate) struct Allowed {
    of: &'static AtomicUsize,
    connections: usize,
}

static CLIENTS: AtomicUsize = AtomicUsize::new(0);
static ORIGINS: AtomicUsize = AtomicUsize::new(0);

impl Allowed {
    /// A server takes so many connections.
    pub(crate) fn clients(connections: usize) -> Self {
        Self::new(&CLIENTS, connections)
    }

    /// So many connections to origins are allowed, by name.
    pub(crate) fn origins(connections: usize) -> Self {
        Self::new(&ORIGINS, connections)
    }

    fn new(of: &'static AtomicUsize, connections: usize) -> Self {
        of.fetch_add(connections, Ordering::Relaxed);
        Self { of, connections }
    }
}

impl Drop for Allowed {
    fn drop(&mut self) {
        self.of.fetch_sub(self.connections, Ordering::Relaxed);
    }
}

/// What is allowed in this process and does not fit into it. Asked at the start of whoever was given a bound.
pub(crate) fn contradiction() -> Option<TooMany> {
    let shares = Shares::now();
    let said = (CLIENTS.load(Ordering::Relaxed), ORIGINS.load(Ordering::Relaxed));
    let (clients, origins) = match said {
        // The shares fit.
        (0, 0) => return None,
        (0, origins) => (shares.clients, origins),
        (clients, 0) => (clients, shares.origins),
        both => both,
    };
    shares.object(clients, origins)
}

/// Descriptors of the share that nobody needs. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Extra(usize);

struct Taken {
    taken: AtomicUsize,
    most: AtomicUsize,
}

static EXTRA: Taken = Taken { taken: AtomicUsize::new(0), most: AtomicUsize::new(usize::MAX) };

impl Extra {
    /// Two, for a pipe. A quarter of the share is left to others.
    #[cfg(target_os = "linux")]
    pub(crate) fn pipe() -> Option<Self> {
        Self::take(2, EXTRA.most() / 4 * 3)
    }

    /// One, for a try to connect beside another.
    pub(crate) fn socket() -> Option<Self> {
        Self::take(1, EXTRA.most())
    }

    fn take(some: usize, most: usize) -> Option<Self> {
        let more = |taken: usize| (taken + some <= most).then_some(taken + some);
        EXTRA.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(some))
    }
}

impl Drop for Extra {
    fn drop(&mut self) {
        EXTRA.taken.fetch_sub(self.0, Ordering::Relaxed);
    }
}

impl Taken {
    fn most(&self) -> usize {
        match self.most.load(Ordering::Relaxed) {
            usize::MAX => Shares::now().extra,
            most => most,
        }
    }
}

#[cfg(test)]
mod tests;
