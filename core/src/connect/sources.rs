//! Addresses to connect from.

use std::net::{IpAddr, SocketAddr};

use super::random;

/// Addresses to connect from, by family.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    v4: Vec<IpAddr>,
    v6: Vec<IpAddr>,
}

impl Sources {
    /// One of the destination's family, at random; `None` where there is none, so that the system chooses.
    pub(super) fn towards(&self, destination: &SocketAddr) -> Option<IpAddr> {
        let family = if destination.is_ipv4() { &self.v4 } else { &self.v6 };
        family.get(random::below(family.len())).copied()
    }
}

impl FromIterator<IpAddr> for Sources {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Self {
        let (v4, v6) = addresses.into_iter().partition(IpAddr::is_ipv4);
        Self { v4, v6 }
    }
}

#[cfg(test)]
mod tests;
