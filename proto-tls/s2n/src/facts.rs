//! What was agreed upon, read from the library.

use s2n_tls::connection::Connection;
use s2n_tls::enums::Version as S2nVersion;
use s2n_tls::error::Error;
use simplon_proto_tls_seam::{Certificate, Facts, Trust, Version};

use crate::NAME;

/// All but the name, the peer's certificates and our own.
pub(crate) fn of(connection: &Connection) -> Result<Facts, Error> {
    let version = match connection.actual_protocol_version()? {
        S2nVersion::TLS13 => Version::Tls13,
        _ => Version::Tls12,
    };
    let mut facts = Facts::new(NAME, version, iana(connection.cipher_suite()?));
    // s2n names groups as IANA does.
    facts.group = connection.selected_key_exchange_group().map(Into::into);
    facts.alpn = connection.application_protocol().filter(|name| !name.is_empty()).map(Into::into);
    facts.resumed = connection.resumed();
    Ok(facts)
}

/// The peer's certificates, its own first, up to the trusted one: that one is not the peer's to show. None if none were shown, or verified.
pub(crate) fn peer(connection: &Connection, trust: Option<&Trust>) -> Vec<Certificate> {
    let Ok(chain) = connection.peer_cert_chain() else { return Vec::new() };
    let mut peer = Vec::with_capacity(chain.len());
    for certificate in chain.iter().flatten() {
        let Ok(der) = certificate.der() else { return Vec::new() };
        peer.push(Certificate::of_der(der.to_vec()));
    }
    let is_trusted = |certificate: &Certificate| trust.is_some_and(|trust| trust.roots().contains(certificate));
    if peer.len() > 1 && peer.last().is_some_and(is_trusted) {
        peer.pop();
    }
    peer
}

/// The IANA name of a cipher suite that s2n calls as OpenSSL does.
fn iana(name: &str) -> &'static str {
    match name {
        "TLS_AES_128_GCM_SHA256" => "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384" => "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256" => "TLS_CHACHA20_POLY1305_SHA256",
        "ECDHE-ECDSA-AES128-GCM-SHA256" => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384" => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305" => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256" => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384" => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305" => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        // Not in a policy of ours.
        _ => "unknown",
    }
}
