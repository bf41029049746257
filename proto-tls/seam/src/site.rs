//! Which identity answers to which name.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::error::ConfigError;
use crate::hello::ClientHello;
use crate::identity::Identity;
use crate::server::ClientAuth;
use crate::session::BoxFuture;
use crate::watch::FileSite;

mod chosen;

pub use chosen::Chosen;

/// What a ClientHello is answered with: an identity, and what is different for it from the rest of the listener.
pub struct Site {
    identity: Identity,
    alpn: Option<Vec<Vec<u8>>>,
    client_auth: Option<ClientAuth>,
    prepared: Mutex<Vec<(Maker, Arc<dyn Any + Send + Sync>)>>,
}

/// Who prepared something for a site: one half of a backend, as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maker(u64);

impl Maker {
    /// One that nobody else has.
    #[must_use]
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Makers whose work is kept. A site may be used by a few listeners; those that were not in use for longest are forgotten.
const KEPT: usize = 8;

impl Site {
    /// A site that differs from others in its identity alone.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self { identity, alpn: None, client_auth: None, prepared: Mutex::default() }
    }

    /// The same with application protocols of its own, in order of preference.
    #[must_use]
    pub fn alpn<P: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = Some(protocols.into_iter().map(Into::into).collect());
        self
    }

    /// The same with what it asks of clients.
    #[must_use]
    pub fn client_auth(mut self, auth: ClientAuth) -> Self {
        self.client_auth = Some(auth);
        self
    }

    /// Its identity.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Application protocols of its own.
    #[must_use]
    pub fn own_alpn(&self) -> Option<&[Vec<u8>]> {
        self.alpn.as_deref()
    }

    /// What it asks of clients, if not what the listener asks.
    #[must_use]
    pub fn own_client_auth(&self) -> Option<&ClientAuth> {
        self.client_auth.as_ref()
    }

    /// How many backends' work is kept here.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What a backend made of this site, or makes now.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn prepared<T: Any + Send + Sync>(
        &self,
        maker: Maker,
        make: impl FnOnce() -> Result<T, ConfigError>,
    ) -> Result<Arc<T>, ConfigError> {
        let mut all = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = all.iter().position(|(by, _)| *by == maker) {
            // The last one is the one that was in use last.
            all[at..].rotate_left(1);
            let known = all.last().and_then(|(_, made)| made.clone().downcast::<T>().ok());
            if let Some(known) = known {
                return Ok(known);
            }
            all.pop();
        }
        let made = Arc::new(make()?);
        if all.len() >= KEPT {
            all.remove(0);
        }
        all.push((maker, made.clone()));
        Ok(made)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Site").field(self.identity.certificate()).finish()
    }
}

/// Chooses a site for each ClientHello. May wait, for a database for instance; the handshake waits with it, within its deadline.
pub trait Sites: Send + Sync + 'static {
    /// The site; `None` refuses the client with the alert `unrecognized_name`.
    fn choose<'a>(&'a self, hello: &'a ClientHello, from: Option<SocketAddr>) -> BoxFuture<'a, Option<Arc<Site>>>;

    /// The site that clients who ask for this name are answered with, so that a request can be held to what the site of its host asks of clients
    /// ([`Chosen::answers_for`]). Never waits. Default: it cannot be told, and a connection serves the name alone that it was made for.
    fn find(&self, name: &str) -> Found {
        let _ = name;
        Found::Unknown
    }

    /// The sites that stand already, so that an end of TLS can look at each before a client comes. Default: none is known.
    fn standing(&self) -> Vec<Arc<Site>> {
        Vec::new()
    }
}

/// What a look for the site of a name came to.
#[derive(Clone, Debug)]
pub enum Found {
    /// This one.
    Site(Arc<Site>),
    /// Clients who ask for this name are refused.
    Nothing,
    /// It cannot be told without a ClientHello.
    Unknown,
}

impl From<Option<Arc<Site>>> for Found {
    fn from(site: Option<Arc<Site>>) -> Self {
        site.map_or(Self::Nothing, Self::Site)
    }
}

impl<S: Sites + ?Sized> Sites for Arc<S> {
    fn choose<'a>(&'a self, hello: &'a ClientHello, from: Option<SocketAddr>) -> BoxFuture<'a, Option<Arc<Site>>> {
        (**self).choose(hello, from)
    }

    fn find(&self, name: &str) -> Found {
        (**self).find(name)
    }

    fn standing(&self) -> Vec<Arc<Site>> {
        (**self).standing()
    }
}

/// One site for every client, whatever name it asks for.
#[derive(Clone, Debug)]
pub struct Always(Arc<Site>);

