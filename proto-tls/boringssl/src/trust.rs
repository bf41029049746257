//! Whose certificates hold, and for which names.

use std::sync::Arc;

use boring::ssl::SslRef;
use boring::x509::store::X509StoreBuilder;
use boring::x509::verify::{X509CheckFlags, X509VerifyFlags};
use boring::x509::{X509, X509Ref, X509StoreContextRef, X509VerifyError, X509VerifyResult};
use simplon_proto_tls_seam::revocation::{Lists, Signed};
use simplon_proto_tls_seam::{Certificate, ConfigError, Reason, ServerName, Trust};

use crate::failure::library;
use crate::ffi;

/// Names stand in the certificate's list of names, never in its subject, and a wildcard is a whole label (RFC 9525 §6.3).
pub(crate) const HOW: X509CheckFlags = X509CheckFlags::NEVER_CHECK_SUBJECT.union(X509CheckFlags::NO_PARTIAL_WILDCARDS);

/// A store of these certificates alone. Revocation lists are not the library's: [`lists`].
pub(crate) fn store(trust: &Trust) -> Result<X509StoreBuilder, ConfigError> {
    let mut store = X509StoreBuilder::new().map_err(library)?;
    for root in certificates(trust)? {
        store.add_cert(root).map_err(library)?;
    }
    // Whoever is trusted ends the chain, whether or not somebody else issued it.
    store.try_set_flags(X509VerifyFlags::PARTIAL_CHAIN).map_err(library)?;
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

/// Whether the key of one certificate has signed another, both in DER.
pub(crate) fn has_signed(issuer: &[u8], certificate: &[u8]) -> bool {
    let verified = || X509::from_der(certificate)?.verify(&*X509::from_der(issuer)?.public_key()?);
    let has_signed = verified().unwrap_or_default();
    // What the library has against it is not for the next who asks.
    drop(boring::error::ErrorStack::get());
    has_signed
}

/// The revocation lists that count.
pub(crate) fn lists(trust: &Trust) -> Result<Arc<Lists>, ConfigError> {
    trust.lists(|signed: &Signed<'_>| ffi::is_signed(signed.whole, signed.issuer)).map(Arc::new)
}

/// Judges a chain after the library did: the peer's own certificate has to be for one of `names`, if there are any, and none may be on a list.
pub(crate) fn judge(
    names: Vec<ServerName>,
    lists: Arc<Lists>,
) -> impl Fn(bool, &mut X509StoreContextRef) -> bool + Send + Sync + 'static {
    move |holds, context| {
        // The library comes to the peer's own last.
        if !holds || context.error_depth() != 0 {
            return holds;
        }
        let is_other =
            !names.is_empty() && !context.current_cert().is_some_and(|own| names.iter().any(|name| is_for(own, name)));
        let objection = match revoked(&lists, context) {
            _ if is_other => Some(X509VerifyError::HOSTNAME_MISMATCH),
            Ok(()) => None,
            Err(Reason::Revoked) => Some(X509VerifyError::CERT_REVOKED),
            Err(Reason::RevocationListExpired) => Some(X509VerifyError::CRL_HAS_EXPIRED),
            Err(_) => Some(X509VerifyError::CRL_SIGNATURE_FAILURE),
        };
        if let Some(error) = objection {
            context.set_error(Err(error));
        }
        objection.is_none()
    }
}

/// What the lists say of the chain that the library has built.
fn revoked(lists: &Lists, context: &X509StoreContextRef) -> Result<(), Reason> {
    let chain = context.chain().into_iter().flatten().map(|one| one.to_der().map(Certificate::of_der));
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|_| Reason::Library)?;
    lists.check(&chain)
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
