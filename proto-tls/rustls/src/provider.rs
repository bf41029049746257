//! The cryptography of one end: what is built in, less what was not asked for.

use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use simplon_proto_tls_seam::{ConfigError, Version};

use crate::{NAME, Rustls, names};

/// Cipher suites and groups by name, in this order; `None` is the library's choice.
pub(crate) fn choose(
    backend: &Rustls,
    ciphers: Option<&[String]>,
    groups: Option<&[String]>,
) -> Result<Arc<CryptoProvider>, ConfigError> {
    if ciphers.is_none() && groups.is_none() {
        return Ok(backend.provider.clone());
    }
    let mut chosen = (*backend.provider).clone();
    if let Some(ciphers) = ciphers {
        let all = &backend.provider.cipher_suites;
        chosen.cipher_suites = by_name("cipher suite", ciphers, all, |suite| names::cipher(suite.suite()))?;
    }
    if let Some(groups) = groups {
        chosen.kx_groups = by_name("group", groups, &backend.groups, |group| names::group(group.name()))?;
    }
    Ok(Arc::new(chosen))
}

static ONLY_12: [&SupportedProtocolVersion; 1] = [&TLS12];
static ONLY_13: [&SupportedProtocolVersion; 1] = [&TLS13];
static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// From the oldest to the newest.
pub(crate) fn versions(
    oldest: Version,
    newest: Version,
) -> Result<&'static [&'static SupportedProtocolVersion], ConfigError> {
    match (oldest, newest) {
        (Version::Tls12, Version::Tls12) => Ok(&ONLY_12),
        (Version::Tls12, Version::Tls13) => Ok(&BOTH),
        (Version::Tls13, Version::Tls13) => Ok(&ONLY_13),
        (oldest, newest) => Err(ConfigError::Malformed { what: format!("versions of TLS, from {oldest} to {newest}") }),
    }
}

fn by_name<T: Copy>(
    what: &'static str,
    asked: &[String],
    all: &[T],
    name_of: impl Fn(&T) -> &'static str,
) -> Result<Vec<T>, ConfigError> {
    let find = |name: &String| {
        let found = all.iter().find(|one| name_of(one).eq_ignore_ascii_case(name)).copied();
        found.ok_or_else(|| ConfigError::Unknown { backend: NAME, what, name: name.clone() })
    };
    match asked {
        [] => Err(ConfigError::Missing { what }),
        asked => asked.iter().map(find).collect(),
    }
}
