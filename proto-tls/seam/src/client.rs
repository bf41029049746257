//! An end that connects.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::error::ConfigError;
use crate::facts::Version;
use crate::identity::Identity;
use crate::server::{KeyLog, Trust};

/// Whom a peer has to prove to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerName {
    /// A DNS name; it is sent to the server, so that it can choose.
    Dns(Arc<str>),
    /// An IP address, proved by a subject alternative name of that kind; nothing is sent (RFC 6066 §3).
    Ip(IpAddr),
}

/// Whom a connection is for. Sessions are resumed with the same alone: what answers at another port may be somebody else, with the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Whom {
    /// What has to be proved.
    pub name: ServerName,
    /// Where it is reached; 0 where there are no ports.
    pub port: u16,
}

impl Whom {
    /// This name, at this port.
    #[must_use]
    pub fn new(name: ServerName, port: u16) -> Self {
        Self { name, port }
    }
}

/// A text that is neither a host name nor an IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError(Box<str>);

impl ServerName {
    /// Of a host name or an IP address, with or without brackets. An empty name is an error: verification is never switched off by what is
    /// missing.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Self::Ip(ip));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        // What looks like an address and is none must not become a name (WHATWG URL, "ends in a number").
        let is_number = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        match !is_number && name.len() <= 253 && name.split('.').all(is_label) {
            true => Ok(Self::Dns(name.to_ascii_lowercase().into())),
            false => Err(NameError(text.into())),
        }
    }
}

fn is_label(label: &str) -> bool {
    let is_good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_bounded = !label.starts_with('-') && !label.ends_with('-');
    !label.is_empty() && label.len() <= 63 && is_bounded && label.bytes().all(is_good)
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is neither a host name nor an IP address", self.0.escape_debug())
    }
}

impl std::error::Error for NameError {}

/// Whose certificates count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Roots {
    /// Those that the system trusts.
    #[default]
    System,
    /// Those issued by these alone.
    Only(Arc<Trust>),
}

impl Roots {
    /// The trusted certificates, read from the system if it is theirs.
    ///
    /// # Errors
    /// The system has none.
    pub fn load(&self) -> Result<Arc<Trust>, ConfigError> {
        match self {
            Self::Only(trust) => Ok(trust.clone()),
            Self::System => {
                let found = rustls_native_certs::load_native_certs();
                for error in &found.errors {
                    tracing::warn!(%error, "a trusted certificate of the system cannot be read");
                }
                let roots = found.certs.iter().map(|der| Certificate::of_der(der.to_vec())).collect();
                Trust::new(roots).map(Arc::new)
            }
        }
    }
}

/// What is verified of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    /// That its certificate holds, and is for the name.
    #[default]
    Full,
    /// That its certificate holds; for whom does not matter.
    ChainAlone,
    /// Nothing.
    Nothing,
}

/// A connecting end, described without a library. Equal ones are interchangeable: their connections may stand in one pool.
#[derive(Clone)]
pub struct ClientConfig {
    pub(crate) roots: Roots,
    pub(crate) verify: Verify,
    pub(crate) identity: Option<Arc<Identity>>,
    pub(crate) alternative_names: Vec<ServerName>,
    pub(crate) alpn: Vec<Vec<u8>>,
    pub(crate) oldest: Version,
    pub(crate) newest: Version,
    pub(crate) ciphers: Option<Vec<String>>,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) resume: bool,
    pub(crate) key_log: Option<Arc<dyn KeyLog>>,
    pub(crate) fips: bool,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            roots: Roots::default(),
            verify: Verify::default(),
            identity: None,
            alternative_names: Vec::new(),
            alpn: Vec::new(),
            oldest: Version::Tls12,
            newest: Version::Tls13,
            ciphers: None,
            groups: None,
            resume: true,
            key_log: None,
            fips: false,
        }
    }
}

impl ClientConfig {
    /// Verifies against what the system trusts; shows no certificate; offers no application protocol.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these alone.
    #[must_use]
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// Trusts these alone.
    #[must_use]
    pub fn trust(self, trust: Trust) -> Self {
        self.roots(Roots::Only(Arc::new(trust)))
    }

