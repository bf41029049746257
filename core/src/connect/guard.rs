//! Which addresses a peer may be connected to, asked once they are known.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use crate::error::Result;

/// Which addresses a peer may be connected to. A name that is harmless may resolve to an address that is not, at another time than it was looked
/// at: so this is asked by whoever connects, of each address, just before it is tried.
///
/// ```
/// use std::net::IpAddr;
/// use simplon_core::connect::{Guard, Peer};
/// use simplon_core::error::{Error, Kind};
/// use simplon_core::net::Address;
///
/// let no_loopback = Guard::new(|ip| if ip.is_loopback() { Err(Error::internal(Kind::Refused)) } else { Ok(()) });
/// let peer = Peer::builder(Address::parse("origin.example:443")?).guard(no_loopback).build()?;
/// assert!(peer.admits(IpAddr::from([127, 0, 0, 1])).is_err());
/// assert!(peer.admits(IpAddr::from([192, 0, 2, 1])).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Two guards are the same if one is a clone of the other.
#[derive(Clone)]
pub struct Guard(Arc<dyn Fn(IpAddr) -> Result<()> + Send + Sync>);

impl Guard {
    /// A guard that lets those addresses pass for which `admits` has no error. It is called while connecting: it should not wait.
    pub fn new(admits: impl Fn(IpAddr) -> Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(admits))
    }

    /// Both have to agree.
    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        Self::new(move |ip| self.admits(ip).and_then(|()| other.admits(ip)))
    }

    /// Whether this address may be connected to.
    ///
    /// # Errors
    /// It may not: what the guard says.
    pub fn admits(&self, ip: IpAddr) -> Result<()> {
        (self.0)(ip)
    }
}

impl PartialEq for Guard {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Guard {}

impl Hash for Guard {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).cast::<()>().hash(state);
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guard").finish_non_exhaustive()
    }
}
