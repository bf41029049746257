//! Certificates and keys as s2n takes them: in PEM (RFC 7468).

use s2n_tls::cert_chain::{Builder, CertificateChain};
use simplon_proto_tls_seam::{Certificate, ConfigError, Identity};

use crate::error;

/// A chain with its key and its staple.
pub(crate) fn chain(identity: &Identity) -> Result<CertificateChain<'static>, ConfigError> {
    let chain: String = identity.chain().iter().map(certificate).collect();
    let key = identity.key();
    let label = match key {
        rustls_pki_types::PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        rustls_pki_types::PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let key = block(label, key.secret_der());
    let make = || {
        let mut builder = Builder::new()?;
        builder.load_pem(chain.as_bytes(), key.as_bytes())?;
        if let Some(staple) = identity.staple() {
            builder.set_ocsp_data(staple)?;
        }
        builder.build()
    };
    make().map_err(|refused| error::config(&refused))
}

/// A certificate.
pub(crate) fn certificate(certificate: &Certificate) -> String {
    block("CERTIFICATE", certificate.der())
}

fn block(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(OCTETS_PER_LINE) {
        line.chunks(3).for_each(|three| push(&mut text, three));
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// One to three octets as four characters (RFC 4648 §4).
fn push(text: &mut String, octets: &[u8]) {
    let at = |n: usize| u32::from(octets.get(n).copied().unwrap_or_default());
    let bits = at(0) << 16 | at(1) << 8 | at(2);
    for n in 0..4 {
        let is_there = n <= octets.len();
        text.push(if is_there { char::from(ALPHABET[(bits >> (18 - 6 * n) & 63) as usize]) } else { '=' });
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// 64 characters.
const OCTETS_PER_LINE: usize = 48;

#[cfg(test)]
mod tests;
