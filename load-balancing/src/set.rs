//! All backends of a service at one moment.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use simplon_core::net::AddressError;

use crate::backend::{Backend, BackendId};

/// All backends of a service at one moment: ordered, immutable, cheap to clone.
///
/// A backend that is named more than once stands there once, at its first place, with the sum of the weights: to list an origin
/// twice is to give it twice the share.
///
/// ```
/// use simplon_load_balancing::BackendSet;
/// let set = BackendSet::parse(["192.0.2.1:80", "192.0.2.2:80", "192.0.2.1:80"])?;
/// let weights: Vec<u32> = set.iter().map(|backend| backend.weight()).collect();
/// assert_eq!(weights, [2, 1]);
/// # Ok::<(), simplon_core::net::AddressError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BackendSet(Arc<[Arc<Backend>]>);

impl BackendSet {
    /// One without backends.
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::new([]))
    }

    /// Backends of weight 1 at these addresses, as [`simplon_core::net::Address::parse`] reads them.
    ///
    /// # Errors
    /// What is wrong with the first text that is no address.
    pub fn parse<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, AddressError> {
        texts.into_iter().map(|text| Backend::parse(text.as_ref())).collect()
    }

    /// The backends in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Arc<Backend>> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one at this place.
    #[must_use]
    pub fn nth(&self, index: usize) -> Option<&Arc<Backend>> {
        self.0.get(index)
    }
}

impl Default for BackendSet {
    fn default() -> Self {
        Self::empty()
    }
}

impl FromIterator<Backend> for BackendSet {
    fn from_iter<I: IntoIterator<Item = Backend>>(backends: I) -> Self {
        let mut unique: Vec<Backend> = Vec::new();
        let mut places: HashMap<BackendId, usize> = HashMap::new();
        for backend in backends {
            match places.entry(backend.id().clone()) {
                Entry::Vacant(place) => {
                    place.insert(unique.len());
                    unique.push(backend);
                }
                Entry::Occupied(place) => add_weight(&mut unique[*place.get()], backend.weight()),
            }
        }
        Self(unique.into_iter().map(Arc::new).collect())
    }
}

fn add_weight(backend: &mut Backend, more: u32) {
    let weight = backend.weight().saturating_add(more);
    *backend = backend.clone().with_weight(weight);
}

impl<'a> IntoIterator for &'a BackendSet {
    type Item = &'a Arc<Backend>;
    type IntoIter = std::slice::Iter<'a, Arc<Backend>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
