use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use simplon_proto_tls_seam::server::KeyLog;
use simplon_proto_tls_seam::tickets::TicketKeys;
use simplon_proto_tls_seam::{
    Certificate, ClientAuth, Identity, Reason, ServerName, Session, Terminator, Trust, Version, Whom,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};

use super::*;

type Established = Result<Box<dyn Session>, simplon_proto_tls_seam::Error>;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn trust(&self) -> Trust {
        Trust::new(vec![Certificate::of_der(self.0.der().to_vec())]).unwrap()
    }

    fn identity(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        self.issue(CertificateParams::new(names).unwrap())
    }

    fn issue(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Identity::new(vec![Certificate::of_der(certificate.der().to_vec())], key).unwrap()
    }
}

fn terminator(config: ServerConfig) -> Terminator<DuplexStream> {
    Terminator::new(Arc::new(S2n), config).unwrap()
}

fn connector(config: &ClientConfig) -> Arc<dyn Connect<DuplexStream>> {
    S2n.client(config).unwrap()
}

async fn shake_with(
    terminator: &Terminator<DuplexStream>,
    connector: &Arc<dyn Connect<DuplexStream>>,
    name: &str,
) -> (Established, Established) {
    let (near, far) = duplex(1 << 10);
    tokio::join!(
        terminator.handshake(near, None),
        connector.connect(far, Whom::new(ServerName::parse(name).unwrap(), 443))
    )
}

async fn shake(server: ServerConfig, client: &ClientConfig, name: &str) -> (Established, Established) {
    shake_with(&terminator(server), &connector(client), name).await
}

fn reason(established: Established) -> Reason {
    established.map(|session| session.facts().clone()).unwrap_err().reason()
}

/// Sends both ways; tickets that come late have arrived then.
async fn talk(server: &mut Box<dyn Session>, client: &mut Box<dyn Session>) {
    let mut five = [0; 5];
    server.write_all(b"hello").await.unwrap();
    server.flush().await.unwrap();
    client.read_exact(&mut five).await.unwrap();
    assert_eq!(&five, b"hello");
    client.write_all(b"world").await.unwrap();
    client.flush().await.unwrap();
    server.read_exact(&mut five).await.unwrap();
    assert_eq!(&five, b"world");
}

#[tokio::test]
async fn both_ends_agree_and_say_upon_what() {
    let authority = Authority::new("root");
    let identity = authority.identity(&["a.example"]);
    let own = identity.certificate().fingerprint();
    let client = ClientConfig::new().trust(authority.trust()).alpn(["h2", "http/1.1"]);
    let (server, client) = shake(ServerConfig::of(identity).alpn(["http/1.1"]), &client, "a.example").await;
    let (mut server, mut client) = (server.unwrap(), client.unwrap());
    talk(&mut server, &mut client).await;
    for facts in [server.facts(), client.facts()] {
        assert_eq!(facts.version, Version::Tls13);
        assert_eq!(facts.cipher, "TLS_AES_128_GCM_SHA256");
        assert_eq!(facts.group.as_deref(), Some("X25519MLKEM768"));
        assert_eq!(facts.alpn.as_deref(), Some(&b"http/1.1"[..]));
        assert_eq!(facts.server_name.as_deref(), Some("a.example"));
        assert!(!facts.resumed);
    }
    assert_eq!(server.facts().own, Some(own));
    assert_eq!(server.facts().peer, []);
    assert_eq!(client.facts().peer.len(), 1);
    assert_eq!(client.facts().peer[0].fingerprint(), own);
}

#[tokio::test]
async fn each_version_alone() {
    let authority = Authority::new("root");
    for (version, cipher, group) in [
        (Version::Tls12, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "secp256r1"),
        (Version::Tls13, "TLS_AES_128_GCM_SHA256", "X25519MLKEM768"),
    ] {
        let client = ClientConfig::new().trust(authority.trust()).versions(version, version);
        let server = ServerConfig::of(authority.identity(&["a.example"]));
        let (server, client) = shake(server, &client, "a.example").await;
        let (mut server, mut client) = (server.unwrap(), client.unwrap());
        talk(&mut server, &mut client).await;
        for facts in [server.facts(), client.facts()] {
            assert_eq!((facts.version, facts.cipher, facts.group.as_deref()), (version, cipher, Some(group)));
        }
    }
}

