//! Settings that not every backend has, and settings that are wrong.

use std::sync::{Arc, Mutex};

use simplon_proto_tls_seam::server::KeyLog;
use simplon_proto_tls_seam::{
    BoxFuture, Capability, ClientConfig, ClientHello, ConfigError, Identity, Reason, ServerConfig, Site, Sites,
    Terminator, Version,
};

use crate::Lab;
use crate::lab::{meet, soon};
use crate::pki::{Authority, mismatched, staple};

pub(super) async fn ciphers_by_name(lab: Lab) {
    let authority = Authority::new("root");
    let chosen = ["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"];
    let mut config = ServerConfig::of(authority.identity(&["a.test"]));
    config.ciphers = Some(chosen.map(String::from).to_vec());
    let plain = ClientConfig::new().trust(authority.trust());
    if lab.server_can(Capability::CipherChoice, &config) {
        let server = lab.server(config);
        for (version, client) in lab.pinned(&plain) {
            let cipher = if version == Version::Tls12 { chosen[1] } else { chosen[0] };
            let (server, client) = meet(&server, &*client, "a.test").await.facts().await;
            assert_eq!((server.cipher, client.cipher), (cipher, cipher));
        }
    }
    let config = plain.ciphers(chosen);
    if lab.client_can(Capability::CipherChoice, &config) {
        let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
        let (server, client) = meet(&server, &*lab.client(config), "a.test").await.facts().await;
        assert_eq!((server.cipher, client.cipher), (chosen[0], chosen[0]));
    }
}

