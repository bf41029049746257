//! Whom a peer's certificate has to come from.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::certificate::Certificate;
use crate::error::ConfigError;
use crate::identity::certificates_of_pem;
use crate::revocation::{Expired, Lists, Signatures};

/// Whom certificates have to come from, and which of them do not count any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trust {
    roots: Vec<Certificate>,
    crls: Vec<Vec<u8>>,
    expired: Expired,
}

impl Trust {
    /// Certificates issued by these, directly or through others that the peer shows.
    ///
    /// # Errors
    /// There are none.
    pub fn new(roots: Vec<Certificate>) -> Result<Self, ConfigError> {
        if roots.is_empty() {
            return Err(ConfigError::Missing { what: "trusted certificate" });
        }
        Ok(Self { roots, crls: Vec::new(), expired: Expired::default() })
    }

    /// The same, from PEM.
    ///
    /// # Errors
    /// There are none, or one is not well-formed.
    pub fn of_pem(pem: &[u8]) -> Result<Self, ConfigError> {
        Self::new(certificates_of_pem(pem)?)
    }

    /// And none that is on this revocation list, in DER (RFC 5280 §5). A certificate that no list speaks of is not revoked. Lists are judged when
    /// an end of TLS is made ([`crate::revocation`]); of several of one issuer and scope the newest counts.
    #[must_use]
    pub fn crl(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.crls.push(der.into());
        self
    }

    /// What becomes of certificates whose issuer's list has expired. Default: they are refused.
    #[must_use]
    pub fn expired_crls(mut self, expired: Expired) -> Self {
        self.expired = expired;
        self
    }

    /// The revocation lists, judged.
    ///
    /// # Errors
    /// [`ConfigError::Malformed`]: which one cannot be used, and why.
    pub fn lists(&self, signatures: impl Signatures + 'static) -> Result<Lists, ConfigError> {
        Lists::judge(&self.roots, &self.crls, self.expired, signatures)
    }

    /// The trusted certificates.
    #[must_use]
    pub fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    /// The revocation lists, in DER.
    #[must_use]
    pub fn crls(&self) -> &[Vec<u8>] {
        &self.crls
    }
}

/// What is asked of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// No certificate.
    #[default]
    None,
    /// A certificate if they have one; one that does not hold ends the handshake.
    Optional(Arc<Trust>),
    /// A certificate that holds.
    Required(Arc<Trust>),
}

impl ClientAuth {
    /// A digest of all that is asked, for [`crate::tickets::TicketKey::for_context`]: a ticket must not spare a client what another end asks.
    #[must_use]
    pub fn context(&self) -> [u8; 32] {
        let (kind, trust) = match self {
            Self::None => (0, None),
            Self::Optional(trust) => (1, Some(trust)),
            Self::Required(trust) => (2, Some(trust)),
        };
        let mut hash = Sha256::new_with_prefix([kind]);
        if let Some(trust) = trust {
            let Trust { roots, crls, expired } = &**trust;
            hash.update([u8::from(*expired == Expired::CountsOn)]);
            for list in
                [roots.iter().map(Certificate::der).collect::<Vec<_>>(), crls.iter().map(Vec::as_slice).collect()]
            {
                hash.update((list.len() as u64).to_be_bytes());
                for der in list {
                    hash.update((der.len() as u64).to_be_bytes());
                    hash.update(der);
                }
            }
        }
        hash.finalize().into()
    }
}
