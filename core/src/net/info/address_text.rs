//! An IP address as text, in place: a connection has one, and writing it is no reason to go to the heap.

use std::io::Write;
use std::net::IpAddr;

/// Octets of the longest address, an IPv6 one whose last four are written as IPv4.
const LONGEST: usize = 45;

#[derive(Clone, Debug)]
pub(super) struct AddressText {
    octets: [u8; LONGEST],
    len: u8,
}

impl AddressText {
    pub(super) fn of(ip: IpAddr) -> Self {
        let mut text = Self { octets: [0; LONGEST], len: 0 };
        match ip {
            IpAddr::V4(ip) => text.push_v4(ip.octets()),
            IpAddr::V6(ip) => {
                let mut rest = &mut text.octets[..];
                let fits = write!(rest, "{ip}");
                debug_assert!(fits.is_ok(), "{ip}");
                text.len = (LONGEST - rest.len()) as u8;
            }
        }
        text
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.octets[..usize::from(self.len)]
    }

    /// Most addresses are of this kind, and the formatter of the standard library takes ten times as long.
    fn push_v4(&mut self, numbers: [u8; 4]) {
        for (at, number) in numbers.into_iter().enumerate() {
            if at > 0 {
                self.push(b'.');
            }
            if number >= 100 {
                self.push(b'0' + number / 100);
            }
            if number >= 10 {
                self.push(b'0' + number / 10 % 10);
            }
            self.push(b'0' + number % 10);
        }
    }

    fn push(&mut self, octet: u8) {
        self.octets[usize::from(self.len)] = octet;
        self.len += 1;
    }
}

#[cfg(test)]
mod tests;
