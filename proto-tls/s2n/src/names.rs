//! Whom a certificate is for (RFC 9525).

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use s2n_tls::callbacks::VerifyHostNameCallback;
use simplon_proto_tls_seam::certificate::AltName;
use simplon_proto_tls_seam::{Certificate, ServerName};

/// Names of which a server has to prove one.
///
/// s2n asks for each DNS name, URI and IP address of the certificate, all as text, and for its common name if there is none of these. That is enough
/// to end a handshake early, and not enough to let one pass: [`Self::are_proved_by`] looks at the kinds of the names, and has the last word.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    names: Arc<[ServerName]>,
    seen: Arc<AtomicBool>,
}

impl Expected {
    pub(crate) fn new(name: ServerName, alternatives: &[ServerName]) -> Self {
        let names = std::iter::once(name).chain(alternatives.iter().cloned()).collect();
        Self { names, seen: Arc::default() }
    }

    /// Whether the certificate has one of them among its alternative names.
    pub(crate) fn are_proved_by(&self, certificate: Option<&Certificate>) -> bool {
        let proved = certificate.map(Certificate::alt_names).unwrap_or_default();
        proved.iter().any(|proved| self.names.iter().any(|name| is_same(name, proved)))
    }

    /// Whether the library has come across one of them.
    pub(crate) fn were_seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }
}

impl VerifyHostNameCallback for Expected {
    fn verify_host_name(&self, found: &str) -> bool {
        let proved = match found.parse::<IpAddr>() {
            Ok(ip) => AltName::Ip(ip),
            Err(_) => AltName::Dns(found.into()),
        };
        let is_expected = self.names.iter().any(|name| is_same(name, &proved));
        self.seen.fetch_or(is_expected, Ordering::Relaxed);
        is_expected
    }
}

/// Any name: that of a client, or of a server of which it does not matter.
pub(crate) struct Any;

impl VerifyHostNameCallback for Any {
    fn verify_host_name(&self, _found: &str) -> bool {
        true
    }
}

fn is_same(expected: &ServerName, proved: &AltName) -> bool {
    match (expected, proved) {
        (ServerName::Dns(name), AltName::Dns(pattern)) => is_match(name, pattern),
        (ServerName::Ip(expected), AltName::Ip(proved)) => expected == proved,
        _ => false,
    }
}

/// A wildcard is a whole label, the first, and stands for one (RFC 9525 §6.3).
fn is_match(name: &str, pattern: &str) -> bool {
    let pattern = pattern.trim_end_matches('.');
    match pattern.strip_prefix("*.") {
        None => name.eq_ignore_ascii_case(pattern),
        Some(parent) => name.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && parent.contains('.') && rest.eq_ignore_ascii_case(parent)
        }),
    }
}

#[cfg(test)]
mod tests;
