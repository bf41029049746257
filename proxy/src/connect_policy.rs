//! Which CONNECT requests are let through.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use http::StatusCode;
use simplon_core::connect::{Guard, Peer};
use simplon_core::net::Address;
use simplon_proto_http::RequestHead;

use crate::cidr::Cidr;
use crate::response::reject;

/// Which CONNECT requests reach the route. Default: none; the answer is 405.
///
/// A host is a name or an address as they are usually written. What only `inet_aton` takes for an address (`0x7f.1`, `2130706433`) is refused.
#[derive(Clone, Debug, Default)]
pub struct ConnectPolicy {
    ports: Vec<u16>,
    denied: Arc<[Cidr]>,
    guard: Option<Guard>,
}

impl ConnectPolicy {
    /// Only to these ports. An empty list allows none.
    #[must_use]
    pub fn to_ports(ports: impl IntoIterator<Item = u16>) -> Self {
        Self { ports: ports.into_iter().collect(), ..Self::default() }
    }

    /// Not to an address in these ranges, whether the target is one or a name that leads there: tunnels that end here
    /// ([`crate::Target::Tunnel`]) are held to it when they are made, for each address that is tried.
    ///
    /// An IPv6 address that stands for one of IPv4 is judged as both: mapped (`::ffff:0:0/96`), compatible (`::/96`), translated (`64:ff9b::/96`
    /// and `64:ff9b:1::/48`, RFC 6052, RFC 8215; `::ffff:0:0:0/96`, RFC 2765), 6to4 (`2002::/16`, RFC 3056) and Teredo (`2001::/32`, RFC 4380).
    /// The unspecified address is this machine, and counts as its loopback address.
    #[must_use]
    pub fn deny(mut self, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        let denied: Arc<[Cidr]> = self.denied.iter().copied().chain(ranges).collect();
        self.denied = Arc::clone(&denied);
        self.guard = Some(Guard::new(move |ip| if denies(&denied, ip) { Err(refusal()) } else { Ok(()) }));
        self
    }

    pub(crate) fn allows(&self, head: &RequestHead) -> bool {
        let authority = head.target.authority().and_then(|authority| std::str::from_utf8(authority).ok());
        match authority.map(Address::parse) {
            Some(Ok(Address::Inet(addr))) => self.ports.contains(&addr.port()) && !denies(&self.denied, addr.ip()),
            Some(Ok(Address::Name { port, .. })) => self.ports.contains(&port),
            _ => false,
        }
    }

    /// The far end of a tunnel, held to this policy.
    pub(crate) fn guarded(&self, peer: Peer) -> Peer {
        match &self.guard {
            Some(guard) => peer.with_guard(guard.clone()),
            None => peer,
        }
    }
}

/// What becomes of a request that is not let through.
pub(crate) fn refusal() -> simplon_core::Error {
    reject(StatusCode::METHOD_NOT_ALLOWED)
}

fn denies(ranges: &[Cidr], address: IpAddr) -> bool {
    let is_denied = |address: IpAddr| ranges.iter().any(|range| range.contains(address));
    let meant = match address {
        IpAddr::V4(address) => [Some(address), None],
        IpAddr::V6(address) => meant(address),
    };
    is_denied(address)
        || meant.into_iter().flatten().any(|address| is_denied(address.into()))
        // The system takes it for the machine itself.
        || (address.is_unspecified() || meant.contains(&Some(Ipv4Addr::UNSPECIFIED)))
            && [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()].into_iter().any(is_denied)
}

/// The IPv4 addresses that one of IPv6 may stand for; a Teredo address names a server and a client.
fn meant(address: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let bits = address.to_bits();
    let at = |shift: u32| Some(Ipv4Addr::from_bits((bits >> shift) as u32));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => [at(0), None],
        // Within the local prefix an address stands at the end, or around octet 8 (RFC 6052 §2.2).
        [0x64, 0xff9b, 1, high, ..] => {
            let [.., third, fourth, _, _, _, _, _] = address.octets();
            let [first, second] = high.to_be_bytes();
            [at(0), Some(Ipv4Addr::new(first, second, third, fourth))]
        }
        [0x2002, ..] => [at(80), None],
        [0x2001, 0, ..] => [at(64), at(0).map(|client| Ipv4Addr::from_bits(!client.to_bits()))],
        _ => [None, None],
    }
}

#[cfg(test)]
mod tests;
