//! Whose certificates hold, and for which names.

use boring::ssl::SslRef;
use boring::x509::store::X509StoreBuilder;
use boring::x509::verify::{X509CheckFlags, X509VerifyFlags};
use boring::x509::{X509, X509Ref, X509StoreContextRef, X509VerifyError, X509VerifyResult};
use simplon_proto_tls_seam::{ConfigError, ServerName, Trust};

use crate::failure::library;
use crate::ffi;

/// Names stand in the certificate's list of names, never in its subject, and a wildcard is a whole label (RFC 9525 §6.3).
pub(crate) const HOW: X509CheckFlags = X509CheckFlags::NEVER_CHECK_SUBJECT.union(X509CheckFlags::NO_PARTIAL_WILDCARDS);

/// A store of these certificates and revocation lists alone.
pub(crate) fn store(trust: &Trust) -> Result<X509StoreBuilder, ConfigError> {
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
    store.try_set_flags(flags).map_err(library)?;
    Ok(store)
}

/// The trusted certificates as the library has them.
pub(crate) fn certificates(trust: &Trust) -> Result<Vec<X509>, ConfigError> {
    let parse = |der| X509::from_der(der).map_err(|error| malformed(&error));
    trust.roots().iter().map(|root| parse(root.der())).collect()
}

fn malformed(error: &boring::error::ErrorStack) -> ConfigError {
    ConfigError::Malformed { what: format!("a trusted certificate: {error}") }
}

/// Has the library look for one name.
pub(crate) fn expect_name(ssl: &mut SslRef, name: &ServerName) -> Result<(), boring::error::ErrorStack> {
    let parameters = ssl.verify_param_mut();
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
            let is_forgiven = context.verify_result() == Err(X509VerifyError::UNABLE_TO_GET_CRL);
            if is_forgiven {
                context.set_error(Ok(()));
            }
            return is_forgiven;
        }
        let is_other = context.error_depth() == 0
            && !names.is_empty()
            && !context.current_cert().is_some_and(|own| names.iter().any(|name| is_for(own, name)));
        if is_other {
            context.set_error(Err(X509VerifyError::HOSTNAME_MISMATCH));
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

/// A result of verification as a number.
pub(crate) fn code(result: X509VerifyResult) -> i32 {
    result.err().map_or(0, |error| error.as_raw())
}
