//! How long a peer may take over what is written to it, by what it acknowledges.
//!
//! **What it is.** The wait of a writer. It begins when the transport takes nothing, has a credit, and what the transport takes is worth time at
//! a least rate ([`Allowance`]). The transport is no witness, though: a kernel with a send buffer of some megabytes takes nothing for minutes
//! while its peer reads all the time. So before anybody is cut, the kernel is asked what the peer has acknowledged.
//!
//! **What it costs.** Nothing while writes pass. A wait asks once early, to have something to compare with, and once at its end.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use super::allowance::Allowance;

/// The wait for a peer to take what was written. See the module.
#[derive(Debug)]
pub(super) struct Uptake {
    allowance: Allowance,
    /// When the kernel is asked first.
    look_by: Option<Instant>,
    /// Whether anybody can be asked; known once somebody waited.
    asks: Option<bool>,
    /// What the peer had acknowledged when the kernel was asked last. Where the kernel counts its own overhead this may be below nothing.
    acknowledged: Option<i64>,
    /// What a transport that counts by itself had taken when it was looked at last.
    counted: u64,
}

/// The part of a wait after which the kernel is asked first.
const EARLY: u32 = 8;

impl Uptake {
    pub(super) const fn new(most: Duration, rate: Option<NonZeroU32>) -> Self {
        Self { allowance: Allowance::new(most, rate), look_by: None, asks: None, acknowledged: None, counted: 0 }
    }

    /// Another bound, also on a wait that has begun: it begins anew.
    pub(super) fn set(&mut self, most: Duration, rate: Option<NonZeroU32>) {
        *self = Self { asks: self.asks, counted: self.counted, ..Self::new(most, rate) };
    }

    /// Another bound or another rate; what is `None` stays.
    pub(super) fn change(&mut self, most: Option<Duration>, rate: Option<Option<NonZeroU32>>) {
        self.restart();
        self.allowance.change(most, rate);
    }

    /// When it has to be looked at, while it runs.
    pub(super) fn by(&self) -> Option<Instant> {
        self.look_by.or_else(|| self.allowance.by())
    }

    /// Somebody waits; `asks` tells whether what the peer acknowledged can be asked at all.
    pub(super) fn begin(&mut self, asks: impl FnOnce() -> bool) {
        if self.allowance.by().is_some() {
            return;
        }
        self.allowance.begin();
        if self.acknowledged.is_none() && *self.asks.get_or_insert_with(asks) {
            let now = Instant::now();
            self.look_by = self.allowance.by().map(|by| now + by.saturating_duration_since(now) / EARLY);
        }
    }

    /// The transport took something. What the peer acknowledged before that is not counted once more.
    pub(super) fn took(&mut self, octets: u64) {
        if octets > 0 && !self.allowance.is_fresh() {
            self.allowance.credit(octets);
            self.allowance.pause();
            (self.look_by, self.acknowledged) = (None, None);
        }
    }

    /// Octets were written. What a session of TLS took into its own buffers does not count: of that, `counted` is what its transport took, ever.
    #[inline]
    pub(super) fn wrote(&mut self, octets: u64, counted: Option<u64>) {
        match counted {
            None => self.took(octets),
            Some(counted) => {
                self.took(counted.saturating_sub(self.counted));
                self.counted = counted;
            }
        }
    }

    /// Whether nobody waited yet since it was made, or restarted.
    pub(super) const fn is_fresh(&self) -> bool {
        self.allowance.is_fresh()
    }

    /// Nobody waits any more.
    pub(super) fn pause(&mut self) {
        if self.allowance.by().is_some() {
            self.allowance.pause();
            (self.look_by, self.acknowledged) = (None, None);
        }
    }

    /// The next wait has all its credit.
    pub(super) const fn restart(&mut self) {
        self.allowance.restart();
        self.look_by = None;
        self.acknowledged = None;
    }

    /// Whether it ran out, once what the peer acknowledged meanwhile is counted: `asked` tells how much that is in all, if anybody knows.
    pub(super) fn is_over(&mut self, now: Instant, asked: impl FnOnce() -> Option<i64>) -> bool {
        self.is_share_over(now, 1, asked)
    }

    /// The same for one of `sharers` that wait for the same socket.
    #[cold]
    pub(super) fn is_share_over(&mut self, now: Instant, sharers: u32, asked: impl FnOnce() -> Option<i64>) -> bool {
        if self.by().is_none_or(|by| by > now) {
            return false;
        }
        self.look_by = None;
        if let Some(acknowledged) = asked() {
            let before = self.acknowledged.replace(acknowledged);
            let octets = before.map_or(0, |before| acknowledged.saturating_sub(before));
            if let Ok(octets @ 1..) = u64::try_from(octets / i64::from(sharers.max(1))) {
                self.allowance.credit(octets);
                self.allowance.begin();
            }
        }
        self.allowance.is_over(now)
    }
}

#[cfg(test)]
mod tests;
