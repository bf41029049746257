//! Which CONNECT requests are let through.

use std::net::IpAddr;

use simplon_proto_http::RequestHead;

use crate::cidr::Cidr;

/// Which CONNECT requests reach the route. Default: none; the answer is 405.
#[derive(Clone, Debug, Default)]
pub struct ConnectPolicy {
    ports: Vec<u16>,
    denied: Vec<Cidr>,
}

impl ConnectPolicy {
    /// Only to these ports. An empty list allows none.
    #[must_use]
    pub fn to_ports(ports: impl IntoIterator<Item = u16>) -> Self {
        Self { ports: ports.into_iter().collect(), denied: Vec::new() }
    }

    /// Not to an address in these ranges, where the target is an address. A name is resolved by the connector: check there what it may
    /// resolve to.
    #[must_use]
    pub fn deny(mut self, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        self.denied.extend(ranges);
        self
    }

    pub(crate) fn allows(&self, head: &RequestHead) -> bool {
        let Some((host, port)) = head.target.authority().and_then(split) else { return false };
        self.ports.contains(&port) && !host.parse::<IpAddr>().is_ok_and(|address| self.denies(address))
    }

    fn denies(&self, address: IpAddr) -> bool {
        self.denied.iter().any(|range| range.contains(address))
    }
}

/// Host (without brackets) and port of an authority.
fn split(authority: &[u8]) -> Option<(&str, u16)> {
    let (host, port) = std::str::from_utf8(authority).ok()?.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some((host, port.parse().ok()?))
}

#[cfg(test)]
mod tests;
