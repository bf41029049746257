//! Revocation lists: judged by the seam, after the library has verified a chain and before it goes on.

use std::sync::Arc;

use s2n_tls::callbacks::{CertValidationCallbackSync, CertValidationInfo};
use s2n_tls::config::Builder;
use s2n_tls::connection::Connection;
use s2n_tls::error::Error;
use simplon_proto_tls_seam::revocation::{Lists, Signed, is_signed_by_one_of};
use simplon_proto_tls_seam::{ConfigError, Reason, Trust};

use crate::facts;

/// What the lists had against a chain. It stays with the connection: the library tells only that somebody had something.
struct Objection(Reason);

/// What the lists had against the peer, if that is why its handshake has failed.
pub(crate) fn objection(connection: &Connection) -> Option<Reason> {
    connection.application_context::<Objection>().map(|objection| objection.0)
}

/// The lists of a trust, judged; `None` if it has none.
pub(crate) fn of(trust: &Trust) -> Result<Option<Arc<Lists>>, ConfigError> {
    let lists = trust.lists(|signed: &Signed<'_>| is_signed_by_one_of(webpki::ALL_VERIFICATION_ALGS, signed))?;
    Ok((!trust.crls().is_empty()).then(|| Arc::new(lists)))
}

/// Has the library ask them.
pub(crate) fn ask(builder: &mut Builder, trust: &Arc<Trust>, lists: &Arc<Lists>) -> Result<(), Error> {
    let listed = Listed { trust: trust.clone(), lists: lists.clone() };
    builder.set_cert_validation_callback_sync(listed).map(drop)
}

struct Listed {
    trust: Arc<Trust>,
    lists: Arc<Lists>,
}

impl CertValidationCallbackSync for Listed {
    fn handle_validation(&self, connection: &mut Connection, _info: &mut CertValidationInfo) -> bool {
        let chain = facts::peer(connection, Some(&self.trust));
        let outcome = if chain.is_empty() { Err(Reason::BadCertificate) } else { self.lists.check(&chain) };
        if let Err(reason) = outcome {
            connection.set_application_context(Objection(reason));
        }
        outcome.is_ok()
    }
}
