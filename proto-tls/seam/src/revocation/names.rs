//! Names of issuers, compared as RFC 5280 §7.1 has it: by what they say, not by how their text is encoded.

use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

use crate::certificate::Certificate;

/// A name in a form that can be compared.
pub(crate) fn key(name: &X509Name<'_>) -> Vec<Vec<u8>> {
    let parts = name.iter().map(|relative| {
        let mut attributes: Vec<Vec<u8>> = relative
            .iter()
            .map(|attribute| {
                let kind = attribute.attr_type().as_bytes();
                let mut key = vec![kind.len() as u8];
                key.extend_from_slice(kind);
                match attribute.as_str() {
                    Ok(text) => {
                        let words: Vec<_> = text.split_ascii_whitespace().map(str::to_lowercase).collect();
                        key.extend_from_slice(words.join(" ").as_bytes());
                    }
                    Err(_) => key.extend_from_slice(attribute.as_slice()),
                }
                key
            })
            .collect();
        attributes.sort();
        attributes.into_iter().flat_map(|key| [(key.len() as u32).to_be_bytes().to_vec(), key].concat()).collect()
    });
    parts.collect()
}

/// Whether one certificate names the other as its issuer.
pub(crate) fn is_issuer(issuer: &Certificate, of: &Certificate) -> bool {
    let parsed = (X509Certificate::from_der(issuer.der()), X509Certificate::from_der(of.der()));
    let (Ok((_, issuer)), Ok((_, of))) = parsed else { return false };
    issuer.subject().as_raw() == of.issuer().as_raw() || key(issuer.subject()) == key(of.issuer())
}
