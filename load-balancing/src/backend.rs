//! One place that requests can go to.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use http::Extensions;
use simplon_core::connect::Peer;
use simplon_core::net::{Address, AddressError};

/// What tells one backend from another: its address and its group. Weight, label and the rest may change from one set to the
/// next without the backend becoming another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BackendId {
    address: Address,
    group: u64,
}

impl BackendId {
    /// The identity of whatever is reached through this peer.
    ///
    /// Cost: no allocation; a name or a path costs one atomic add.
    #[must_use]
    pub fn of(peer: &Peer) -> Self {
        Self { address: peer.address().clone(), group: peer.group() }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The group of its peer.
    #[must_use]
    pub fn group(&self) -> u64 {
        self.group
    }
}

impl fmt::Display for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group {
            0 => self.address.fmt(f),
            group => write!(f, "{}#{group}", self.address),
        }
    }
}

/// Whether an operator, or discovery, lets a backend be picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Enabled {
    /// It may be picked.
    Yes,
    /// It is not picked, however healthy.
    No,
}

/// One place that requests can go to. Equal by identity ([`BackendId`]) alone.
///
/// ```
/// use simplon_load_balancing::Backend;
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Zone(&'static str);
///
/// let backend = Backend::parse("192.0.2.7:80")?.with_weight(3).with_extension(Zone("north"));
/// assert_eq!(backend.weight(), 3);
/// assert_eq!(backend.extension::<Zone>(), Some(&Zone("north")));
/// assert_eq!(backend, Backend::parse("192.0.2.7:80")?); // the same place
/// # Ok::<(), simplon_core::net::AddressError>(())
/// ```
#[derive(Clone)]
pub struct Backend {
    id: BackendId,
    peer: Peer,
    weight: u32,
    enabled: Enabled,
    extensions: Extensions,
}

impl Backend {
    /// A backend that is reached through this peer: weight 1, enabled.
    #[must_use]
    pub fn new(peer: impl Into<Peer>) -> Self {
        let peer = peer.into();
        Self { id: BackendId::of(&peer), peer, weight: 1, enabled: Enabled::Yes, extensions: Extensions::new() }
    }

    /// A backend at the address in this text, as [`Address::parse`] reads it.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        Address::parse(text).map(Self::new)
    }

    /// Its share of the requests, in relation to the weights of the others. 0 takes it out: it is never picked, so that what it
    /// still has to do can end.
    #[must_use]
    pub fn with_weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// What it is called in records; not part of its identity.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.peer = self.peer.with_label(label);
        self
    }

    /// Whether it may be picked when it comes into a set.
    #[must_use]
    pub fn with_enabled(mut self, enabled: Enabled) -> Self {
        self.enabled = enabled;
        self
    }

    /// Attaches a value, one for each type: a zone, a version, whatever a caller's `accept` wants to see.
    #[must_use]
    pub fn with_extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// What tells it from others.
    #[must_use]
    pub fn id(&self) -> &BackendId {
        &self.id
    }

    /// How it is reached.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Its share of the requests.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// What it is called in records; empty unless given.
    #[must_use]
    pub fn label(&self) -> &str {
        self.peer.label()
    }

    /// What was said when it came into the set; [`crate::Balancer::status`] tells what holds now.
    #[must_use]
    pub fn enabled(&self) -> Enabled {
        self.enabled
    }

    /// The value of this type that was attached.
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.extensions.get()
    }

    /// Whether this peer leads to it.
    ///
    /// Cost: compares without copying; fit for the request path.
    #[must_use]
    pub fn is_reached_by(&self, peer: &Peer) -> bool {
        self.id.group == peer.group() && self.id.address == *peer.address()
    }
}

impl PartialEq for Backend {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Backend {}

impl Hash for Backend {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("id", &format_args!("{}", self.id))
            .field("label", &self.label())
            .field("weight", &self.weight)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label() {
            "" => self.id.fmt(f),
            label => write!(f, "{label} ({})", self.id),
        }
    }
}

#[cfg(test)]
mod tests;
