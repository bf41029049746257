use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber};

use super::*;

/// DER, by hand: what no library makes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let n = content.len();
    let length = if n < 128 { vec![n as u8] } else { vec![0x82, (n >> 8) as u8, n as u8] };
    [&[tag][..], &length, content].concat()
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { der(1, &[0xff]) } else { Vec::new() };
    der(0x30, &[der(6, oid), critical, der(4, value)].concat())
}

const NUMBER: &[u8] = &[0x55, 0x1d, 20];
const DELTA: &[u8] = &[0x55, 0x1d, 27];
const POINT: &[u8] = &[0x55, 0x1d, 28];
const UNKNOWN: &[u8] = &[0x55, 0x1d, 99];

struct Authority(Issuer<'static, KeyPair>, Certificate);

fn authority(usages: Vec<KeyUsagePurpose>) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = usages;
    let key = KeyPair::generate().unwrap();
    let own = Certificate::of_der(params.self_signed(&key).unwrap().der().to_vec());
    Authority(Issuer::new(params, key), own)
}

fn signing() -> Authority {
    authority(vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign])
}

fn leaf(authority: &Authority, serial: u64) -> Certificate {
    let mut params = CertificateParams::new(["a.test".to_owned()]).unwrap();
    params.serial_number = Some(SerialNumber::from(serial));
    let key = KeyPair::generate().unwrap();
    Certificate::of_der(params.signed_by(&key, &authority.0).unwrap().der().to_vec())
}

/// A list of an issuer called Root: when it begins and ends (years of this century), whose serials are on it, and its extensions.
#[derive(Clone)]
struct Made<'a> {
    name: &'a str,
    text: u8,
    begins: &'a str,
    ends: Option<&'a str>,
    serials: &'a [u64],
    entry: Option<Vec<u8>>,
    extensions: Vec<Vec<u8>>,
}

const USUAL: Made<'_> = Made {
    name: "Root",
    text: 0x0c,
    begins: "20",
    ends: Some("49"),
    serials: &[],
    entry: None,
    extensions: Vec::new(),
};

