//! Ranges of IP addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses, such as `10.0.0.0/8` or `2001:db8::/32`; a lone address is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    bits: u8,
}

impl Cidr {
    /// Whether the address is in the range. An IPv4 address written as IPv6 (`::ffff:0:0/96`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same(network.to_bits().into(), address.to_bits().into(), self.bits, 32)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => same(network.to_bits(), address.to_bits(), self.bits, 128),
            _ => false,
        }
    }
}

fn same(network: u128, address: u128, bits: u8, width: u8) -> bool {
    bits == 0 || (network ^ address) >> (width - bits) == 0
}

/// Not a range of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CidrError(String);

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a range of IP addresses: {:?} (expected something like 10.0.0.0/8)", self.0)
    }
}

impl std::error::Error for CidrError {}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        parse(text).ok_or_else(|| CidrError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Cidr> {
    let (network, bits) = match text.split_once('/') {
        Some((network, bits)) => (network.parse().ok()?, Some(bits)),
        None => (text.parse().ok()?, None),
    };
    let network: IpAddr = network;
    let width = if network.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(width), |bits| number(bits).filter(|bits| *bits <= width))?;
    Some(canonical(network, bits))
}

/// Digits alone: the standard library would take a sign too.
fn number(text: &str) -> Option<u8> {
    let is_digits = text.bytes().all(|octet| octet.is_ascii_digit());
    if is_digits { text.parse().ok() } else { None }
}

/// A range of IPv4 addresses that is written as IPv6 (`::ffff:0:0/96`) is one of IPv4.
fn canonical(network: IpAddr, bits: u8) -> Cidr {
    match (network, network.to_canonical()) {
        (IpAddr::V6(_), v4 @ IpAddr::V4(_)) if bits >= 96 => Cidr { network: v4, bits: bits - 96 },
        _ => Cidr { network, bits },
    }
}

impl From<IpAddr> for Cidr {
    fn from(network: IpAddr) -> Self {
        canonical(network, if network.is_ipv4() { 32 } else { 128 })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.bits)
    }
}

#[cfg(test)]
mod tests;
