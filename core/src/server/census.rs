//! How many connections there are, and how many there may be.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::net::descriptors::{self, Allowed, Shares};

/// Locks that the counts per address are spread over.
const SHARDS: usize = 16;

/// How many connections may be open at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionLimits {
    /// All together; more are closed at once. Default: a share of `RLIMIT_NOFILE`, at most 32,768: two thirds of what is left after a sixteenth was
    /// kept back for accepting, health checks and files, and another for what is not needed; the other third is for connections to origins. With
    /// 1,024 descriptors it is 598. At rest, 32,768 hold some 64 MiB.
    pub total: usize,
    /// From one IPv4 address, or one /64 of IPv6, since that is what one host is given. Default: no limit, as many clients may
    /// stand behind one address.
    pub per_ip: Option<NonZeroU32>,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { total: Shares::now().clients, per_ip: None }
    }
}

/// Why a connection is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    Total,
    PerIp,
}

/// Counts connections.
#[derive(Debug)]
pub(super) struct Census {
    limits: ConnectionLimits,
    open: AtomicUsize,
    _said: Option<Allowed>,
    hosts: [Mutex<HashMap<IpAddr, u32>>; SHARDS],
}

impl Census {
    /// With these limits. Says in the log if there are not descriptors for as many.
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        // Shares fit; what was said may not.
        let said = (limits.total != Shares::now().clients).then(|| Allowed::clients(limits.total));
        if said.is_some()
            && let Some(too_many) = descriptors::contradiction()
        {
            tracing::warn!("{too_many}");
        }
        Self { limits, open: AtomicUsize::new(0), hosts: std::array::from_fn(|_| Mutex::default()), _said: said }
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// Counts a connection in, or says why not.
    pub(super) fn enter(&self, ip: Option<IpAddr>) -> Result<(), Full> {
        if self.open.fetch_add(1, Ordering::AcqRel) >= self.limits.total {
            self.open.fetch_sub(1, Ordering::AcqRel);
            return Err(Full::Total);
        }
        if !self.enter_host(ip) {
            self.open.fetch_sub(1, Ordering::AcqRel);
            return Err(Full::PerIp);
        }
        Ok(())
    }

    /// Counts a connection out; gives how many are left.
    pub(super) fn leave(&self, ip: Option<IpAddr>) -> usize {
        if let (Some(_), Some(ip)) = (self.limits.per_ip, ip) {
            self.with_host(ip, |hosts, host| {
                if let Some(count) = hosts.get_mut(&host) {
                    *count -= 1;
                    if *count == 0 {
                        hosts.remove(&host);
                    }
                }
            });
        }
        self.open.fetch_sub(1, Ordering::AcqRel) - 1
    }

    fn enter_host(&self, ip: Option<IpAddr>) -> bool {
        let (Some(cap), Some(ip)) = (self.limits.per_ip, ip) else { return true };
        self.with_host(ip, |hosts, host| {
            let count = hosts.get(&host).copied().unwrap_or(0);
            let fits = count < cap.get();
            if fits {
                hosts.insert(host, count + 1);
            }
            fits
        })
    }

    fn with_host<T>(&self, ip: IpAddr, act: impl FnOnce(&mut HashMap<IpAddr, u32>, IpAddr) -> T) -> T {
        let host = host_of(ip);
        let mut hosts = self.hosts[shard_of(host)].lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut hosts, host)
    }

    #[cfg(test)]
    fn hosts(&self) -> usize {
        self.hosts.iter().map(|hosts| hosts.lock().unwrap().len()).sum()
    }
}

/// What counts as one host.
fn host_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

/// The end of an IPv4 address and of an IPv6 network vary most.
fn shard_of(host: IpAddr) -> usize {
    let octet = match host {
        IpAddr::V4(v4) => v4.octets()[3],
        IpAddr::V6(v6) => v6.octets()[7],
    };
    usize::from(octet) % SHARDS
}

#[cfg(test)]
mod tests;