    /// Shows this certificate if it is asked for one.
    #[must_use]
    pub fn identity(mut self, identity: impl Into<Arc<Identity>>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Names of which the server may prove one in place of the expected one.
    #[must_use]
    pub fn alternative_names(mut self, names: impl IntoIterator<Item = ServerName>) -> Self {
        self.alternative_names = names.into_iter().collect();
        self
    }

    /// Application protocols in order of preference.
    #[must_use]
    pub fn alpn<P: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// The oldest and the newest version. Default 1.2 and 1.3.
    #[must_use]
    pub fn versions(mut self, oldest: Version, newest: Version) -> Self {
        (self.oldest, self.newest) = (oldest, newest);
        self
    }

    /// Cipher suites by IANA name.
    #[must_use]
    pub fn ciphers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.ciphers = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Groups by IANA name.
    #[must_use]
    pub fn groups<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.groups = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Whether sessions are resumed. Default: they are.
    #[must_use]
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Writes session secrets there.
    #[must_use]
    pub fn key_log(mut self, log: Arc<dyn KeyLog>) -> Self {
        self.key_log = Some(log);
        self
    }

    /// Fails at start-up unless the library's validated module is in force.
    #[must_use]
    pub fn require_fips(mut self) -> Self {
        self.fips = true;
        self
    }

    /// Accepts a certificate that holds, for whomever it is.
    #[must_use]
    pub fn danger_accept_any_name(mut self) -> Self {
        self.verify = Verify::ChainAlone;
        self
    }

    /// Accepts every certificate: whoever stands between can read and change everything.
    #[must_use]
    pub fn danger_accept_anyone(mut self) -> Self {
        self.verify = Verify::Nothing;
        self
    }

    /// Everything, for a backend to take apart: a new setting stops its build where it has to be thought of.
    #[must_use]
    pub fn parts(&self) -> ClientParts<'_> {
        let Self {
            roots,
            verify,
            identity,
            alternative_names,
            alpn,
            oldest,
            newest,
            ciphers,
            groups,
            resume,
            key_log,
            fips,
        } = self;
        ClientParts {
            roots,
            verify: *verify,
            identity: identity.as_ref(),
            alternative_names,
            alpn,
            versions: (*oldest, *newest),
            ciphers: ciphers.as_deref(),
            groups: groups.as_deref(),
            resume: *resume,
            key_log: key_log.as_ref(),
            fips: *fips,
        }
    }
}

/// All of a [`ClientConfig`], borrowed.
#[derive(Clone, Copy)]
#[expect(missing_docs, reason = "each is documented at the method that sets it")]
pub struct ClientParts<'a> {
    pub roots: &'a Roots,
    pub verify: Verify,
    pub identity: Option<&'a Arc<Identity>>,
    pub alternative_names: &'a [ServerName],
    pub alpn: &'a [Vec<u8>],
    pub versions: (Version, Version),
    pub ciphers: Option<&'a [String]>,
    pub groups: Option<&'a [String]>,
    pub resume: bool,
    pub key_log: Option<&'a Arc<dyn KeyLog>>,
    pub fips: bool,
}

impl fmt::Debug for ClientParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            roots: _,
            verify,
            identity,
            alternative_names,
            alpn,
            versions,
            ciphers,
            groups,
            resume,
            key_log,
            fips,
        } = self;
        f.debug_struct("ClientParts")
            .field("verify", verify)
            .field("identity", identity)
            .field("alternative_names", alternative_names)
            .field("alpn", alpn)
            .field("versions", versions)
            .field("ciphers", ciphers)
            .field("groups", groups)
            .field("resume", resume)
            .field("key_log", &key_log.is_some())
            .field("fips", fips)
            .finish_non_exhaustive()
    }
}

impl PartialEq for ClientConfig {
    fn eq(&self, other: &Self) -> bool {
        let (one, two) = (self.parts(), other.parts());
        let logs_alike = match (one.key_log, two.key_log) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (one, two) => one.is_none() && two.is_none(),
        };
        logs_alike
            && one.roots == two.roots
            && one.verify == two.verify
            && one.identity == two.identity
            && one.alternative_names == two.alternative_names
            && one.alpn == two.alpn
            && one.versions == two.versions
            && one.ciphers == two.ciphers
            && one.groups == two.groups
            && one.resume == two.resume
            && one.fips == two.fips
    }
}

impl Eq for ClientConfig {}

impl Hash for ClientConfig {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let parts = self.parts();
        parts.roots.hash(state);
        parts.verify.hash(state);
        parts.identity.map(|identity| identity.certificate()).hash(state);
        parts.alternative_names.hash(state);
        parts.alpn.hash(state);
        parts.versions.hash(state);
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts();
        f.debug_struct("ClientConfig")
            .field("verify", &parts.verify)
            .field("identity", &parts.identity)
            .field("alpn", &parts.alpn)
            .field("versions", &parts.versions)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
