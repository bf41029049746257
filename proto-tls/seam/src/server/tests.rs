use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

use super::*;
use crate::certificate::Certificate;
use crate::facts::Facts;
use crate::hello::Rewound;
use crate::session::{BoxFuture, Connect};
use crate::site::Names;
use crate::{Capabilities, ClientConfig};

/// A backend without a library: it takes the ClientHello and is content, or does what it is told.
#[derive(Clone, Debug)]
struct Fake(Arc<State>);

#[derive(Debug, Default)]
struct State {
    refuses: AtomicBool,
    panics: AtomicBool,
    stalls: AtomicBool,
}

impl Backend<DuplexStream> for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn server(&self, _config: &ServerConfig) -> Result<Arc<dyn Accept<DuplexStream>>, ConfigError> {
        match self.0.refuses.load(Ordering::Relaxed) {
            true => Err(ConfigError::Missing { what: "goodwill" }),
            false => Ok(Arc::new(self.clone())),
        }
    }

    fn client(&self, _config: &ClientConfig) -> Result<Arc<dyn Connect<DuplexStream>>, ConfigError> {
        Err(ConfigError::Missing { what: "client" })
    }
}

impl Accept<DuplexStream> for Fake {
    fn accept(
        &self,
        mut io: Rewound<DuplexStream>,
        hello: ClientHello,
        site: Chosen,
    ) -> BoxFuture<'static, Result<Box<dyn Session>, Error>> {
        let state = self.0.clone();
        Box::pin(async move {
            assert!(!state.panics.load(Ordering::Relaxed), "as it was told");
            if state.stalls.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            let mut record = vec![0; 5 + hello.raw().len()];
            io.read_exact(&mut record).await.map_err(|error| Error::io("fake", &error))?;
            assert_eq!(record[5..], hello.raw()[..], "the ClientHello comes once more");
            let mut facts = Facts::new("fake", Version::Tls13, "TLS_FAKE");
            facts.own = Some(site.identity().certificate().fingerprint());
            Ok(Box::new(Plain { io, facts: Arc::new(facts) }) as Box<dyn Session>)
        })
    }

    fn prepare(&self, _site: &Site) -> Result<(), ConfigError> {
        Err(ConfigError::KeyMismatch)
    }

    fn is_fips(&self) -> bool {
        false
    }

    fn backend(&self) -> &'static str {
        "fake"
    }
}

struct Plain {
    io: Rewound<DuplexStream>,
    facts: Arc<Facts>,
}

impl Session for Plain {
    fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.io.poll_readable(cx)
    }

    fn sent(&self) -> u64 {
        0
    }

    fn unacknowledged(&self) -> Option<u64> {
        None
    }
}

