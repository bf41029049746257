//! Who an end is.

use boring::pkey::PKey;
use boring::ssl::SslContextBuilder;
use boring::x509::X509;
use simplon_proto_tls_seam::{ConfigError, Identity};

use crate::failure::library;

/// Has a context show this identity.
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
    Ok(())
}
