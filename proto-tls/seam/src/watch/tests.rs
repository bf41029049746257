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
