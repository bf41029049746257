//! What a connection holds that has been used and waits: the library, and what we put around it.
#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConnection, RootCertStore, ServerConnection, StreamOwned};
use simplon_proto_tls_rustls::Rustls;
use simplon_proto_tls_seam::{Backend, ServerConfig, Session, Terminator};
use simplon_proto_tls_suite::pki::Authority;
use simplon_testkit::alloc::{self, Counting};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Connections over which it is averaged.
const COUNT: usize = 32;
/// What ours may hold beside what the library does.
const BESIDE: i64 = 1 << 10;

const REQUEST: &[u8] = &[b'q'; 100];
const RESPONSE: &[u8] = &[b'r'; 200];

#[test]
fn a_session_holds_little_beside_what_the_library_does() {
    let authority = Authority::new("root");
    let (library, ours) = (of_library(&authority), of_session(&authority));
    println!("at rest: {library} octets for rustls, {ours} for a session");
    assert!(ours - library <= BESIDE, "{library} octets for rustls, {ours} for a session");
}

/// Octets that the library holds for each server's connection.
fn of_library(authority: &Authority) -> i64 {
    let identity = authority.identity(&["a.test"]);
    let chain = identity.chain().iter().map(|one| CertificateDer::from(one.der().to_vec())).collect();
    let builder = rustls::ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let config = builder.unwrap().with_no_client_auth().with_single_cert(chain, identity.key().clone_key());
    let config = Arc::new(config.unwrap());
    let serve = |stream: &TcpStream| {
        let mut tls = ServerConnection::new(config.clone()).unwrap();
        let mut stream = stream;
        while tls.is_handshaking() {
            tls.complete_io(&mut stream).unwrap();
        }
        let mut request = [0; REQUEST.len()];
        rustls::Stream::new(&mut tls, &mut stream).read_exact(&mut request).unwrap();
        rustls::Stream::new(&mut tls, &mut stream).write_all(RESPONSE).unwrap();
        // As a session asks in vain for what comes next.
        stream.set_nonblocking(true).unwrap();
        assert!(tls.read_tls(&mut stream).is_err());
        Box::new(tls)
    };
    let clients = Clients::new(authority);
    // What is made once is not to be counted.
    let first = serve(&clients.ends[COUNT]);
    let mut kept = Vec::with_capacity(COUNT);
    let counted = alloc::count(|| clients.ends[..COUNT].iter().for_each(|end| kept.push(serve(end))));
    drop(first);
    clients.leave();
    counted.held / COUNT as i64
}

/// Octets that one of our sessions holds, with the library in it.
fn of_session(authority: &Authority) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let backend: Arc<dyn Backend<tokio::net::TcpStream>> = Arc::new(Rustls::new());
    let server = Terminator::new(backend, ServerConfig::of(authority.identity(&["a.test"]))).unwrap();
    let clients = Clients::new(authority);
    let serve = async |end: tokio::net::TcpStream| {
        let mut session = server.handshake(end, None).await.unwrap();
        let mut request = [0; REQUEST.len()];
        session.read_exact(&mut request).await.unwrap();
        session.write_all(RESPONSE).await.unwrap();
        session.flush().await.unwrap();
        let nothing = tokio::time::timeout(std::time::Duration::from_millis(1), session.read(&mut request)).await;
        assert!(nothing.is_err());
        session
    };
    let held = runtime.block_on(async {
        let end = |end: &TcpStream| {
            let end = end.try_clone().unwrap();
            end.set_nonblocking(true).unwrap();
            tokio::net::TcpStream::from_std(end).unwrap()
        };
        let first = serve(end(&clients.ends[COUNT])).await;
        let mut ends: Vec<_> = clients.ends[..COUNT].iter().map(end).collect();
        let mut kept: Vec<Box<dyn Session>> = Vec::with_capacity(COUNT);
        let ((), counted) = alloc::count_async(async {
            while let Some(end) = ends.pop() {
                kept.push(serve(end).await);
            }
        })
        .await;
        drop(first);
        counted.held / COUNT as i64
    });
    clients.leave();
    held
}

/// Clients that ask once, in threads of their own: what they allocate is not counted.
struct Clients {
    ends: Vec<TcpStream>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Clients {
    fn new(authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(authority.certificate().der().to_vec())).unwrap();
        let builder = rustls::ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = Arc::new(builder.unwrap().with_root_certificates(roots).with_no_client_auth());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (ends, threads) = (0..=COUNT)
            .map(|_| {
                let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (end, _) = listener.accept().unwrap();
                let config = config.clone();
                (end, thread::spawn(move || ask(config, far)))
            })
            .unzip();
        Self { ends, threads }
    }

    fn leave(self) {
        drop(self.ends);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

fn ask(config: Arc<rustls::ClientConfig>, stream: TcpStream) {
    let tls = ClientConnection::new(config, ServerName::try_from("a.test").unwrap()).unwrap();
    let mut tls = StreamOwned::new(tls, stream);
    tls.write_all(REQUEST).unwrap();
    let mut response = [0; RESPONSE.len()];
    tls.read_exact(&mut response).unwrap();
    // Until the other end is dropped, whatever it says then.
    let _ = tls.read(&mut response);
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    return Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(not(feature = "aws-lc-rs"))]
    return Arc::new(rustls::crypto::ring::default_provider());
}
