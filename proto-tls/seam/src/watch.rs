//! Files read again when they change; what is wrong with them is said, and the last good ones stay.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use crate::error::ConfigError;
use crate::hello::ClientHello;
use crate::identity::pair::Pair;
use crate::identity::{Identity, read};
use crate::session::BoxFuture;
use crate::site::{Found, Site, Sites};

/// A site whose certificate, key and staple stand in files.
#[derive(Debug)]
pub struct FileSite {
    chain: PathBuf,
    key: PathBuf,
    staple: Option<PathBuf>,
    current: ArcSwap<Site>,
    seen: Mutex<Stamp>,
}

/// A digest of what stands in the files. Times and lengths do not tell: a file can be put in place with those of the one before (`cp -p`, `tar`).
type Stamp = [u8; 32];

/// What a look at the files came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// They are as before.
    Same,
    /// They were read again.
    Reloaded,
}

impl FileSite {
    /// Reads the files.
    ///
    /// # Errors
    /// One cannot be read, or is not what it should be; the key belongs to another certificate. Names the files.
    pub fn new(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        Self::with_staple(chain.into(), key.into(), None)
    }

    /// The same with an OCSP response in DER.
    ///
    /// # Errors
    /// One cannot be read, or is not what it should be.
    pub fn stapled(
        chain: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        staple: impl Into<PathBuf>,
    ) -> Result<Self, ConfigError> {
        Self::with_staple(chain.into(), key.into(), Some(staple.into()))
    }

    fn with_staple(chain: PathBuf, key: PathBuf, staple: Option<PathBuf>) -> Result<Self, ConfigError> {
        let contents = Contents::read(&chain, &key, staple.as_deref());
        let seen = Mutex::new(contents.stamp());
        let site = contents.load(&chain, &key)?;
        is_pair(&site)?;
        Ok(Self { chain, key, staple, current: ArcSwap::from_pointee(site), seen })
    }

    /// The site as it was read last.
    #[must_use]
    pub fn current(&self) -> Arc<Site> {
        self.current.load_full()
    }

    /// Reads the files again, changed or not.
    ///
    /// # Errors
    /// One cannot be read, or is not what it should be; the key belongs to another certificate. The site stays as it was.
    pub fn reload(&self) -> Result<(), ConfigError> {
        self.reload_with(|_| Ok(()))
    }

    /// The same, if `check` takes what was read: [`crate::Terminator::prepare`] has the library look at it, which knows more of keys than their
    /// octets tell.
    ///
    /// # Errors
    /// As [`Self::reload`], and those of `check`.
    pub fn reload_with(&self, check: impl FnOnce(&Site) -> Result<(), ConfigError>) -> Result<(), ConfigError> {
        self.take(&self.contents(), check)
    }

    fn take(
        &self,
        contents: &Contents,
        check: impl FnOnce(&Site) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = contents.stamp();
        let site = contents.load(&self.chain, &self.key)?;
        check(&site)?;
        is_pair(&site)?;
        self.current.store(Arc::new(site));
        Ok(())
    }

    /// Reads the files again if one of them has changed.
    ///
    /// # Errors
    /// As [`Self::reload`]. A file that is half written is read again when it has changed once more.
    pub fn look(&self) -> Result<Looked, ConfigError> {
        self.look_with(|_| Ok(()))
    }

    /// The same, if `check` takes what was read.
    ///
    /// # Errors
    /// As [`Self::look`], and those of `check`.
    pub fn look_with(&self, check: impl FnOnce(&Site) -> Result<(), ConfigError>) -> Result<Looked, ConfigError> {
        let contents = self.contents();
        let is_same = *self.seen.lock().unwrap_or_else(PoisonError::into_inner) == contents.stamp();
        if is_same { Ok(Looked::Same) } else { self.take(&contents, check).map(|()| Looked::Reloaded) }
    }

    /// Looks for ever, and says what it finds. With [`crate::Terminator::prepare`] as `check`, a certificate that was replaced before its key
    /// does not come into force before that is, too.
    ///
    /// Cancel: nobody looks any more.
    pub async fn watch(&self, period: Duration, check: impl Fn(&Site) -> Result<(), ConfigError>) {
        loop {
            tokio::time::sleep(period).await;
            let files = self.chain.display();
            match self.look_with(&check) {
                Ok(Looked::Same) => {}
                Ok(Looked::Reloaded) => tracing::info!(%files, "certificate reloaded"),
                Err(error) => tracing::warn!(%files, %error, "certificate not reloaded; the last good one stays"),
            }
        }
    }

    fn contents(&self) -> Contents {
        Contents::read(&self.chain, &self.key, self.staple.as_deref())
    }
}

impl Sites for FileSite {
    fn choose<'a>(&'a self, _hello: &'a ClientHello, _from: Option<SocketAddr>) -> BoxFuture<'a, Option<Arc<Site>>> {
        Box::pin(std::future::ready(Some(self.current())))
    }

    fn find(&self, _name: &str) -> Found {
        Found::Site(self.current())
    }

    fn standing(&self) -> Vec<Arc<Site>> {
        vec![self.current()]
    }
}

/// What stands in the files, or why they cannot be read.
struct Contents {
    chain: Result<Vec<u8>, ConfigError>,
    key: Result<Vec<u8>, ConfigError>,
    staple: Option<Result<Vec<u8>, ConfigError>>,
}

impl Contents {
    fn read(chain: &Path, key: &Path, staple: Option<&Path>) -> Self {
        Self { chain: read(chain), key: read(key), staple: staple.map(read) }
    }

    fn stamp(&self) -> Stamp {
        let mut hash = Sha256::new();
        for file in [Some(&self.chain), Some(&self.key), self.staple.as_ref()].into_iter().flatten() {
            match file {
                Ok(octets) => {
                    hash.update([1]);
                    hash.update((octets.len() as u64).to_be_bytes());
                    hash.update(octets);
                }
                Err(_) => hash.update([0]),
            }
        }
        hash.finalize().into()
    }

    fn load(&self, chain: &Path, key: &Path) -> Result<Site, ConfigError> {
        let identity = Identity::of_contents((chain, octets(&self.chain)?), (key, octets(&self.key)?))?;
        let identity = match &self.staple {
            Some(staple) => identity.with_staple(octets(staple)?.to_vec())?,
            None => identity,
        };
        Ok(Site::new(identity))
    }
}

fn octets(file: &Result<Vec<u8>, ConfigError>) -> Result<&[u8], ConfigError> {
    match file {
        Ok(octets) => Ok(octets),
        Err(ConfigError::File { path, source }) => {
            Err(ConfigError::File { path: path.clone(), source: source.kind().into() })
        }
        Err(other) => Err(ConfigError::Malformed { what: other.to_string() }),
    }
}

fn is_pair(site: &Site) -> Result<(), ConfigError> {
    match site.identity().pair() {
        Pair::Other => Err(site.identity().blame(ConfigError::KeyMismatch)),
        Pair::Same | Pair::Unknown => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
