//! Where to connect to.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// Longest host name, in octets (RFC 1035 §2.3.4).
const HOST_OCTETS: usize = 253;

/// Where to connect to.
///
/// Shape: `192.0.2.1:80`, `[2001:db8::1]:80`, `origin.example:80`, `unix:/run/app.sock`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// An IP address with its port.
    Inet(SocketAddr),
    /// The path of a Unix socket.
    Unix(Arc<Path>),
    /// A name, looked up when a connection is made.
    Name {
        /// The name, as written.
        host: Arc<str>,
        /// The port.
        port: u16,
    },
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        match text.strip_prefix("unix:") {
            Some("") => Err(AddressError::EmptyPath),
            Some(path) if path.contains('\0') => Err(AddressError::Host),
            Some(path) => Ok(Self::Unix(Path::new(path).into())),
            None => parse_inet(text),
        }
    }

    /// The IP address with its port, if it needs no lookup.
    #[must_use]
    pub fn as_inet(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(addr) => Some(*addr),
            Self::Unix(_) | Self::Name { .. } => None,
        }
    }
}

fn parse_inet(text: &str) -> Result<Address, AddressError> {
    let (host, port) = split(text)?;
    let port = parse_port(port)?;
    if let Some(inside) = host.strip_prefix('[') {
        let inside = inside.strip_suffix(']').ok_or(AddressError::Bracket)?;
        // With a scope, as in `fe80::1%2`, the standard library reads the whole of it.
        let addr: Result<Ipv6Addr, _> = inside.parse();
        return match addr {
            Ok(ip) => Ok(Address::Inet((ip, port).into())),
            Err(_) => text.parse().map(Address::Inet).map_err(|_| AddressError::Ipv6),
        };
    }
    match host.parse::<IpAddr>() {
        Ok(ip) => Ok(Address::Inet((ip, port).into())),
        Err(_) if is_name(host) => Ok(Address::Name { host: host.into(), port }),
        Err(_) => Err(AddressError::Host),
    }
}

fn split(text: &str) -> Result<(&str, &str), AddressError> {
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    if text.starts_with('[') {
        let end = text.find(']').ok_or(AddressError::Bracket)?;
        let port = text[end + 1..].strip_prefix(':').ok_or(AddressError::NoPort)?;
        return Ok((&text[..=end], port));
    }
    let (host, port) = text.rsplit_once(':').ok_or(AddressError::NoPort)?;
    match host {
        "" => Err(AddressError::Host),
        host if host.contains(':') => Err(AddressError::Unbracketed),
        host => Ok((host, port)),
    }
}

fn parse_port(port: &str) -> Result<u16, AddressError> {
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| port.parse().ok()).flatten().ok_or(AddressError::Port)
}

fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let bare = host.strip_suffix('.').unwrap_or(host);
    !is_number(bare) && bare.len() <= HOST_OCTETS && bare.split('.').all(label)
}

/// Whether resolvers read this as an IPv4 address (`inet_aton`): numbers alone, decimal, octal or hexadecimal, as in `127.1` and `0x7f000001`.
/// Such a name would lead elsewhere than it says.
fn is_number(host: &str) -> bool {
    let number = |label: &str| match label.as_bytes() {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        digits => digits.iter().all(u8::is_ascii_digit),
    };
    host.split('.').all(number)
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self::Inet(addr)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(addr) => addr.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

/// What is wrong with the text of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// There is no text.
    Empty,
    /// There is no `:port` at the end.
    NoPort,
    /// The port is no number from 0 to 65535.
    Port,
    /// The host is empty, or no name and no address.
    Host,
    /// A bracket that is not closed.
    Bracket,
    /// What stands in brackets is no IPv6 address.
    Ipv6,
    /// An IPv6 address that needs brackets, so that its port can be told.
    Unbracketed,
    /// `unix:` without a path.
    EmptyPath,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the address is empty",
            Self::NoPort => "the address has no port: expected host:port",
            Self::Port => "the port is not a number from 0 to 65535",
            Self::Host => "the host is neither an IP address nor a host name",
            Self::Bracket => "a bracket is not closed: expected [address]:port",
            Self::Ipv6 => "no IPv6 address between the brackets",
            Self::Unbracketed => "an IPv6 address with a port needs brackets: [address]:port",
            Self::EmptyPath => "unix: needs the path of a socket",
        })
    }
}

impl std::error::Error for AddressError {}

#[cfg(test)]
mod tests;
