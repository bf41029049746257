//! One revocation list, taken apart.

use std::collections::HashSet;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::{Signatures, Signed, names};
use crate::certificate::Certificate;
use crate::identity::element;

/// A list that may be used.
#[derive(Debug)]
pub(super) struct List {
    der: Vec<u8>,
    issuer: Vec<Vec<u8>>,
    /// Seconds since 1970.
    pub(super) begins: i64,
    pub(super) ends: i64,
    /// The CRL number, without leading zeros.
    number: Vec<u8>,
    scope: Scope,
    serials: HashSet<Vec<u8>>,
    /// The trusted certificate that has signed it; `None` if its issuer is not a trusted one.
    pub(super) signer: Option<Certificate>,
}

/// Which certificates of its issuer a list speaks of (RFC 5280 §5.2.5).
#[derive(Debug, Default, PartialEq, Eq)]
struct Scope {
    users_alone: bool,
    authorities_alone: bool,
    /// The extension as it came: two lists with different ones do not take each other's place.
    whole: Vec<u8>,
    /// Where it is found, if it is for certificates that say the same place, or none.
    places: Option<Vec<String>>,
}

const DELTA: &str = "2.5.29.27";
const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
const CRL_NUMBER: &str = "2.5.29.20";
const AUTHORITY_KEY: &str = "2.5.29.35";

impl List {
    /// Of DER, whole and with nothing after it.
    pub(super) fn parse(der: &[u8]) -> Result<Self, &'static str> {
        let list = match CertificateRevocationList::from_der(der) {
            Ok(([], list)) => list,
            Ok(_) => return Err("octets follow it"),
            Err(_) => return Err("it is not one in DER"),
        };
        let ends = list.next_update().ok_or("it does not say when the next one comes")?.timestamp();
        let (mut scope, mut number) = (Scope::default(), Vec::new());
        for extension in list.extensions() {
            match extension.oid.to_id_string().as_str() {
                DELTA => return Err("it is a delta list, which says only what has changed"),
                ISSUING_DISTRIBUTION_POINT => scope = Scope::of(extension.value, extension.parsed_extension())?,
                CRL_NUMBER => {
                    let (_, content, _) = element(extension.value).ok_or("its number is not one")?;
                    number = bare(content);
                }
                AUTHORITY_KEY => {}
                _ if extension.critical => return Err("it has a critical extension that is not known"),
                _ => {}
            }
        }
        for entry in list.iter_revoked_certificates() {
            // An issuer of its own for an entry, for instance.
            if entry.extensions().iter().any(|extension| extension.critical) {
                return Err("an entry has a critical extension that is not known");
            }
        }
        Ok(Self {
            der: der.to_vec(),
            issuer: names::key(list.issuer()),
            begins: list.last_update().timestamp(),
            ends,
            number,
            scope,
            serials: list.iter_revoked_certificates().map(|entry| bare(entry.raw_serial())).collect(),
            signer: None,
        })
    }

    /// Whether its issuer has the name of this certificate.
    pub(super) fn is_of(&self, issuer: &Certificate) -> bool {
        X509Certificate::from_der(issuer.der()).is_ok_and(|(_, parsed)| names::key(parsed.subject()) == self.issuer)
    }

    /// Whether this certificate's key has signed it, and may sign lists (RFC 5280 §6.3.3 (f)).
    pub(super) fn is_signed_by<S: Signatures + ?Sized>(&self, issuer: &Certificate, signatures: &S) -> bool {
        self.is_of(issuer) && self.signed(issuer).is_some_and(|signed| signatures.is_signed(&signed))
    }

    fn signed<'a>(&'a self, issuer: &'a Certificate) -> Option<Signed<'a>> {
        let (_, parsed) = X509Certificate::from_der(issuer.der()).ok()?;
        let may_sign = parsed.key_usage().ok()?.is_none_or(|usage| usage.value.crl_sign());
        may_sign.then(|| Signed::of(&self.der, issuer)).flatten()
    }

    /// Whether it is of the same scope and newer.
    pub(super) fn supersedes(&self, other: &Self) -> bool {
        self.scope == other.scope && self.age() > other.age()
    }

    /// Whether it is of the same scope and no older.
    pub(super) fn is_as_new_as(&self, other: &Self) -> bool {
        self.scope == other.scope && self.age() == other.age()
    }

    /// By its beginning, then by its number.
    fn age(&self) -> (i64, usize, &[u8]) {
        (self.begins, self.number.len(), &self.number)
    }

    /// Whether a certificate of its issuer is in its scope.
    pub(super) fn speaks_of(&self, certificate: &Certificate) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(certificate.der()) else { return false };
        let is_authority = parsed.is_ca();
        if (self.scope.users_alone && is_authority) || (self.scope.authorities_alone && !is_authority) {
            return false;
        }
        let Some(places) = &self.scope.places else { return true };
        let said = parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::CRLDistributionPoints(points) => Some(points),
            _ => None,
        });
        // Who does not say where its list is found takes each.
        said.is_none_or(|points| {
            points
                .iter()
                .filter_map(|point| point.distribution_point.as_ref())
                .flat_map(uris)
                .any(|uri| places.contains(&uri))
        })
    }

    /// Whether a certificate of its issuer is on it.
    pub(super) fn has(&self, certificate: &Certificate) -> bool {
        certificate.serial().is_some_and(|serial| self.serials.contains(&bare(&serial)))
    }
}

impl Scope {
    fn of(whole: &[u8], parsed: &ParsedExtension<'_>) -> Result<Self, &'static str> {
        let ParsedExtension::IssuingDistributionPoint(point) = parsed else { return Err("its scope cannot be read") };
        if point.indirect_crl {
            return Err("it is an indirect list, with certificates of other issuers");
        }
        if point.only_some_reasons.is_some() {
            return Err("it is for some reasons alone");
        }
        if point.only_contains_attribute_certs {
            return Err("it is for attribute certificates");
        }
        Ok(Self {
            users_alone: point.only_contains_user_certs,
            authorities_alone: point.only_contains_ca_certs,
            whole: whole.to_vec(),
            places: point.distribution_point.as_ref().map(uris),
        })
    }
}

fn uris(name: &DistributionPointName<'_>) -> Vec<String> {
    let DistributionPointName::FullName(all) = name else { return Vec::new() };
    let uri = |name: &GeneralName<'_>| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    };
    all.iter().filter_map(uri).collect()
}

/// A number without leading zeros.
fn bare(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|b| **b == 0).count();
    number[zeros..].to_vec()
}