impl AsyncRead for Plain {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Plain {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

fn identity() -> Identity {
    let made = rcgen::generate_simple_self_signed(["a.test".into()]).unwrap();
    Identity::of_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap()
}

fn fake() -> Fake {
    Fake(Arc::default())
}

fn terminator(config: ServerConfig) -> Terminator<DuplexStream> {
    Terminator::new(Arc::new(fake()), config).unwrap()
}

/// A record with a ClientHello for a name.
fn hello(name: &str) -> Vec<u8> {
    let vector = |octets: &[u8]| [&(octets.len() as u16).to_be_bytes()[..], octets].concat();
    let names = vector(&[&[0][..], &vector(name.as_bytes())].concat());
    let extensions = vector(&[&[0, 0][..], &vector(&names)].concat());
    let body = [&[3, 3][..], &[7; 32], &[0], &[0, 2, 0x13, 0x01], &[1, 0], &extensions].concat();
    let message = [&[1, 0][..], &vector(&body)].concat();
    [&[22, 3, 1][..], &vector(&message)].concat()
}

/// What a client that says this gets: why the handshake failed, and the octets it was told.
async fn outcome(server: &Terminator<DuplexStream>, octets: &[u8]) -> (Option<Reason>, Vec<u8>) {
    let (mut client, io) = duplex(1 << 16);
    client.write_all(octets).await.unwrap();
    let from = Some("192.0.2.1:9".parse().unwrap());
    let failed = server.handshake(io, from).await.err();
    if let Some(error) = &failed {
        assert!(error.to_string().contains("192.0.2.1:9"), "{error}");
    }
    let mut told = Vec::new();
    client.read_to_end(&mut told).await.unwrap();
    (failed.map(|error| error.reason()), told)
}

fn alert(number: u8) -> Vec<u8> {
    vec![21, 3, 1, 0, 2, 2, number]
}

#[tokio::test]
async fn the_site_that_was_chosen_is_handed_on() {
    let (one, other) = (identity(), identity());
    let names = Names::new().site("a.test", Site::new(one.clone())).site("b.test", Site::new(other.clone()));
    let server = terminator(ServerConfig::new(names));
    for (name, identity) in [("a.test", &one), ("b.test", &other)] {
        let (mut client, io) = duplex(1 << 16);
        client.write_all(&hello(name)).await.unwrap();
        let session = server.handshake(io, None).await.unwrap();
        assert_eq!(session.facts().own, Some(identity.certificate().fingerprint()));
    }
}

#[tokio::test]
async fn refusals_are_told_with_alerts() {
    let names = Names::new().site("a.test", Site::new(identity()));
    let mut config = ServerConfig::new(names);
    config.inspect = Some(Arc::new(|hello: &ClientHello, from: Option<SocketAddr>| {
        assert!(from.is_some());
        if hello.server_name() == Some("bad.test") { Inspected::Refuse } else { Inspected::GoOn }
    }));
    config.hello_octets = 200;
    let server = terminator(config);
    assert_eq!(outcome(&server, &hello("a.test")).await, (None, vec![]));
    assert_eq!(outcome(&server, &hello("bad.test")).await, (Some(Reason::Refused), alert(49)));
    assert_eq!(outcome(&server, &hello("b.test")).await, (Some(Reason::UnknownName), alert(112)));
    assert_eq!(outcome(&server, b"GET / HTTP/1.1\r\n").await, (Some(Reason::Malformed), alert(50)));
    // What a client of TLS 1.1 says; the version stands after the headers of record and message. A higher one without a list means 1.2.
    let of_version = |minor: u8| {
        let mut hello = hello("a.test");
        hello[10] = minor;
        hello
    };
    assert_eq!(outcome(&server, &of_version(2)).await, (Some(Reason::NoSharedVersion), alert(70)));
    assert_eq!(outcome(&server, &of_version(4)).await, (None, vec![]));
    let large = hello(&"a".repeat(250));
    assert_eq!(outcome(&server, &large).await, (Some(Reason::HelloTooLarge), alert(50)));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_everything() {
    struct Never;
    impl Sites for Never {
        fn choose<'a>(&'a self, _: &'a ClientHello, _: Option<SocketAddr>) -> BoxFuture<'a, Option<Arc<Site>>> {
            Box::pin(std::future::pending())
        }
    }
    let begin = Instant::now();
    let mut config = ServerConfig::new(Never);
    config.deadline = Duration::from_secs(3);
    // Nothing comes; half of it comes; the site does not come.
    let server = terminator(config);
    let hello = hello("a.test");
    for octets in [&[][..], &hello[..20], &hello] {
        assert_eq!(outcome(&server, octets).await, (Some(Reason::TimedOut), vec![]));
    }
    // The library stalls.
    let backend = fake();
    backend.0.stalls.store(true, Ordering::Relaxed);
    let mut config = ServerConfig::of(identity());
    config.deadline = Duration::from_secs(3);
    let server = Terminator::new(Arc::new(backend), config).unwrap();
    assert_eq!(outcome(&server, &hello).await, (Some(Reason::TimedOut), vec![]));
    assert_eq!(begin.elapsed().as_secs(), 12);
}

#[tokio::test(start_paused = true)]
async fn silent_clients_hold_no_place() {
    let mut config = ServerConfig::of(identity());
    (config.at_once, config.deadline) = (2, Duration::from_secs(5));
    let server = Arc::new(terminator(config));
    let mut stalled = Vec::new();
    let hello_octets = hello("a.test");
    for said in [0, 1, 20, hello_octets.len() - 1].repeat(1024) {
        let (mut client, io) = duplex(1 << 16);
        client.write_all(&hello_octets[..said]).await.unwrap();
        let server = server.clone();
        stalled.push((client, tokio::spawn(async move { server.handshake(io, None).await.err() })));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begin = Instant::now();
    assert_eq!(outcome(&server, &hello_octets).await, (None, vec![]));
    assert_eq!(begin.elapsed().as_secs(), 0);
    for (_client, handshake) in stalled {
        assert_eq!(handshake.await.unwrap().map(|error| error.reason()), Some(Reason::TimedOut));
    }
    assert_eq!(server.failed(), 4096);
    // A place of a connection that was dropped is free, too.
    let (_client, io) = duplex(1 << 16);
    drop(tokio::time::timeout(Duration::from_secs(1), server.handshake(io, None)).await);
    assert_eq!(server.places.available_permits(), 2);
}

#[tokio::test]
async fn a_panic_elsewhere_is_an_error_here() {
    let backend = fake();
    let mut config = ServerConfig::of(identity());
    config.offload = Some(Handle::current());
    let server = Terminator::new(Arc::new(backend.clone()), config).unwrap();
    assert_eq!(outcome(&server, &hello("a.test")).await, (None, vec![]));
    backend.0.panics.store(true, Ordering::Relaxed);
    assert_eq!(outcome(&server, &hello("a.test")).await.0, Some(Reason::Library));
}

#[tokio::test]
async fn a_reload_that_fails_changes_nothing() {
    let backend = fake();
    let names = Names::new().site("a.test", Site::new(identity()));
    let server = Terminator::new(Arc::new(backend.clone()), ServerConfig::new(names)).unwrap();
    backend.0.refuses.store(true, Ordering::Relaxed);
    assert!(server.reload(ServerConfig::of(identity())).is_err());
    assert_eq!(outcome(&server, &hello("b.test")).await.0, Some(Reason::UnknownName));
    backend.0.refuses.store(false, Ordering::Relaxed);
    server.reload(ServerConfig::of(identity())).unwrap();
    assert_eq!(outcome(&server, &hello("b.test")).await.0, None);
}

#[test]
fn fips_that_is_not_in_force_is_refused() {
    let mut config = ServerConfig::of(identity());
    config.fips = true;
    let error = Terminator::new(Arc::new(fake()), config).err();
    assert!(matches!(error, Some(ConfigError::NotFips { backend: "fake" })));
}

#[test]
fn what_the_backend_says_of_a_site_comes_through() {
    let server = terminator(ServerConfig::of(identity()));
    assert!(matches!(server.prepare(&Site::new(identity())), Err(ConfigError::KeyMismatch)));
    assert_eq!((server.backend(), server.is_fips()), ("fake", false));
}

#[test]
fn contexts_differ_when_what_is_asked_differs() {
    let root = |octet: u8| Certificate::of_der(vec![octet; 3]);
    let trust = |roots: &[u8]| Trust::new(roots.iter().map(|octet| root(*octet)).collect()).unwrap();
    let auths = [
        ClientAuth::None,
        ClientAuth::Optional(trust(&[1]).into()),
        ClientAuth::Required(trust(&[1]).into()),
        ClientAuth::Required(trust(&[2]).into()),
        ClientAuth::Required(trust(&[1, 2]).into()),
        ClientAuth::Required(trust(&[1]).crl([2, 2, 2]).into()),
    ];
    for (at, one) in auths.iter().enumerate() {
        assert_eq!(one.context(), one.clone().context());
        for other in &auths[at + 1..] {
            assert_ne!(one.context(), other.context(), "{one:?} {other:?}");
        }
    }
}

/// After its ClientHello, too: the library waits for its answer.
#[tokio::test(start_paused = true)]
async fn clients_that_fall_silent_hold_no_place() {
    let backend = fake();
    backend.0.stalls.store(true, Ordering::Relaxed);
    let mut config = ServerConfig::of(identity());
    config.at_once = 1;
    let server = Arc::new(Terminator::new(Arc::new(backend.clone()), config).unwrap());
    let mut stalled = Vec::new();
    for _ in 0..10 {
        let (mut client, io) = duplex(1 << 16);
        client.write_all(&hello("a.test")).await.unwrap();
        let server = server.clone();
        stalled.push((client, tokio::spawn(async move { server.handshake(io, None).await.err() })));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    backend.0.stalls.store(false, Ordering::Relaxed);
    assert_eq!(outcome(&server, &hello("a.test")).await, (None, vec![]));
    assert!(stalled.iter().all(|(_, handshake)| !handshake.is_finished()));
}

#[tokio::test(start_paused = true)]
async fn failures_are_told_with_address_name_and_reason() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = told.clone();
    let names = Names::new().site("a.test", Site::new(identity()));
    let mut config = ServerConfig::new(names).observe(move |failure: &Failure<'_>| {
        let name = failure.server_name.map(str::to_owned);
        seen.lock().unwrap().push((failure.from, name, failure.reason, failure.left_out));
    });
    config.failures_a_second = 2;
    let server = terminator(config);
    assert_eq!(outcome(&server, &hello("a.test")).await.0, None);
    assert_eq!(outcome(&server, &hello("b.test")).await.0, Some(Reason::UnknownName));
    for _ in 0..3 {
        assert_eq!(outcome(&server, b"GET / HTTP/1.1\r\n").await.0, Some(Reason::Malformed));
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(outcome(&server, &[]).await.0, Some(Reason::TimedOut));
    let from = Some("192.0.2.1:9".parse().unwrap());
    let expected = [
        (from, Some("b.test".to_owned()), Reason::UnknownName, 0),
        (from, None, Reason::Malformed, 0),
        (from, None, Reason::TimedOut, 2),
    ];
    assert_eq!(*told.lock().unwrap(), expected);
    assert_eq!(server.failed(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_came_does_not_outstay_the_drain() {
    let server = terminator(ServerConfig::of(identity()));
    for (said, reason) in [(0, Reason::Draining), (1, Reason::TimedOut)] {
        let (mut client, far) = duplex(1 << 16);
        client.write_all(&hello("a.test")[..said]).await.unwrap();
        let begin = Instant::now();
        let outcome = server.handshake_for(&[], far, None, tokio::time::sleep(Duration::from_secs(1))).await;
        assert_eq!(outcome.err().map(|error| error.reason()), Some(reason));
        assert_eq!(begin.elapsed().as_secs(), if said == 0 { 1 } else { 10 });
    }
    assert_eq!(server.failed(), 1, "to leave is no failure");
}

/// What one service speaks is not what another does.
#[tokio::test]
async fn protocols_are_the_service_s_unless_said() {
    const HTTP: Protocols = &["h2", "http/1.1"];
    let made = Arc::new(Mutex::new(Vec::new()));
    let server = Terminator::new(Arc::new(Making(made.clone())), ServerConfig::of(identity())).unwrap();
    server.speak(HTTP).unwrap();
    server.speak(HTTP).unwrap();
    server.speak(&[]).unwrap();
    let http: Vec<Vec<u8>> = HTTP.iter().map(|name| name.as_bytes().to_vec()).collect();
    assert_eq!(*made.lock().unwrap(), [vec![], http.clone()], "made once for each");
    server.reload(ServerConfig::of(identity())).unwrap();
    assert_eq!(made.lock().unwrap()[2..], [vec![], http], "and again for another configuration");
    server.reload(ServerConfig::of(identity()).alpn(["own"])).unwrap();
    server.speak(HTTP).unwrap();
    assert_eq!(made.lock().unwrap()[4..], [vec![b"own".to_vec()]], "what was said counts");
}

/// Notes the protocols of what is made.
#[derive(Clone, Debug)]
struct Making(Arc<Mutex<Vec<Vec<Vec<u8>>>>>);

impl Backend<DuplexStream> for Making {
    fn name(&self) -> &'static str {
        "making"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn server(&self, config: &ServerConfig) -> Result<Arc<dyn Accept<DuplexStream>>, ConfigError> {
        self.0.lock().unwrap().push(config.usual_alpn().to_vec());
        Ok(Arc::new(fake()))
    }

    fn client(&self, _config: &ClientConfig) -> Result<Arc<dyn Connect<DuplexStream>>, ConfigError> {
        Err(ConfigError::Missing { what: "client" })
    }
}

#[test]
fn a_key_of_another_is_an_error_when_the_end_is_made() {
    let (one, other) = (identity(), identity());
    let bad = || Identity::new(one.chain().to_vec(), other.key().clone_key()).unwrap();
    let error = Terminator::new(Arc::new(fake()), ServerConfig::of(bad())).err();
    assert!(matches!(error, Some(ConfigError::KeyMismatch)), "{error:?}");
    let names = Names::new().site("a.test", Site::new(one.clone())).otherwise(Site::new(bad()));
    let server = terminator(ServerConfig::of(one.clone()));
    assert!(matches!(server.reload(ServerConfig::new(names)).err(), Some(ConfigError::KeyMismatch)));
}
