//! What two ends agreed upon, as the library tells it.

use boring::ssl::{SslRef, SslVersion};
use boring::x509::X509Ref;
use simplon_proto_tls_seam::{Certificate, Error, Facts, Reason, Version};

use crate::{NAME, group};

/// All that both ends are told the same way.
pub(crate) fn facts(ssl: &SslRef) -> Result<Facts, Error> {
    let version = match ssl.version2() {
        Some(SslVersion::TLS1_2) => Version::Tls12,
        Some(SslVersion::TLS1_3) => Version::Tls13,
        _ => return Err(Error::new(NAME, Reason::Library).with_detail(ssl.version_str())),
    };
    let cipher = ssl.current_cipher().and_then(|cipher| cipher.standard_name());
    let cipher = cipher.ok_or_else(|| Error::new(NAME, Reason::Library).with_detail("no cipher suite"))?;
    let mut facts = Facts::new(NAME, version, cipher);
    facts.group = ssl.curve_name().map(|ours| group::of_library(ours).into());
    facts.alpn = ssl.selected_alpn_protocol().map(Into::into);
    facts.resumed = ssl.session_reused();
    facts.peer = chain(ssl);
    Ok(facts)
}

/// The peer's certificates, its own first. The library's chain has it at a client alone.
fn chain(ssl: &SslRef) -> Vec<Certificate> {
    let der = |certificate: &X509Ref| certificate.to_der().ok().map(Certificate::of_der);
    let own = ssl.peer_certificate().and_then(|own| der(&own));
    let all = ssl.peer_cert_chain().into_iter().flatten().filter_map(der);
    let mut chain: Vec<_> = own.into_iter().collect();
    chain.extend(all.skip(usize::from(!ssl.is_server())));
    chain
}
