//! Files read again when they change; what is wrong with them is said, and the last good ones stay.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;

use crate::error::ConfigError;
use crate::hello::ClientHello;
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
    seen: Mutex<Vec<Stamp>>,
}

/// When a file was changed last, and how long it is; `None` if it is not there.
type Stamp = Option<(SystemTime, u64)>;

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
    /// One cannot be read, or is not what it should be.
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
        let seen = Mutex::new(stamps([Some(&chain), Some(&key), staple.as_ref()]));
        let site = load(&chain, &key, staple.as_deref())?;
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
    /// One cannot be read, or is not what it should be; the site stays as it was.
    pub fn reload(&self) -> Result<(), ConfigError> {
        self.reload_with(|_| Ok(()))
    }

    /// The same, if `check` takes what was read: [`crate::Terminator::prepare`] finds a key that belongs to another certificate.
    ///
    /// # Errors
    /// As [`Self::reload`], and those of `check`.
    pub fn reload_with(&self, check: impl FnOnce(&Site) -> Result<(), ConfigError>) -> Result<(), ConfigError> {
        let seen = self.stamps();
        let loaded = load(&self.chain, &self.key, self.staple.as_deref());
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        let site = loaded?;
        check(&site)?;
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
        let is_same = *self.seen.lock().unwrap_or_else(PoisonError::into_inner) == self.stamps();
        if is_same { Ok(Looked::Same) } else { self.reload_with(check).map(|()| Looked::Reloaded) }
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

    fn stamps(&self) -> Vec<Stamp> {
        stamps([Some(&self.chain), Some(&self.key), self.staple.as_ref()])
    }
}

impl Sites for FileSite {
    fn choose<'a>(&'a self, _hello: &'a ClientHello, _from: Option<SocketAddr>) -> BoxFuture<'a, Option<Arc<Site>>> {
        Box::pin(std::future::ready(Some(self.current())))
    }

    fn find(&self, _name: &str) -> Found {
        Found::Site(self.current())
    }
}

fn load(chain: &Path, key: &Path, staple: Option<&Path>) -> Result<Site, ConfigError> {
    let identity = Identity::of_files(chain, key)?;
    let identity = match staple {
        Some(path) => identity.with_staple(read(path)?)?,
        None => identity,
    };
    Ok(Site::new(identity))
}

fn stamps(paths: [Option<&PathBuf>; 3]) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| {
        let file = std::fs::metadata(path).ok()?;
        Some((file.modified().ok()?, file.len()))
    };
    paths.into_iter().flatten().map(stamp).collect()
}

#[cfg(test)]
pub(crate) mod tests;