impl Made<'_> {
    fn der(&self) -> Vec<u8> {
        let algorithm = der(0x30, &der(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
        let attribute = der(0x30, &[der(6, &[0x55, 4, 3]), der(self.text, self.name.as_bytes())].concat());
        let issuer = der(0x30, &der(0x31, &attribute));
        let time = |year: &str| der(0x17, format!("{year}0101000000Z").as_bytes());
        let entry = |serial: &u64| {
            let serial = der(2, &[&[0][..], &serial.to_be_bytes()].concat());
            let more = self.entry.as_ref().map(|more| der(0x30, more)).unwrap_or_default();
            der(0x30, &[serial, time("20"), more].concat())
        };
        let revoked: Vec<u8> = self.serials.iter().flat_map(entry).collect();
        let revoked = if revoked.is_empty() { revoked } else { der(0x30, &revoked) };
        let extensions = match self.extensions.concat() {
            none if none.is_empty() => none,
            all => der(0xa0, &der(0x30, &all)),
        };
        let ends = self.ends.map(time).unwrap_or_default();
        let signed = [der(2, &[1]), algorithm.clone(), issuer, time(self.begins), ends, revoked, extensions].concat();
        der(0x30, &[der(0x30, &signed), algorithm, der(3, &[0, 7])].concat())
    }
}

fn judge(roots: &[&Authority], lists: &[Made<'_>]) -> Result<Lists, ConfigError> {
    let roots: Vec<_> = roots.iter().map(|root| root.1.clone()).collect();
    let lists: Vec<_> = lists.iter().map(Made::der).collect();
    Lists::judge(&roots, &lists, Expired::Refuses, |_: &Signed<'_>| true)
}

#[test]
fn lists_by_the_table() {
    let root = signing();
    let with = |extensions: Vec<Vec<u8>>| Made { extensions, ..USUAL };
    let point = |content: &[u8]| with(vec![extension(POINT, true, &der(0x30, content))]);
    let table = [
        (USUAL, None),
        (Made { ends: None, ..USUAL }, Some("when the next one comes")),
        (Made { begins: "49", ..USUAL }, Some("not valid yet")),
        (with(vec![extension(NUMBER, false, &[2, 1, 7])]), None),
        (with(vec![extension(DELTA, true, &[2, 1, 1])]), Some("delta")),
        (with(vec![extension(DELTA, false, &[2, 1, 1])]), Some("delta")),
        (point(&[0x81, 1, 0xff]), None),
        (point(&[0x82, 1, 0xff]), None),
        (point(&[0x83, 2, 1, 0x40]), Some("some reasons")),
        (point(&[0x84, 1, 0xff]), Some("indirect")),
        (point(&[0x85, 1, 0xff]), Some("attribute")),
        (with(vec![extension(POINT, true, &[5, 0])]), Some("scope")),
        (with(vec![extension(UNKNOWN, true, &[5, 0])]), Some("critical")),
        (with(vec![extension(UNKNOWN, false, &[5, 0])]), None),
        (Made { serials: &[7], entry: Some(extension(UNKNOWN, true, &[5, 0])), ..USUAL }, Some("an entry")),
        (Made { serials: &[7], entry: Some(extension(UNKNOWN, false, &[5, 0])), ..USUAL }, None),
    ];
    for (at, (list, expected)) in table.into_iter().enumerate() {
        let outcome = judge(&[&root], &[USUAL, list]);
        match (expected, outcome) {
            (None, Ok(_)) => {}
            (Some(why), Err(ConfigError::Malformed { what })) => {
                assert!(what.contains(why) && what.contains("revocation list 2"), "row {at}: {what}");
            }
            (expected, outcome) => panic!("row {at}: {expected:?} {outcome:?}"),
        }
    }
}

#[test]
fn a_list_cut_anywhere_is_an_error() {
    let root = signing();
    let whole = Made { serials: &[7, 8], ..USUAL }.der();
    for cut in 0..whole.len() {
        let outcome = Lists::judge(
            std::slice::from_ref(&root.1),
            &[whole[..cut].to_vec()],
            Expired::Refuses,
            |_: &Signed<'_>| true,
        );
        assert!(outcome.is_err(), "{cut}");
    }
}

#[test]
fn who_may_not_sign_lists_has_signed_none() {
    let (root, other) = (authority(vec![KeyUsagePurpose::KeyCertSign]), authority(Vec::new()));
    assert!(judge(&[&root], &[USUAL]).is_err());
    assert!(judge(&[&other], &[USUAL]).is_ok(), "without key usage a key is for all");
}

#[test]
fn names_are_the_same_however_they_are_written() {
    let root = signing();
    let bad = leaf(&root, 7);
    // PrintableString in place of UTF8String, other letters, other blanks.
    for (name, text) in [("Root", 0x0c), ("Root", 0x13), ("ROOT", 0x0c), (" root ", 0x13)] {
        let lists = judge(&[&root], &[Made { name, text, serials: &[7], ..USUAL }]).unwrap();
        assert_eq!(lists.check(std::slice::from_ref(&bad)), Err(Reason::Revoked), "{name:?} {text:#x}");
    }
    let lists = judge(&[&root], &[Made { name: "Rooty", serials: &[7], ..USUAL }]).unwrap();
    assert_eq!(lists.check(std::slice::from_ref(&bad)), Ok(()), "of somebody else");
}

#[test]
fn the_newer_counts_by_its_day_and_then_by_its_number() {
    let root = signing();
    let (bad, good) = (leaf(&root, 7), leaf(&root, 8));
    let number = |n: &[u8]| vec![extension(NUMBER, false, &der(2, n))];
    let dated = |begins, serials| Made { begins, serials, ..USUAL };
    let numbered = |n: &[u8], serials| Made { extensions: number(n), serials, ..USUAL };
    for pair in [
        [dated("20", &[8]), dated("21", &[7])],
        [numbered(&[9], &[8]), numbered(&[10], &[7])],
        [numbered(&[0xff], &[8]), numbered(&[1, 0], &[7])],
        [numbered(&[0, 0xfe], &[8]), numbered(&[0, 0xff], &[7])],
    ] {
        let turned = [pair[1].clone(), pair[0].clone()];
        for lists in [&pair, &turned] {
            let lists = judge(&[&root], lists).unwrap();
            assert_eq!(lists.lists.len(), 1);
            assert_eq!(lists.check(std::slice::from_ref(&bad)), Err(Reason::Revoked));
            assert_eq!(lists.check(std::slice::from_ref(&good)), Ok(()));
        }
    }
}

#[test]
fn two_issuers_of_one_name_have_each_its_list() {
    let (one, other) = (signing(), signing());
    let (of_one, of_other) = (leaf(&one, 7), leaf(&other, 7));
    // The first list is the one's, and the second the other's.
    let lists = [Made { serials: &[7], ..USUAL }.der(), Made { begins: "21", ..USUAL }.der()];
    let (first, one_s, other_s) = (lists[0].clone(), one.1.der().to_vec(), other.1.der().to_vec());
    let signatures = move |signed: &Signed<'_>| {
        let signer = if signed.whole == first { &one_s } else { &other_s };
        signed.issuer == signer
    };
    let roots = [one.1.clone(), other.1.clone()];
    let lists = Lists::judge(&roots, &lists, Expired::Refuses, signatures).unwrap();
    assert_eq!(lists.lists.len(), 2);
    // Which of the two issued a certificate the name does not tell: who is on either is refused.
    assert_eq!(lists.check(&[of_one]), Err(Reason::Revoked));
    assert_eq!(lists.check(&[of_other]), Err(Reason::Revoked));
}

#[test]
fn chains_without_an_end_end() {
    let root = signing();
    let lists = judge(&[&root], &[Made { serials: &[7], ..USUAL }]).unwrap();
    let others: Vec<_> = (0..1000).map(|_| signing().1).collect();
    let shown: Vec<_> = std::iter::once(leaf(&root, 8)).chain(others).collect();
    assert_eq!(lists.check(&shown), Ok(()));
    assert_eq!(lists.check(&[]), Ok(()));
    assert_eq!(lists.check(&[Certificate::of_der(vec![1, 2, 3])]), Ok(()));
}
