//! Whose certificates hold, and for which names.

use std::sync::Arc;

use openssl::ssl::SslRef;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags};
use openssl::x509::{X509, X509Ref, X509StoreContextRef};
use simplon_proto_tls_seam::revocation::{Lists, Signed};
use simplon_proto_tls_seam::{Certificate, ConfigError, Reason, ServerName, Trust};

use crate::failure::library;
use crate::ffi;

/// Names stand in the certificate's list of names, never in its subject, and a wildcard is a whole label (RFC 9525 §6.3).
pub(crate) const HOW: X509CheckFlags = X509CheckFlags::NEVER_CHECK_SUBJECT.union(X509CheckFlags::NO_PARTIAL_WILDCARDS);

/// `X509_V_ERR_CRL_SIGNATURE_FAILURE`
const BAD_LIST: i32 = 8;
/// `X509_V_ERR_CRL_HAS_EXPIRED`
const LIST_EXPIRED: i32 = 12;
/// `X509_V_ERR_CERT_REVOKED`
const REVOKED: i32 = 23;
/// `X509_V_ERR_HOSTNAME_MISMATCH`
const OTHER_NAMES: i32 = 62;

/// A store of these certificates alone. Revocation lists are not the library's: [`lists`].
pub(crate) fn store(trust: &Trust) -> Result<X509Store, ConfigError> {
    let mut store = X509StoreBuilder::new().map_err(library)?;
    for root in certificates(trust)? {
        store.add_cert(root).map_err(library)?;
    }
    // Whoever is trusted ends the chain, whether or not somebody else issued it.
    store.set_flags(X509VerifyFlags::PARTIAL_CHAIN).map_err(library)?;
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

/// Whether the key of one certificate has signed another, both in DER.
pub(crate) fn has_signed(issuer: &[u8], certificate: &[u8]) -> bool {
    let verified = || X509::from_der(certificate)?.verify(&*X509::from_der(issuer)?.public_key()?);
    let has_signed = verified().unwrap_or_default();
    // What the library has against it is not for the next who asks.
    drop(openssl::error::ErrorStack::get());
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
            _ if is_other => Some(OTHER_NAMES),
            Ok(()) => None,
            Err(Reason::Revoked) => Some(REVOKED),
            Err(Reason::RevocationListExpired) => Some(LIST_EXPIRED),
            Err(_) => Some(BAD_LIST),
        };
        if let Some(code) = objection {
            context.set_error(ffi::verify_result(code));
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
