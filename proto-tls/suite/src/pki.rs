//! An authority of our own, and the certificates, good and bad, that it issues.

use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CrlIssuingDistributionPoint, CrlScope, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, SigningKey as _, date_time_ymd,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use simplon_proto_tls_seam::{Certificate, Identity, Trust};

/// Issues certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, then those that lead to the root, the root left out.
    chain: Vec<Certificate>,
    own: Certificate,
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Valid {
    /// Now.
    Now,
    /// Not any more.
    Before,
    /// Not yet.
    Later,
}

/// Which key a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// ECDSA on P-256.
    Ecdsa,
    /// RSA of 2,048 bits, always the same.
    Rsa,
}

/// What may be unusual about a revocation list.
#[derive(Clone, Debug)]
pub struct List {
    /// The year from which it counts.
    pub begins: i32,
    /// The year in which the next one comes.
    pub ends: i32,
    /// Which certificates alone it is about.
    pub scope: Option<Scope>,
}

/// Which certificates a revocation list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of users.
    Users,
    /// Those of authorities.
    Authorities,
}

impl Default for List {
    fn default() -> Self {
        Self { begins: 2024, ends: 2090, scope: None }
    }
}

/// A certificate that is to be issued.
#[derive(Debug)]
pub struct Leaf {
    names: Vec<SanType>,
    valid: Valid,
    key: Key,
    usage: KeyUsagePurpose,
}

impl Leaf {
    /// For these names, which may be addresses or URIs.
    pub fn of(names: &[&str]) -> Self {
        Self {
            names: names.iter().map(|name| alt_name(name)).collect(),
            valid: Valid::Now,
            key: Key::Ecdsa,
            usage: KeyUsagePurpose::DigitalSignature,
        }
    }

    /// The same, valid at another time.
    pub fn valid(mut self, valid: Valid) -> Self {
        self.valid = valid;
        self
    }

    /// The same with another key.
    pub fn key(mut self, key: Key) -> Self {
        self.key = key;
        self
    }

    /// The same with a key that is for keys alone, and signs nothing.
    pub fn for_keys_alone(mut self) -> Self {
        self.usage = KeyUsagePurpose::KeyEncipherment;
        self
    }

    fn params(&self, serial: u64) -> CertificateParams {
        let mut params = params("leaf", serial);
        params.subject_alt_names = self.names.clone();
        params.distinguished_name.push(DnType::OrganizationName, "Leaves");
        params.key_usages = vec![self.usage];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        match self.valid {
            Valid::Now => {}
            Valid::Before => params.not_after = date_time_ymd(2020, 1, 1),
            Valid::Later => {
                (params.not_before, params.not_after) = (date_time_ymd(2090, 1, 1), date_time_ymd(2095, 1, 1))
            }
        }
        params
    }

    fn key_pair(&self) -> KeyPair {
        match self.key {
            Key::Ecdsa => KeyPair::generate().unwrap(),
            Key::Rsa => KeyPair::from_pem(include_str!("rsa.pem")).unwrap(),
        }
    }
}

impl Authority {
    /// A root of this name.
    pub fn new(name: &str) -> Self {
        let (params, key) = (authority(name), KeyPair::generate().unwrap());
        let own = Certificate::of_der(params.self_signed(&key).unwrap().der().to_vec());
        Self { issuer: Issuer::new(params, key), chain: Vec::new(), own }
    }

    /// One that this one vouches for.
    pub fn intermediate(&self, name: &str) -> Self {
        let (mut params, key) = (authority(name), KeyPair::generate().unwrap());
        params.use_authority_key_identifier_extension = true;
        let own = Certificate::of_der(params.signed_by(&key, &self.issuer).unwrap().der().to_vec());
        let chain = std::iter::once(own.clone()).chain(self.chain.iter().cloned()).collect();
        Self { issuer: Issuer::new(params, key), chain, own }
    }

