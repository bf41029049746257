//! What a server counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a server counts while it runs.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: Counter,
    pub(crate) refused_total: Counter,
    pub(crate) refused_per_ip: Counter,
    pub(crate) refused_by_filter: Counter,
    pub(crate) accept_errors: Counter,
    pub(crate) accept_pauses: Counter,
    pub(crate) handshakes: Counter,
    pub(crate) handshakes_failed: Counter,
    pub(crate) panics: Counter,
    pub(crate) cut: Counter,
    pub(crate) background_restarts: Counter,
}

/// What a server has counted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections accepted and served.
    pub accepted: u64,
    /// Connections closed at once, since there were too many.
    pub refused_total: u64,
    /// Connections closed at once, since there were too many of one address.
    pub refused_per_ip: u64,
    /// Connections closed by the connection filter.
    pub refused_by_filter: u64,
    /// Failures to accept, of whatever sort.
    pub accept_errors: u64,
    /// Pauses in accepting, for want of descriptors or memory.
    pub accept_pauses: u64,
    /// TLS handshakes completed.
    pub handshakes: u64,
    /// TLS handshakes that failed, for whatever reason.
    pub handshakes_failed: u64,
    /// Tasks that panicked: connections, and runs of background services.
    pub panics: u64,
    /// Connections and tasks cut off at the end of the drain.
    pub cut: u64,
    /// Runs of background services that followed a failure.
    pub background_restarts: u64,
}

impl Counters {
    pub(crate) fn read(&self) -> Stats {
        // No `..` on purpose: what is counted is shown.
        let Self {
            accepted,
            refused_total,
            refused_per_ip,
            refused_by_filter,
            accept_errors,
            accept_pauses,
            handshakes,
            handshakes_failed,
            panics,
            cut,
            background_restarts,
        } = self;
        Stats {
            accepted: accepted.read(),
            refused_total: refused_total.read(),
            refused_per_ip: refused_per_ip.read(),
            refused_by_filter: refused_by_filter.read(),
            accept_errors: accept_errors.read(),
            accept_pauses: accept_pauses.read(),
            handshakes: handshakes.read(),
            handshakes_failed: handshakes_failed.read(),
            panics: panics.read(),
            cut: cut.read(),
            background_restarts: background_restarts.read(),
        }
    }
}