#[tokio::test]
async fn no_version_in_common() {
    let authority = Authority::new("root");
    let mut server = ServerConfig::of(authority.identity(&["a.example"]));
    server.oldest = Version::Tls13;
    let client = ClientConfig::new().trust(authority.trust()).versions(Version::Tls12, Version::Tls12);
    let (server, client) = shake(server, &client, "a.example").await;
    assert_eq!(reason(server), Reason::NoSharedVersion);
    assert_eq!(reason(client), Reason::Alert(70));
}

#[tokio::test]
async fn protocols_of_which_none_is_common_and_none_at_all() {
    let authority = Authority::new("root");
    let server = || ServerConfig::of(authority.identity(&["a.example"])).alpn(["h2"]);
    let client = ClientConfig::new().trust(authority.trust());
    let (one, two) = shake(server(), &client.clone().alpn(["http/1.1"]), "a.example").await;
    assert_eq!(reason(one), Reason::NoSharedProtocol);
    assert_eq!(reason(two), Reason::Alert(120));
    let (one, two) = shake(server(), &client, "a.example").await;
    assert_eq!(one.unwrap().facts().alpn, None);
    assert_eq!(two.unwrap().facts().alpn, None);
}

#[tokio::test]
async fn servers_have_to_prove_their_name() {
    let authority = Authority::new("root");
    let mut common = CertificateParams::new(Vec::<String>::new()).unwrap();
    common.distinguished_name.push(DnType::CommonName, "common.example");
    let mut uri = CertificateParams::new(vec![]).unwrap();
    uri.subject_alt_names.push(SanType::URI("a.example".try_into().unwrap()));
    let mut mail = CertificateParams::new(vec!["b.example".into()]).unwrap();
    mail.subject_alt_names.push(SanType::Rfc822Name("a@b.example".try_into().unwrap()));
    let names = ["a.example", "*.w.example", "192.0.2.1"];
    let only = ClientConfig::new().trust(authority.trust());
    let other = only.clone().alternative_names([ServerName::parse("a.example").unwrap()]);
    let any = only.clone().danger_accept_any_name();
    for (identity, client, name, expected) in [
        (authority.identity(&names), &only, "a.example", None),
        (authority.identity(&names), &only, "x.w.example", None),
        (authority.identity(&names), &only, "192.0.2.1", None),
        (authority.identity(&names), &only, "b.example", Some(Reason::WrongName)),
        (authority.identity(&names), &only, "192.0.2.2", Some(Reason::WrongName)),
        (authority.identity(&names), &other, "b.example", None),
        (authority.identity(&names), &any, "b.example", None),
        (authority.issue(common), &only, "common.example", Some(Reason::WrongName)),
        (authority.issue(uri), &only, "a.example", Some(Reason::WrongName)),
        (authority.issue(mail), &only, "a.example", Some(Reason::WrongName)),
        (Authority::new("other").identity(&names), &only, "a.example", Some(Reason::UnknownIssuer)),
        (Authority::new("other").identity(&names), &any, "b.example", Some(Reason::UnknownIssuer)),
    ] {
        let (_, client) = shake(ServerConfig::of(identity), client, name).await;
        assert_eq!(client.err().map(|error| error.reason()), expected, "{name}");
    }
}

#[tokio::test]
async fn nothing_is_verified_if_that_is_asked_for() {
    let client = ClientConfig::new().danger_accept_anyone();
    let identity = Authority::new("other").identity(&["a.example"]);
    let (server, client) = shake(ServerConfig::of(identity), &client, "b.example").await;
    talk(&mut server.unwrap(), &mut client.unwrap()).await;
}

