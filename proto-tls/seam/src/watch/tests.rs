use std::time::SystemTime;

use super::*;

/// A directory that goes when it is dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("simplon-seam-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file, with a time of change that no write before had.
    pub(crate) fn file(&self, name: &str, octets: &[u8]) -> PathBuf {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NOW: AtomicU64 = AtomicU64::new(1_000_000_000);
        let path = self.0.join(name);
        std::fs::write(&path, octets).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.fetch_add(1, Ordering::Relaxed));
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(now).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Pem {
    chain: String,
    key: String,
}

fn pem() -> Pem {
    let made = rcgen::generate_simple_self_signed(["a.test".into()]).unwrap();
    Pem { chain: made.cert.pem(), key: made.signing_key.serialize_pem() }
}

fn written(directory: &Directory, pem: &Pem) -> FileSite {
    FileSite::new(directory.file("chain", pem.chain.as_bytes()), directory.file("key", pem.key.as_bytes())).unwrap()
}

fn fingerprint(site: &FileSite) -> [u8; 32] {
    site.current().identity().certificate().fingerprint()
}

#[test]
fn files_that_change_are_read_again() {
    let (directory, one, other) = (Directory::new(), pem(), pem());
    let site = written(&directory, &one);
    let before = fingerprint(&site);
    assert_eq!(site.look().unwrap(), Looked::Same);
    directory.file("chain", other.chain.as_bytes());
    directory.file("key", other.key.as_bytes());
    assert_eq!(site.look().unwrap(), Looked::Reloaded);
    assert_ne!(fingerprint(&site), before);
    assert_eq!(site.look().unwrap(), Looked::Same);
}

/// L88
#[test]
fn half_a_file_leaves_the_last_good_one() {
    let (directory, one, other) = (Directory::new(), pem(), pem());
    let site = written(&directory, &one);
    let before = fingerprint(&site);
    for n in [0, 10, other.chain.len() / 2] {
        directory.file("chain", &other.chain.as_bytes()[..n]);
        assert!(site.look().is_err(), "{n} octets");
        assert_eq!(fingerprint(&site), before);
        assert_eq!(site.look().unwrap(), Looked::Same, "said once");
    }
    directory.file("key", &other.key.as_bytes()[..20]);
    directory.file("chain", other.chain.as_bytes());
    assert!(site.look().is_err());
    directory.file("key", other.key.as_bytes());
    assert_eq!(site.look().unwrap(), Looked::Reloaded);
    assert_ne!(fingerprint(&site), before);
}

/// L88
#[test]
fn a_removed_file_leaves_the_last_good_one() {
    let (directory, one) = (Directory::new(), pem());
    let site = written(&directory, &one);
    let before = fingerprint(&site);
    std::fs::remove_file(directory.0.join("key")).unwrap();
    assert!(matches!(site.look(), Err(ConfigError::File { .. })));
    assert_eq!(site.look().unwrap(), Looked::Same);
    assert!(site.reload().is_err());
    assert_eq!(fingerprint(&site), before);
    directory.file("key", one.key.as_bytes());
    assert_eq!(site.look().unwrap(), Looked::Reloaded);
}

/// L88: the certificate is there, and its key is not yet.
#[test]
fn what_the_check_does_not_take_does_not_come_into_force() {
    let (directory, one, other) = (Directory::new(), pem(), pem());
    let site = written(&directory, &one);
    let before = fingerprint(&site);
    // The certificate is new, the key is not yet: this is what a backend finds.
    let is_pair = |site: &Site| {
        let is_pair = |pem: &Pem| {
            let identity = Identity::of_pem(pem.chain.as_bytes(), pem.key.as_bytes()).unwrap();
            identity == *site.identity()
        };
        if is_pair(&one) || is_pair(&other) { Ok(()) } else { Err(ConfigError::KeyMismatch) }
    };
    directory.file("chain", other.chain.as_bytes());
    assert!(matches!(site.look_with(is_pair), Err(ConfigError::KeyMismatch)));
    assert_eq!(fingerprint(&site), before);
    assert_eq!(site.look_with(is_pair).unwrap(), Looked::Same);
    directory.file("key", other.key.as_bytes());
    assert_eq!(site.look_with(is_pair).unwrap(), Looked::Reloaded);
    assert_ne!(fingerprint(&site), before);
}

#[test]
fn a_staple_is_watched_too() {
    let (directory, one) = (Directory::new(), pem());
    let good = [0x30, 0x0b, 0x0a, 0x01, 0x00, 0xa0, 0x06, 0x30, 0x04, 0x06, 0x00, 0x04, 0x00];
    let chain = directory.file("chain", one.chain.as_bytes());
    let key = directory.file("key", one.key.as_bytes());
    let site = FileSite::stapled(chain, key, directory.file("staple", &good)).unwrap();
    assert!(site.current().identity().staple().is_some());
    directory.file("staple", b"try later");
    assert!(matches!(site.look(), Err(ConfigError::Malformed { .. })));
    assert!(site.current().identity().staple().is_some());
    directory.file("staple", &good);
    assert_eq!(site.look().unwrap(), Looked::Reloaded);
}

