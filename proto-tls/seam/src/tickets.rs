//! Keys of session tickets (RFC 5077, RFC 8446 §4.6.1): rotated, shared by all workers, and by a file between processes.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use crate::error::ConfigError;
use crate::identity::read;

/// Octets of one key in a file: name, cipher key, MAC key.
const KEY_OCTETS: usize = 80;
/// Keys before the current one that still open tickets.
const OLD_KEYS: usize = 2;

/// One key.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketKey {
    /// Stands in the ticket, in the clear, so that the key is found again.
    pub name: [u8; 16],
    /// For the cipher.
    pub cipher: [u8; 32],
    /// For the MAC.
    pub mac: [u8; 32],
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name alone is no secret.
        f.debug_struct("TicketKey").field("name", &self.name).finish_non_exhaustive()
    }
}

impl TicketKey {
    fn of_octets(octets: &[u8; KEY_OCTETS]) -> Self {
        let (mut name, mut cipher, mut mac) = ([0; 16], [0; 32], [0; 32]);
        name.copy_from_slice(&octets[..16]);
        cipher.copy_from_slice(&octets[16..48]);
        mac.copy_from_slice(&octets[48..]);
        Self { name, cipher, mac }
    }

    fn random() -> Self {
        let mut octets = [0; KEY_OCTETS];
        // The system's source of randomness does not fail once it is seeded; without it no TLS is possible at all.
        let filled = getrandom::fill(&mut octets);
        debug_assert!(filled.is_ok(), "no randomness");
        Self::of_octets(&octets)
    }

    /// Another key that only those who know this one can make, for tickets that must not be taken in another context: other trusted
    /// certificates, for instance.
    #[must_use]
    pub fn for_context(&self, context: &[u8]) -> Self {
        let part = |label: &[u8]| -> [u8; 32] {
            let mut hash = Sha256::new();
            for piece in [label, &self.name, &self.cipher, &self.mac, context] {
                hash.update((piece.len() as u64).to_be_bytes());
                hash.update(piece);
            }
            hash.finalize().into()
        };
        let mut name = [0; 16];
        name.copy_from_slice(&part(b"name")[..16]);
        Self { name, cipher: part(b"cipher"), mac: part(b"mac") }
    }
}

/// Keys of session tickets. The first one makes tickets; the others open those made before. Shared behind an `Arc` by all listeners and
/// backends that are to know each other's tickets.
#[derive(Debug)]
pub struct TicketKeys(ArcSwap<Vec<TicketKey>>);

impl TicketKeys {
    /// A random key, known to this process alone.
    #[must_use]
    pub fn random() -> Self {
        Self(ArcSwap::from_pointee(vec![TicketKey::random()]))
    }

    /// Keys of a file, 80 octets each, the current one first: shared with other processes that read it.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn of_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        Ok(Self(ArcSwap::from_pointee(keys_of_file(path)?)))
    }

    /// Reads the file again.
    ///
    /// # Errors
    /// As [`Self::of_file`]; the keys stay as they were.
    pub fn reload(&self, path: impl AsRef<Path>) -> Result<(), ConfigError> {
        self.0.store(Arc::new(keys_of_file(path.as_ref())?));
        Ok(())
    }

    /// A new random key makes tickets from now on; the two before still open theirs.
    pub fn rotate(&self) {
        let new = TicketKey::random();
        self.0.rcu(|keys| std::iter::once(&new).chain(keys.iter().take(OLD_KEYS)).cloned().collect::<Vec<_>>());
    }

    /// Rotates for ever.
    ///
    /// Cancel: no more rotation.
    pub async fn rotate_every(&self, period: Duration) {
        loop {
            tokio::time::sleep(period).await;
            self.rotate();
        }
    }

    /// All keys of now, the one that makes tickets first. Never empty.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<TicketKey>> {
        self.0.load_full()
    }
}

fn keys_of_file(path: &Path) -> Result<Vec<TicketKey>, ConfigError> {
    let octets = read(path)?;
    let (keys, rest) = octets.as_chunks::<KEY_OCTETS>();
    if keys.is_empty() || !rest.is_empty() {
        let what = format!("ticket keys in {}: {} octets, not a multiple of 80", path.display(), octets.len());
        return Err(ConfigError::Malformed { what });
    }
    Ok(keys.iter().map(TicketKey::of_octets).collect())
}

#[cfg(test)]
mod tests;
