//! Handshakes that failed, as they can be observed.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Reason};

/// Is told of handshakes that failed.
///
/// Whoever connects can make one fail, so that only so many are told within a second ([`crate::ServerConfig::failures_a_second`]); each tells how
/// many were left out before it. What counts all of them is [`crate::Terminator::failed`].
pub trait Observe: Send + Sync + 'static {
    /// One failed. Called where the handshake ran; must not wait.
    fn failed(&self, failure: &Failure<'_>);
}

impl<F: Fn(&Failure<'_>) + Send + Sync + 'static> Observe for F {
    fn failed(&self, failure: &Failure<'_>) {
        self(failure);
    }
}

/// A handshake that failed.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Failure<'a> {
    /// Who it was.
    pub from: Option<SocketAddr>,
    /// The name that was asked for; `None` if none was, or no ClientHello came.
    pub server_name: Option<&'a str>,
    /// Why.
    pub reason: Reason,
    /// The same with what the library says.
    pub error: &'a Error,
    /// How many failed since the last one that was told, and were not.
    pub left_out: u64,
}

impl fmt::Debug for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, server_name, reason, error: _, left_out } = self;
        f.debug_struct("Failure")
            .field("from", from)
            .field("server_name", server_name)
            .field("reason", reason)
            .field("left_out", left_out)
            .finish_non_exhaustive()
    }
}

/// Counts failures, and says which of them are told.
#[derive(Debug, Default)]
pub(super) struct Failures {
    all: AtomicU64,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    since: Option<Instant>,
    now: u32,
    left_out: u64,
}

impl Failures {
    /// One more: how many were left out before it, if it is to be told.
    pub(super) fn add(&self, most: u32) -> Option<u64> {
        self.all.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.since.is_none_or(|since| now.duration_since(since) >= SECOND) {
            (told.since, told.now) = (Some(now), 0);
        }
        if told.now >= most {
            told.left_out += 1;
            return None;
        }
        told.now += 1;
        Some(std::mem::take(&mut told.left_out))
    }

    pub(super) fn all(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
