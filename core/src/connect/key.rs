//! All that makes two connections to a peer interchangeable.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use super::guard::Guard;
use super::peer::{Fields, PortRange};
use super::versions::Versions;
use crate::net::{Address, SocketOptions};
use crate::tls::TlsClient;

/// All that makes two connections to a peer interchangeable: equal keys, and only those.
///
/// Cost: cloning is one atomic add, hashing feeds one `u64` that was computed once, comparing is one pointer in the common case.
/// Keys are compared by equality, never by hash alone.
#[derive(Clone)]
pub struct ReuseKey(Arc<Inner>);

struct Inner {
    hash: u64,
    parts: Parts,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    address: Address,
    bind: Option<IpAddr>,
    ports: Option<PortRange>,
    group: u64,
    /// Options of the socket live as long as the connection: one made with others is another connection.
    tcp: SocketOptions,
    tls: Option<TlsClient>,
    versions: Versions,
    guard: Option<Guard>,
}

impl ReuseKey {
    pub(super) fn of(peer: &Fields) -> Self {
        // No `..` on purpose: a new field must be placed in the key or ruled out here, in review.
        // Of a connection that rests, it makes no difference any more when its first octets left.
        let Fields { address, bind, ports, group, tcp, tls, versions, guard, fast_open: _, timeouts: _, label: _ } =
            peer;
        let parts = Parts {
            address: address.clone(),
            bind: *bind,
            ports: *ports,
            group: *group,
            tcp: *tcp,
            tls: tls.clone(),
            versions: *versions,
            guard: guard.clone(),
        };
        let mut hasher = DefaultHasher::new();
        parts.hash(&mut hasher);
        Self(Arc::new(Inner { hash: hasher.finish(), parts }))
    }

    /// A number that is the same for equal keys, such as for choosing a shard.
    #[must_use]
    pub fn spread(&self) -> u64 {
        self.0.hash
    }

    /// The address in it.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0.parts.address
    }
}

impl PartialEq for ReuseKey {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.parts == other.0.parts)
    }
}

impl Eq for ReuseKey {}

impl Hash for ReuseKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl fmt::Debug for ReuseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.parts.fmt(f)
    }
}

#[cfg(test)]
mod tests;
