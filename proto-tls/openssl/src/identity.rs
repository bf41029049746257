//! Who an end is.

use openssl::pkey::PKey;
use openssl::ssl::SslContextBuilder;
use openssl::x509::X509;
use simplon_proto_tls_seam::{ConfigError, Identity};

use crate::failure::library;

/// Has a context show this identity, and staple its OCSP response to clients that ask for it.
pub(crate) fn show(context: &mut SslContextBuilder, identity: &Identity) -> Result<(), ConfigError> {
    let malformed = |what: &str| ConfigError::Malformed { what: what.into() };
    let own = X509::from_der(identity.certificate().der()).map_err(|_| malformed("the certificate"))?;
    let key = PKey::private_key_from_der(identity.key().secret_der()).map_err(|_| malformed("the private key"))?;
    let fits = own.public_key().is_ok_and(|public| public.public_eq(&key));
    if !fits {
        return Err(ConfigError::KeyMismatch);
    }
    context.set_certificate(&own).map_err(library)?;
    context.set_private_key(&key).map_err(library)?;
    for issuer in &identity.chain()[1..] {
        let issuer = X509::from_der(issuer.der()).map_err(|_| malformed("a certificate of the chain"))?;
        context.add_extra_chain_cert(issuer).map_err(library)?;
    }
    if let Some(staple) = identity.staple().cloned() {
        context.set_status_callback(move |ssl| ssl.set_ocsp_status(&staple).map(|()| true)).map_err(library)?;
    }
    Ok(())
}
