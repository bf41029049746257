//! The site that a connection was made for, and whom else it may serve.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{Found, Site, Sites};
use crate::server::ClientAuth;

/// The site that was chosen for a connection, among those that there are.
///
/// A connection is asked for a certificate once, by the site that its server name chose; requests on it can name any host. Whether another host's
/// site would have asked for something else is found out here ([`Self::answers_for`]).
#[derive(Clone)]
pub struct Chosen {
    site: Arc<Site>,
    sites: Arc<dyn Sites>,
    usual: ClientAuth,
}

impl Chosen {
    /// This site, out of these; `usual` is what sites ask of clients that ask for nothing of their own.
    #[must_use]
    pub fn new(site: Arc<Site>, sites: Arc<dyn Sites>, usual: ClientAuth) -> Self {
        Self { site, sites, usual }
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// Whether a request for `host` (without a port) may be answered on a connection that was made for the server name `asked`.
    ///
    /// It may if the host's site is this one, or asks the same of clients. Where no site has client authentication of its own, every host may. Sites
    /// that cannot tell ([`Found::Unknown`]) vouch for the server name that was asked for, and for addresses if none was, which clients do not
    /// send (RFC 6066 §3). The sites are asked as they are now: what was exchanged since the handshake counts.
    ///
    /// Source: RFC 9110 §7.4, §15.5.20.
    #[must_use]
    pub fn answers_for(&self, host: &str, asked: Option<&str>) -> bool {
        let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        if asked.is_some_and(|asked| bare(asked) == bare(host)) {
            return true;
        }
        match self.sites.find(host) {
            Found::Site(other) => Arc::ptr_eq(&other, &self.site) || self.asked_by(&other) == self.asked_by(&self.site),
            Found::Nothing => self.asked_by(&self.site) == &self.usual,
            Found::Unknown => asked.is_none() && is_address(host),
        }
    }

    fn asked_by<'a>(&'a self, site: &'a Site) -> &'a ClientAuth {
        site.own_client_auth().unwrap_or(&self.usual)
    }
}

fn is_address(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<std::net::IpAddr>().is_ok()
}

impl Deref for Chosen {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl PartialEq for Chosen {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.site, &other.site)
    }
}

impl Eq for Chosen {}

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Chosen").field(&self.site).finish()
    }
}

#[cfg(test)]
mod tests;