impl Always {
    /// This one.
    pub fn new(site: impl Into<Arc<Site>>) -> Self {
        Self(site.into())
    }
}

impl Sites for Always {
    fn choose<'a>(&'a self, _hello: &'a ClientHello, _from: Option<SocketAddr>) -> BoxFuture<'a, Option<Arc<Site>>> {
        Box::pin(std::future::ready(Some(self.0.clone())))
    }

    fn find(&self, _name: &str) -> Found {
        Found::Site(self.0.clone())
    }

    fn standing(&self) -> Vec<Arc<Site>> {
        vec![self.0.clone()]
    }
}

/// Sites by name: the name itself, else a wildcard of its parent (`*.example.com` is for one label, RFC 9525 §6.3), else the one for all
/// others.
#[derive(Clone, Debug, Default)]
pub struct Names {
    exact: HashMap<Box<str>, Held>,
    wild: HashMap<Box<str>, Held>,
    otherwise: Option<Held>,
}

/// A site that stays, or one that is read again from files.
#[derive(Clone, Debug)]
pub enum Held {
    /// One that stays.
    Fixed(Arc<Site>),
    /// The last good one of these files.
    Files(Arc<FileSite>),
}

impl Held {
    fn current(&self) -> Arc<Site> {
        match self {
            Self::Fixed(site) => Arc::clone(site),
            Self::Files(files) => files.current(),
        }
    }
}

impl From<Site> for Held {
    fn from(site: Site) -> Self {
        Self::Fixed(Arc::new(site))
    }
}

impl From<Arc<Site>> for Held {
    fn from(site: Arc<Site>) -> Self {
        Self::Fixed(site)
    }
}

impl From<Arc<FileSite>> for Held {
    fn from(files: Arc<FileSite>) -> Self {
        Self::Files(files)
    }
}

impl Names {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more: `name`, or `*.parent`. The last of the same name counts.
    #[must_use]
    pub fn site(mut self, name: &str, site: impl Into<Held>) -> Self {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        match name.strip_prefix("*.") {
            Some(parent) => self.wild.insert(parent.into(), site.into()),
            None => self.exact.insert(name.into(), site.into()),
        };
        self
    }

    /// The one for clients that name no server, or none of these.
    #[must_use]
    pub fn otherwise(mut self, site: impl Into<Held>) -> Self {
        self.otherwise = Some(site.into());
        self
    }

    /// The site for a name.
    #[must_use]
    pub fn find(&self, name: Option<&str>) -> Option<Arc<Site>> {
        let named = name.and_then(|name| {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let parent = name.split_once('.').map_or("", |(_, parent)| parent);
            self.exact.get(name.as_str()).or_else(|| self.wild.get(parent))
        });
        named.or(self.otherwise.as_ref()).map(Held::current)
    }
}

impl Sites for Names {
    fn choose<'a>(&'a self, hello: &'a ClientHello, _from: Option<SocketAddr>) -> BoxFuture<'a, Option<Arc<Site>>> {
        Box::pin(std::future::ready(self.find(hello.server_name())))
    }

    fn find(&self, name: &str) -> Found {
        self.find(Some(name)).into()
    }

    fn standing(&self) -> Vec<Arc<Site>> {
        let Self { exact, wild, otherwise } = self;
        exact.values().chain(wild.values()).chain(otherwise).map(Held::current).collect()
    }
}

/// [`Names`] that can be exchanged while handshakes go on: those under way keep what they chose.
#[derive(Debug, Default)]
pub struct Exchangeable(ArcSwap<Names>);

impl Exchangeable {
    /// These for now.
    #[must_use]
    pub fn new(names: Names) -> Self {
        Self(ArcSwap::from_pointee(names))
    }

    /// Others from now on.
    pub fn replace(&self, names: Names) {
        self.0.store(Arc::new(names));
    }

    /// Those of now.
    #[must_use]
    pub fn current(&self) -> Arc<Names> {
        self.0.load_full()
    }
}

impl Sites for Exchangeable {
    fn choose<'a>(&'a self, hello: &'a ClientHello, _from: Option<SocketAddr>) -> BoxFuture<'a, Option<Arc<Site>>> {
        Box::pin(std::future::ready(Names::find(&self.0.load(), hello.server_name())))
    }

    fn find(&self, name: &str) -> Found {
        Names::find(&self.0.load(), Some(name)).into()
    }

    fn standing(&self) -> Vec<Arc<Site>> {
        self.0.load().standing()
    }
}

#[cfg(test)]
mod tests;