#[tokio::test]
async fn certificates_out_of_their_time() {
    let authority = Authority::new("root");
    let with = |from, to| {
        let mut params = CertificateParams::new(vec!["a.example".into()]).unwrap();
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(from, 1, 1), rcgen::date_time_ymd(to, 1, 1));
        authority.issue(params)
    };
    for (identity, expected) in [(with(2001, 2002), Reason::Expired), (with(2901, 2902), Reason::NotYetValid)] {
        let client = ClientConfig::new().trust(authority.trust());
        let (_, client) = shake(ServerConfig::of(identity), &client, "a.example").await;
        assert_eq!(reason(client), expected);
    }
}

#[tokio::test]
async fn clients_show_certificates() {
    let authority = Authority::new("root");
    let own = authority.identity(&["client.example"]);
    let fingerprint = own.certificate().fingerprint();
    let trust = Arc::new(authority.trust());
    let without = ClientConfig::new().trust(authority.trust());
    let with = without.clone().identity(own);
    let stranger = without.clone().identity(Authority::new("other").identity(&["client.example"]));
    let server = |auth| ServerConfig::of(authority.identity(&["a.example"])).client_auth(auth);
    let (required, optional) = (ClientAuth::Required(trust.clone()), ClientAuth::Optional(trust));
    for (auth, client, expected) in [
        (&required, &with, Ok(Some(fingerprint))),
        (&required, &without, Err(Reason::NoCertificate)),
        (&required, &stranger, Err(Reason::UnknownIssuer)),
        (&optional, &with, Ok(Some(fingerprint))),
        (&optional, &without, Ok(None)),
        (&optional, &stranger, Err(Reason::UnknownIssuer)),
    ] {
        let (server, _) = shake(server(auth.clone()), client, "a.example").await;
        let shown = server.map(|session| session.facts().peer_certificate().map(Certificate::fingerprint));
        assert_eq!(shown.map_err(|error| error.reason()), expected);
    }
}

#[tokio::test]
async fn sessions_are_resumed_across_rotations_until_the_key_is_gone() {
    let authority = Authority::new("root");
    for version in [Version::Tls12, Version::Tls13] {
        let keys = Arc::new(TicketKeys::random());
        let mut config = ServerConfig::of(authority.identity(&["a.example"]));
        config.tickets = Some(keys.clone());
        let terminator = terminator(config);
        let connector = connector(&ClientConfig::new().trust(authority.trust()).versions(version, version));
        for (round, (rotations, expected)) in
            [(0, false), (0, true), (2, true), (3, false), (0, true)].iter().enumerate()
        {
            (0..*rotations).for_each(|_| keys.rotate());
            let (server, client) = shake_with(&terminator, &connector, "a.example").await;
            let (mut server, mut client) = (server.unwrap(), client.unwrap());
            talk(&mut server, &mut client).await;
            let resumed = (server.facts().resumed, client.facts().resumed);
            assert_eq!(resumed, (*expected, *expected), "{version} {round}");
            assert_eq!(client.facts().peer.len(), 1, "{version} {round}");
        }
    }
}

#[tokio::test]
async fn who_showed_a_certificate_shows_it_again() {
    let authority = Authority::new("root");
    let auth = ClientAuth::Optional(Arc::new(authority.trust()));
    let terminator = terminator(ServerConfig::of(authority.identity(&["a.example"])).client_auth(auth));
    let client = ClientConfig::new().trust(authority.trust()).identity(authority.identity(&["client.example"]));
    let connector = connector(&client);
    for _ in 0..2 {
        let (server, client) = shake_with(&terminator, &connector, "a.example").await;
        let (mut server, mut client) = (server.unwrap(), client.unwrap());
        talk(&mut server, &mut client).await;
        assert!(!server.facts().resumed);
        assert_eq!(server.facts().peer.len(), 1);
    }
}

