//! Whose certificates hold, and for which names.

use openssl::ssl::SslRef;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags};
use openssl::x509::{X509, X509Ref, X509StoreContextRef, X509VerifyResult};
use simplon_proto_tls_seam::{ConfigError, ServerName, Trust};

use crate::failure::library;
use crate::ffi;

/// Names stand in the certificate's list of names, never in its subject, and a wildcard is a whole label (RFC 9525 §6.3).
pub(crate) const HOW: X509CheckFlags = X509CheckFlags::NEVER_CHECK_SUBJECT.union(X509CheckFlags::NO_PARTIAL_WILDCARDS);

/// `X509_V_ERR_UNABLE_TO_GET_CRL`
const NO_CRL: i32 = 3;
/// `X509_V_ERR_HOSTNAME_MISMATCH`
const OTHER_NAMES: i32 = 62;

/// A store of these certificates and revocation lists alone.
pub(crate) fn store(trust: &Trust) -> Result<X509Store, ConfigError> {
    let mut store = X509StoreBuilder::new().map_err(library)?;
    for root in certificates(trust)? {
        store.add_cert(root).map_err(library)?;
    }
    for der in trust.crls() {
        ffi::add_crl(&mut store, der)
            .map_err(|error| ConfigError::Malformed { what: format!("a revocation list: {error}") })?;
    }
    // Whoever is trusted ends the chain, whether or not somebody else issued it.
    let mut flags = X509VerifyFlags::PARTIAL_CHAIN;
    if !trust.crls().is_empty() {
        flags |= X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL;
    }
    store.set_flags(flags).map_err(library)?;
    Ok(store.build())
}

/// The trusted certificates as the library has them.
pub(crate) fn certificates(trust: &Trust) -> Result<Vec<X509>, ConfigError> {
    let parse = |der| X509::from_der(der).map_err(|error| malformed(&error));
    trust.roots().iter().map(|root| parse(root.der())).collect()
}

fn malformed(error: &openssl::error::ErrorStack) -> ConfigError {
    ConfigError::Malformed { what: format!("a trusted certificate: {error}") }
}

/// Has the library look for one name.
pub(crate) fn expect_name(ssl: &mut SslRef, name: &ServerName) -> Result<(), openssl::error::ErrorStack> {
    let parameters = ssl.param_mut();
    parameters.set_hostflags(HOW);
    match name {
        ServerName::Ip(ip) => parameters.set_ip(*ip),
        ServerName::Dns(name) => parameters.set_host(name),
        _ => Ok(()),
    }
}

/// Judges each certificate of a chain after the library did; the peer's own has to be for one of `names`, if there are any.
pub(crate) fn judge(names: Vec<ServerName>) -> impl Fn(bool, &mut X509StoreContextRef) -> bool + Send + Sync + 'static {
    move |holds, context| {
        if !holds {
            // A list says who does not count; of issuers without a list it says nothing.
            let is_forgiven = context.error().as_raw() == NO_CRL;
            if is_forgiven {
                context.set_error(X509VerifyResult::OK);
            }
            return is_forgiven;
        }
        let is_other = context.error_depth() == 0
            && !names.is_empty()
            && !context.current_cert().is_some_and(|own| names.iter().any(|name| is_for(own, name)));
        if is_other {
            context.set_error(ffi::verify_result(OTHER_NAMES));
        }
        !is_other
    }
}

fn is_for(certificate: &X509Ref, name: &ServerName) -> bool {
    match name {
        ServerName::Dns(name) => ffi::is_for_host(certificate, name, HOW),
        ServerName::Ip(ip) => ffi::is_for_ip(certificate, *ip),
        _ => false,
    }
}