pub(super) async fn no_cipher_in_common_is_refused(lab: Lab) {
    let authority = Authority::new("root");
    let mut config = ServerConfig::of(authority.identity(&["a.test"]));
    config.ciphers = Some(vec!["TLS_AES_256_GCM_SHA384".into(), "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384".into()]);
    let client = ClientConfig::new().trust(authority.trust());
    let client = client.ciphers(["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]);
    if lab.server_can(Capability::CipherChoice, &config) && lab.client_can(Capability::CipherChoice, &client) {
        let met = meet(&lab.server(config), &*lab.client(client), "a.test").await;
        assert_eq!(met.refused_by_server().await, Reason::NoSharedCipher);
    }
}

pub(super) async fn groups_by_name(lab: Lab) {
    let authority = Authority::new("root");
    // A validated module has X25519 by name, and offers it to nobody: who has it alone meets no one.
    let is_fips =
        [lab.server_backend(), lab.client_backend()].iter().any(|end| end.capabilities().has(Capability::Fips));
    for group in ["secp384r1", "secp256r1", "X25519"].into_iter().take(if is_fips { 2 } else { 3 }) {
        let mut config = ServerConfig::of(authority.identity(&["a.test"]));
        config.groups = Some(vec![group.into()]);
        let plain = ClientConfig::new().trust(authority.trust());
        if lab.server_can(Capability::GroupChoice, &config) {
            let (server, _) = meet(&lab.server(config), &*lab.client(plain.clone()), "a.test").await.facts().await;
            assert!(server.group.as_ref().is_none_or(|found| found.eq_ignore_ascii_case(group)), "{server:?}");
        }
        let config = plain.groups([group]);
        if lab.client_can(Capability::GroupChoice, &config) {
            let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
            let (_, client) = meet(&server, &*lab.client(config), "a.test").await.facts().await;
            assert!(client.group.as_ref().is_none_or(|found| found.eq_ignore_ascii_case(group)), "{client:?}");
        }
    }
}

pub(super) async fn unknown_names_are_errors(lab: Lab) {
    let authority = Authority::new("root");
    let config = ServerConfig::of(authority.identity(&["a.test"]));
    let client = ClientConfig::new().trust(authority.trust());
    for name in ["TLS_NO_SUCH_CIPHER", "", "ALL:!aNULL", "TLS_RSA_WITH_RC4_128_MD5"] {
        let mut config = config.clone();
        config.ciphers = Some(vec!["TLS_AES_128_GCM_SHA256".into(), name.into()]);
        if lab.server_can(Capability::CipherChoice, &config) {
            unknown(lab.server_backend().server(&config).err(), name);
        }
        let client = client.clone().ciphers(["TLS_AES_128_GCM_SHA256", name]);
        if lab.client_can(Capability::CipherChoice, &client) {
            unknown(lab.client_backend().client(&client).err(), name);
        }
    }
    for name in ["no-such-group", "", "X25519:P-256"] {
        let mut config = config.clone();
        config.groups = Some(vec!["secp256r1".into(), name.into()]);
        if lab.server_can(Capability::GroupChoice, &config) {
            unknown(lab.server_backend().server(&config).err(), name);
        }
        let client = client.clone().groups(["secp256r1", name]);
        if lab.client_can(Capability::GroupChoice, &client) {
            unknown(lab.client_backend().client(&client).err(), name);
        }
    }
}

fn unknown(error: Option<ConfigError>, asked: &str) {
    match error {
        Some(ConfigError::Unknown { name, .. }) => assert_eq!(name, asked),
        other => panic!("`{asked}` gives {other:?}"),
    }
}

/// L88
pub(super) async fn a_key_of_another_is_an_error(lab: Lab) {
    let authority = Authority::new("root");
    let bad = mismatched(&authority, &["a.test"]);
    let client = ClientConfig::new().trust(authority.trust());
    let error = lab.client_backend().client(&client.clone().identity(bad.clone())).err();
    assert!(matches!(error, Some(ConfigError::KeyMismatch)), "{error:?}");
    let error = Terminator::new(lab.server_backend().clone(), ServerConfig::of(bad.clone())).err();
    assert!(matches!(error, Some(ConfigError::KeyMismatch)), "{error:?}");
    // Of sites that are found when a client comes, nobody knows before.
    let server = lab.server(ServerConfig::new(Later(Arc::new(Site::new(bad.clone())))));
    let error = server.prepare(&Site::new(bad)).err();
    assert!(matches!(error, Some(ConfigError::KeyMismatch)), "{error:?}");
    server.prepare(&Site::new(authority.identity(&["a.test"]))).unwrap();
    // Who comes nevertheless is told.
    let met = soon(meet(&server, &*lab.client(client), "a.test")).await;
    let told = met.client.as_ref().err().map(simplon_proto_tls_seam::Error::reason);
    assert!(matches!(told, Some(Reason::Alert(_))), "{told:?}");
    assert_eq!(met.refused_by_server().await, Reason::Library);
}

struct Later(Arc<Site>);

impl Sites for Later {
    fn choose<'a>(&'a self, _: &'a ClientHello, _: Option<std::net::SocketAddr>) -> BoxFuture<'a, Option<Arc<Site>>> {
        Box::pin(std::future::ready(Some(self.0.clone())))
    }
}

pub(super) async fn octets_that_are_no_key_are_an_error(lab: Lab) {
    let authority = Authority::new("root");
    let good = authority.identity(&["a.test"]);
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(vec![0x30, 0x03, 0x02, 0x01, 0x00]);
    let bad = Identity::new(good.chain().to_vec(), key.into()).unwrap();
    let server = lab.server(ServerConfig::of(good));
    assert!(server.prepare(&Site::new(bad.clone())).is_err());
    assert!(lab.client_backend().client(&ClientConfig::new().trust(authority.trust()).identity(bad)).is_err());
}

pub(super) async fn fips_is_in_force_or_refused(lab: Lab) {
    let authority = Authority::new("root");
    let mut config = ServerConfig::of(authority.identity(&["a.test"]));
    config.fips = true;
    let can = lab.server_backend().capabilities().has(Capability::Fips);
    match Terminator::new(lab.server_backend().clone(), config) {
        Ok(server) => assert!(can && server.is_fips()),
        Err(ConfigError::NotFips { .. }) => assert!(!can),
        Err(other) => panic!("{other:?}"),
    }
    let can = lab.client_backend().capabilities().has(Capability::Fips);
    match lab.client_backend().client(&ClientConfig::new().trust(authority.trust()).require_fips()) {
        Ok(client) => assert!(can && client.is_fips()),
        Err(ConfigError::NotFips { .. }) => assert!(!can),
        Err(other) => panic!("{other:?}"),
    }
}

pub(super) async fn a_staple_does_no_harm(lab: Lab) {
    let authority = Authority::new("root");
    let stapled = authority.identity(&["a.test"]).with_staple(staple()).unwrap();
    let server = lab.server(ServerConfig::of(stapled));
    for (version, client) in lab.pinned(&ClientConfig::new().trust(authority.trust())) {
        for _ in 0..2 {
            assert_eq!(meet(&server, &*client, "a.test").await.facts().await.1.version, version);
        }
    }
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl KeyLog for Lines {
    fn line(&self, line: &str) {
        self.0.lock().unwrap().push(line.into());
    }
}

impl Lines {
    /// Checks each line, and gives their labels.
    fn labels(&self) -> Vec<String> {
        let is_hex = |text: &str| text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
        let lines = self.0.lock().unwrap();
        let label = |line: &String| match line.split(' ').collect::<Vec<_>>()[..] {
            [label, random, secret] if random.len() == 64 && is_hex(random) && secret.len() >= 64 && is_hex(secret) => {
                label.to_owned()
            }
            _ => panic!("{line:?}"),
        };
        lines.iter().map(label).collect()
    }
}

pub(super) async fn key_log_lines_are_well_formed(lab: Lab) {
    let authority = Authority::new("root");
    for (version, label) in [(Version::Tls13, "CLIENT_TRAFFIC_SECRET_0"), (Version::Tls12, "CLIENT_RANDOM")] {
        let (server_log, client_log) = (Arc::new(Lines::default()), Arc::new(Lines::default()));
        let mut config = ServerConfig::of(authority.identity(&["a.test"]));
        config.key_log = Some(server_log.clone());
        let client = ClientConfig::new().trust(authority.trust()).versions(version, version);
        let logging = client.clone().key_log(client_log.clone());
        if version == Version::Tls12 && !lab.client_can(Capability::Only12, &client) {
            continue;
        }
        if lab.server_can(Capability::KeyLog, &config) {
            let _ = meet(&lab.server(config), &*lab.client(client), "a.test").await.facts().await;
            assert!(server_log.labels().iter().any(|found| found == label), "{:?}", server_log.labels());
        }
        if lab.client_can(Capability::KeyLog, &logging) {
            let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
            let _ = meet(&server, &*lab.client(logging), "a.test").await.facts().await;
            assert!(client_log.labels().iter().any(|found| found == label), "{:?}", client_log.labels());
        }
    }
}

/// L90: what is trusted is handed over, and not left in variables that the whole process reads (`SSL_CERT_FILE`).
pub(super) async fn the_environment_stays_as_it_is(lab: Lab) {
    let before: Vec<_> = std::env::vars_os().collect();
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    // A machine without trusted certificates has no such client.
    let _ = lab.client_backend().client(&ClientConfig::new());
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let _ = meet(&server, &*client, "a.test").await.facts().await;
    let changed: Vec<_> = std::env::vars_os().filter(|variable| !before.contains(variable)).collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!(std::env::vars_os().count(), before.len());
}