#[test]
fn files_that_are_not_there_are_found_out_at_once() {
    let (directory, one) = (Directory::new(), pem());
    let chain = directory.file("chain", one.chain.as_bytes());
    let missing = directory.0.join("missing");
    let error = FileSite::new(&chain, &missing).err();
    assert!(matches!(error, Some(ConfigError::File { path, .. }) if path == missing));
    assert!(matches!(FileSite::new(&chain, &chain).err(), Some(ConfigError::Missing { what: "private key" })));
}

#[tokio::test(start_paused = true)]
async fn the_watch_goes_on_after_an_error() {
    let (directory, one, other) = (Directory::new(), pem(), pem());
    let site = written(&directory, &one);
    let before = fingerprint(&site);
    let script = async {
        directory.file("chain", b"not yet");
        tokio::time::sleep(Duration::from_secs(25)).await;
        assert_eq!(fingerprint(&site), before);
        directory.file("chain", other.chain.as_bytes());
        directory.file("key", other.key.as_bytes());
        tokio::time::sleep(Duration::from_secs(25)).await;
        assert_ne!(fingerprint(&site), before);
    };
    tokio::select! {
        () = site.watch(Duration::from_secs(10), |_| Ok(())) => {}
        () = script => {}
    }
}

/// What `cp -p` and `tar` do.
#[test]
fn a_file_of_the_old_length_and_time_is_seen() {
    let (directory, one) = (Directory::new(), pem());
    let site = written(&directory, &one);
    let (before, path) = (fingerprint(&site), directory.0.join("chain"));
    let metadata = std::fs::metadata(&path).unwrap();
    // Another certificate for the same key, as long as the one before.
    let key = rcgen::KeyPair::from_pem(&one.key).unwrap();
    let other = (0..1000).find_map(|_| {
        let pem = rcgen::CertificateParams::new(["a.test".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
        (pem.len() as u64 == metadata.len()).then_some(pem)
    });
    std::fs::write(&path, other.unwrap()).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(metadata.modified().unwrap()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), metadata.modified().unwrap());
    assert_eq!(site.look().unwrap(), Looked::Reloaded);
    assert_ne!(fingerprint(&site), before);
    assert_eq!(site.look().unwrap(), Looked::Same);
}

/// The first certificate is good and the key is its own: what stands behind is looked at, too.
#[test]
fn a_chain_is_checked_whole() {
    let (directory, one, other) = (Directory::new(), pem(), pem());
    let site = written(&directory, &one);
    let garbage = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
    let trusted = one.chain.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
    let request = garbage.replace("CERTIFICATE", "CERTIFICATE REQUEST");
    let longer = {
        let certificate = certificate_with_more(&other.chain);
        format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n")
    };
    let unended = &garbage[..40];
    for second in [garbage, &trusted, &request, &longer, unended] {
        let chain = directory.file("chain", format!("{}{second}", other.chain).as_bytes());
        let key = directory.file("key", other.key.as_bytes());
        assert!(matches!(site.look(), Err(ConfigError::Malformed { .. })), "{second}");
        assert_eq!(site.current().identity().chain().len(), 1);
        let text = FileSite::new(&chain, &key).err().unwrap().to_string();
        assert!(text.contains(&chain.display().to_string()), "{text}");
    }
    // A certificate and its key in one file are usual.
    directory.file("chain", format!("{}{}{}", other.chain, one.chain, other.key).as_bytes());
    assert_eq!(site.look().unwrap(), Looked::Reloaded);
    assert_eq!(site.current().identity().chain().len(), 2);
}

/// The base64 of a certificate with an octet behind it.
fn certificate_with_more(pem: &str) -> String {
    use rustls_pki_types::pem::PemObject;
    let mut der = rustls_pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec();
    der.push(0);
    base64(&der)
}

fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = octets.chunks(3).flat_map(|three| {
        let number = three.iter().fold(0, |sum, b| sum << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        (0..4).map(move |at| match at <= three.len() {
            true => DIGITS[(number >> (18 - 6 * at)) as usize & 63] as char,
            false => '=',
        })
    });
    digits.collect()
}

/// At start, and at a reload, by whichever way.
#[test]
fn a_key_of_another_names_both_files() {
    let (directory, one, other) = (Directory::new(), pem(), pem());
    let site = written(&directory, &one);
    let before = fingerprint(&site);
    let (chain, key) = (directory.file("chain", other.chain.as_bytes()), directory.0.join("key"));
    for error in [
        site.look().err(),
        site.reload().err(),
        FileSite::new(&chain, &key).err(),
        Identity::of_files(&chain, &key).err(),
    ] {
        assert!(matches!(error, Some(ConfigError::InFiles { .. })), "{error:?}");
        let text = error.unwrap().to_string();
        assert!(text.contains(&chain.display().to_string()) && text.contains(&key.display().to_string()), "{text}");
        assert!(text.contains("does not belong"), "{text}");
    }
    assert_eq!(fingerprint(&site), before);
    directory.file("key", other.key.as_bytes());
    assert_eq!(site.look().unwrap(), Looked::Reloaded);
    assert_ne!(fingerprint(&site), before);
}