#[tokio::test]
async fn an_end_is_clean_only_after_close_notify() {
    let authority = Authority::new("root");
    let config = ClientConfig::new().trust(authority.trust());
    let server = || ServerConfig::of(authority.identity(&["a.example"]));

    let (one, two) = shake(server(), &config, "a.example").await;
    let (mut one, mut two) = (one.unwrap(), two.unwrap());
    one.write_all(b"last").await.unwrap();
    one.shutdown().await.unwrap();
    let mut all = Vec::new();
    two.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"last");
    two.write_all(b"more").await.unwrap();
    two.shutdown().await.unwrap();
    all.clear();
    one.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"more");

    let (one, two) = shake(server(), &config, "a.example").await;
    let (one, mut two) = (one.unwrap(), two.unwrap());
    drop(one);
    assert_eq!(two.read(&mut [0; 9]).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn much_goes_both_ways_at_once_through_a_narrow_transport() {
    let authority = Authority::new("root");
    for version in [Version::Tls12, Version::Tls13] {
        let config = ClientConfig::new().trust(authority.trust()).versions(version, version);
        let (one, two) = shake(ServerConfig::of(authority.identity(&["a.example"])), &config, "a.example").await;
        let ends = [one.unwrap(), two.unwrap()].map(|end| {
            let (mut read, mut write) = tokio::io::split(end);
            let sent: Vec<u8> = (0..300_000_u32).map(|n| ((n * 7) >> 3) as u8).collect();
            tokio::spawn(async move {
                let mut got = vec![0; sent.len()];
                let (written, read_) = tokio::join!(
                    async {
                        write.write_all(&sent).await?;
                        write.flush().await
                    },
                    read.read_exact(&mut got)
                );
                written.unwrap();
                read_.unwrap();
                assert!(sent == got, "{version}");
                read.unsplit(write)
            })
        });
        let [one, two] = ends;
        let (mut one, mut two) = (one.await.unwrap(), two.await.unwrap());
        one.shutdown().await.unwrap();
        assert_eq!(two.read(&mut [0; 9]).await.unwrap(), 0, "{version}");
        two.shutdown().await.unwrap();
        assert_eq!(one.read(&mut [0; 9]).await.unwrap(), 0, "{version}");
    }
}

#[tokio::test]
async fn what_is_dropped_after_a_close_of_tls_1_2_is_no_clean_end() {
    let authority = Authority::new("root");
    let config = ClientConfig::new().trust(authority.trust()).versions(Version::Tls12, Version::Tls12);
    for (before, after) in [("", "x"), ("x", ""), ("xy", "")] {
        let (one, two) = shake(ServerConfig::of(authority.identity(&["a.example"])), &config, "a.example").await;
        let (mut one, mut two) = (one.unwrap(), two.unwrap());
        two.write_all(before.as_bytes()).await.unwrap();
        if before.len() == 2 {
            one.read_exact(&mut [0; 1]).await.unwrap();
        }
        one.shutdown().await.unwrap();
        two.write_all(after.as_bytes()).await.unwrap();
        two.shutdown().await.unwrap();
        let error = one.read(&mut [0; 9]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{before} {after}");
        assert!(one.read(&mut [0; 9]).await.is_err(), "and stays cut");
    }
}

#[tokio::test]
async fn secrets_are_logged() {
    struct Lines(Mutex<Vec<String>>);
    impl KeyLog for Lines {
        fn line(&self, line: &str) {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }
    let authority = Authority::new("root");
    let (near, far) = (Arc::new(Lines(Mutex::default())), Arc::new(Lines(Mutex::default())));
    let mut server = ServerConfig::of(authority.identity(&["a.example"]));
    server.key_log = Some(near.clone());
    let client = ClientConfig::new().trust(authority.trust()).key_log(far.clone());
    let (one, two) = shake(server, &client, "a.example").await;
    drop((one.unwrap(), two.unwrap()));
    let sorted = |lines: &Lines| {
        let mut lines = lines.0.lock().unwrap().clone();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&near), sorted(&far));
    assert!(sorted(&near).iter().any(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ") && !line.ends_with('\n')));
}

#[tokio::test]
async fn a_failure_is_told_at_once() {
    let authority = Authority::new("root");
    let client = ClientConfig::new().trust(authority.trust());
    let identity = Authority::new("other").identity(&["a.example"]);
    let connector = connector(&client);
    let terminator = terminator(ServerConfig::of(identity));
    let (near, far) = duplex(1 << 14);
    let begun = std::time::Instant::now();
    let server = tokio::spawn(async move { reason(terminator.handshake(near, None).await) });
    let client = connector.connect(far, Whom::new(ServerName::parse("a.example").unwrap(), 443)).await;
    assert_eq!(reason(client), Reason::UnknownIssuer);
    let told = begun.elapsed();
    assert_eq!(server.await.unwrap(), Reason::Alert(48));
    let left = begun.elapsed();
    assert!(left - told > std::time::Duration::from_millis(200), "{told:?} {left:?}");
    assert!(left < std::time::Duration::from_secs(3), "{left:?}");
}

/// A transport that remembers what it gave.
struct Tap(DuplexStream, Arc<Mutex<Vec<u8>>>);

impl Transport for Tap {}

impl AsyncRead for Tap {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.0).poll_read(cx, buffer);
        self.1.lock().unwrap().extend_from_slice(&buffer.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn staples_are_sent_to_those_who_ask() {
    let mut staple = vec![0x30, 25, 0x0a, 1, 0, 0xa0, 20, 0x30, 18, 0x04, 16];
    staple.extend(*b"a distinct reply");
    let identity = Authority::new("root").identity(&["a.example"]).with_staple(staple.clone()).unwrap();
    let terminator = terminator(ServerConfig::of(identity));
    for asks in [false, true] {
        // Our own clients do not ask; with TLS 1.2 the answer can be read on the wire.
        let mut builder = s2n_tls::config::Builder::new();
        builder.set_security_policy(&policy::of(Version::Tls12, Version::Tls12, None, None).unwrap()).unwrap();
        builder.with_system_certs(false).unwrap();
        if asks {
            builder.enable_ocsp().unwrap();
        }
        ffi::verify_nothing(&mut builder).unwrap();
        let (near, far) = duplex(1 << 14);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let tap = Tap(far, seen.clone());
        let client = s2n_tls::connection::Connection::new_client();
        let mut link = link::Link::new(client, builder.build().unwrap(), tap).unwrap();
        let (server, client) = tokio::join!(terminator.handshake(near, None), poll_fn(|cx| link.poll_negotiate(cx)));
        server.unwrap();
        client.unwrap();
        let is_there = seen.lock().unwrap().windows(staple.len()).any(|window| window == staple);
        assert_eq!(is_there, asks);
    }
}

#[test]
fn keys_have_to_belong_to_their_certificates() {
    let authority = Authority::new("root");
    let (one, two) = (authority.identity(&["a.example"]), authority.identity(&["a.example"]));
    let mixed = Identity::new(one.chain().to_vec(), two.key().clone_key()).unwrap();
    let client = ClientConfig::new().trust(authority.trust()).identity(mixed);
    let made: Result<Arc<dyn Connect<DuplexStream>>, _> = S2n.client(&client);
    assert!(matches!(made.err(), Some(ConfigError::KeyMismatch)));
}

#[test]
fn what_it_lacks_is_refused_at_start_up() {
    let refused = |client: ClientConfig| {
        let made: Result<Arc<dyn Connect<DuplexStream>>, _> = S2n.client(&client);
        match made.err() {
            Some(ConfigError::Unsupported { backend: "s2n", capability }) => capability,
            other => panic!("{other:?}"),
        }
    };
    let client = ClientConfig::new();
    assert_eq!(refused(client.clone().ciphers(["TLS_AES_128_GCM_SHA256"])), Capability::CipherChoice);
    assert_eq!(refused(client.groups(["x25519"])), Capability::GroupChoice);
    if !S2n::capabilities().has(Capability::Fips) {
        let made: Result<Arc<dyn Connect<DuplexStream>>, _> = S2n.client(&ClientConfig::new().require_fips());
        assert!(matches!(made.err(), Some(ConfigError::NotFips { backend: "s2n" })));
    }
}