    /// Its own certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.own
    }

    /// Trust in this one alone.
    pub fn trust(&self) -> Trust {
        Trust::new(vec![self.own.clone()]).unwrap()
    }

    /// A certificate with its key and all that leads to the root.
    pub fn issue(&self, leaf: &Leaf) -> Identity {
        let (key, params) = (leaf.key_pair(), leaf.params(serial()));
        let own = Certificate::of_der(params.signed_by(&key, &self.issuer).unwrap().der().to_vec());
        let chain = std::iter::once(own).chain(self.chain.iter().cloned()).collect();
        Identity::new(chain, secret(&key)).unwrap()
    }

    /// The same as X.509 version 1 has it: without extensions, and so without names.
    pub fn issue_v1(&self, leaf: &Leaf) -> Identity {
        let usual = self.issue(leaf);
        // Version and extensions are marked as [0] and [3].
        let own = self.signed_again(usual.certificate(), |part| (!matches!(part[0], 0xa0 | 0xa3)).then_some(part));
        let chain = std::iter::once(own).chain(self.chain.iter().cloned()).collect();
        Identity::new(chain, usual.key().clone_key()).unwrap()
    }

    /// The same for a key of RSA with 1,024 bits.
    pub fn issue_rsa_1024(&self, leaf: &Leaf) -> Identity {
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("rsa1024.pem")).unwrap();
        let public = include_bytes!("rsa1024.der");
        let usual = self.issue(leaf);
        let mut at = 0;
        let own = self.signed_again(usual.certificate(), |part| {
            at += 1;
            // Version, serial number, algorithm, issuer, validity, subject, and the key (RFC 5280 §4.1).
            Some(if at == 7 { public.to_vec() } else { part })
        });
        let chain = std::iter::once(own).chain(self.chain.iter().cloned()).collect();
        Identity::new(chain, key).unwrap()
    }

    /// A certificate with each part of what is signed changed.
    fn signed_again(&self, certificate: &Certificate, change: impl FnMut(Vec<u8>) -> Option<Vec<u8>>) -> Certificate {
        let whole = elements(elements(certificate.der())[0].1);
        let parts = elements(whole[0].1).into_iter().map(|(part, _)| part.to_vec());
        let message = sequence(&parts.filter_map(change).collect::<Vec<_>>().concat());
        let signature = self.issuer.key().sign(&message).unwrap();
        let signature = [&[3, signature.len() as u8 + 1, 0][..], &signature].concat();
        Certificate::of_der(sequence(&[&message, whole[1].0, &signature].concat()))
    }

    /// A good certificate for these names.
    pub fn identity(&self, names: &[&str]) -> Identity {
        self.issue(&Leaf::of(names))
    }

    /// A revocation list with the certificates of these.
    pub fn revoke(&self, identities: &[&Identity]) -> Vec<u8> {
        self.list(identities, &List::default())
    }

    /// The same with something about it that is not usual.
    pub fn list(&self, identities: &[&Identity], unusual: &List) -> Vec<u8> {
        let List { begins, ends, scope } = unusual;
        let serials = identities.iter().map(|identity| identity.certificate().serial().unwrap());
        let revoked = |serial: Vec<u8>| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(*begins, 1, 1),
            next_update: date_time_ymd(*ends, 1, 1),
            crl_number: SerialNumber::from(serial()),
            issuing_distribution_point: scope.as_ref().map(|scope| CrlIssuingDistributionPoint {
                distribution_point: CrlDistributionPoint { uris: vec!["http://test/list".into()] },
                scope: Some(match scope {
                    Scope::Users => CrlScope::UserCertsOnly,
                    Scope::Authorities => CrlScope::CaCertsOnly,
                }),
            }),
            revoked_certs: serials.map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Authority").field(&self.own).finish()
    }
}

/// Elements of DER: each whole, and its content.
fn elements(mut der: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut all = Vec::new();
    while !der.is_empty() {
        let (begin, length) = match der[1] {
            short @ ..0x80 => (2, usize::from(short)),
            long => {
                let begin = 2 + usize::from(long & 0x7f);
                (begin, der[2..begin].iter().fold(0, |sum, b| sum << 8 | usize::from(*b)))
            }
        };
        let (this, rest) = der.split_at(begin + length);
        all.push((this, &this[begin..]));
        der = rest;
    }
    all
}

fn sequence(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16).to_be_bytes();
    [&[0x30, 0x82], &length[..], content].concat()
}

/// A certificate that nobody but itself vouches for.
pub fn self_signed(names: &[&str]) -> Identity {
    let (leaf, key) = (Leaf::of(names), KeyPair::generate().unwrap());
    let own = leaf.params(serial()).self_signed(&key).unwrap();
    Identity::new(vec![Certificate::of_der(own.der().to_vec())], secret(&key)).unwrap()
}

/// The certificate of one with the key of another.
pub fn mismatched(authority: &Authority, names: &[&str]) -> Identity {
    let (one, other) = (authority.identity(names), authority.identity(names));
    Identity::new(one.chain().to_vec(), other.key().clone_key()).unwrap()
}

/// Octets with the outer shape of a successful OCSP response.
pub fn staple() -> Vec<u8> {
    vec![0x30, 0x0b, 0x0a, 0x01, 0x00, 0xa0, 0x06, 0x30, 0x04, 0x06, 0x00, 0x04, 0x00]
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name, serial());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params
}

fn params(name: &str, serial: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(serial.into());
    (params.not_before, params.not_after) = (date_time_ymd(2010, 1, 1), date_time_ymd(2090, 1, 1));
    params
}

fn secret(key: &KeyPair) -> PrivateKeyDer<'static> {
    key.serialize_der().try_into().unwrap()
}

/// Never the same twice, and never with a first octet that DER would need to pad.
fn serial() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0x1000_0000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn alt_name(name: &str) -> SanType {
    match name.parse() {
        Ok(ip) => SanType::IpAddress(ip),
        Err(_) if name.contains("://") => SanType::URI(ia5(name)),
        Err(_) => SanType::DnsName(ia5(name)),
    }
}

fn ia5(text: &str) -> Ia5String {
    text.try_into().unwrap()
}
