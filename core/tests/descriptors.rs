//! A server in a process that runs out of descriptors: the test runs itself again with a low limit.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]
#![cfg(unix)]

use std::fs::File;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use simplon_core::connect::Peer;
use simplon_core::error::{Kind, Origin};
use simplon_core::http::{Origins, Protocol, Upstream};
use simplon_core::net::{Address, tcp};
use simplon_core::proto_http::RequestHead;
use simplon_core::proto_http::transfer::{Last, Part, Sink, Source};
use simplon_core::server::{Server, service_fn};
use simplon_testkit::apart;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

const DESCRIPTORS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn server_without_descriptors_recovers_and_does_not_spin() {
    if !apart("server_without_descriptors_recovers_and_does_not_spin", &format!("ulimit -n {DESCRIPTORS}")) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(use_up_and_recover());
}

async fn use_up_and_recover() {
    let greet = service_fn(async |mut stream, _, _| {
        let _ = stream.write_all(b"hello").await;
        let _ = stream.read_u8().await;
    });
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), greet).start().await.unwrap();
    let (addr, handle) = (running.local_addrs()[0], running.handle());

    // Both ends are in this process: sooner or later one of them gets no descriptor.
    let mut clients = Vec::new();
    while let Ok(client) = TcpStream::connect(addr).await {
        clients.push(client);
        assert!(clients.len() < DESCRIPTORS, "the limit does not hold");
    }
    timeout(PATIENCE, async {
        while handle.stats().accept_pauses == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("accepting never ran out of descriptors");
    sleep(Duration::from_millis(300)).await;
    let stats = handle.stats();
    assert!(stats.accept_errors <= 10, "it spins: {stats:?}");

    // Clients leave; those that waited in the queue, and new ones, are served.
    clients.drain(..clients.len() / 2);
    timeout(PATIENCE, greeted(addr)).await.expect("the server did not recover");
    drop(clients);
    assert!(running.drain().await.unwrap().is_clean());
}

/// Idle connections go first; with none of them left it is our fault, and 503.
#[test]
fn connections_to_origins_without_descriptors() {
    if !apart("connections_to_origins_without_descriptors", &format!("ulimit -n {DESCRIPTORS}")) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Peer::new(listener.local_addr().unwrap());
        let origins = Origins::default();
        tokio::spawn(answer_all(listener));
        let upstream = answered(&origins, &peer).await;
        origins.put_back(upstream, Instant::now());
        assert_eq!(origins.at_rest(), 1);
        let mut files = used_up();
        let (upstream, _) = origins.connect(&peer, Protocol::Http).await.unwrap();
        assert_eq!(origins.at_rest(), 0);
        // The origin is in this process, and closes its end of the connection that was let go.
        tokio::task::yield_now().await;
        files.extend(used_up());
        let error = origins.connect(&peer, Protocol::Http).await.unwrap_err();
        assert_eq!((error.kind(), error.origin()), (Kind::Exhausted, Origin::Internal), "{error}");
        assert_eq!((error.status().as_u16(), error.label()), (503, "exhausted"));
        let unix = Peer::new(Address::Unix(std::path::Path::new("/nowhere").into()));
        assert_eq!(origins.connect(&unix, Protocol::Http).await.unwrap_err().kind(), Kind::Exhausted);
        drop((files, upstream));
        answered(&origins, &peer).await;
    });
}

/// Connections that carry many exchanges go as well, though not at once: the task that drives one closes it.
#[test]
#[cfg(feature = "h2")]
fn shared_connections_at_rest_go_without_descriptors() {
    if !apart("shared_connections_at_rest_go_without_descriptors", &format!("ulimit -n {DESCRIPTORS}")) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok(accepted) = listener.accept().await {
                held.push(accepted);
            }
        });
        let shared = Peer::builder(at).versions(simplon_core::connect::Versions::Http2).build().unwrap();
        let origins = Origins::default();
        drop(origins.connect(&shared, Protocol::Http).await.unwrap());
        sleep(Duration::from_millis(50)).await;
        assert_eq!(origins.at_rest(), 1);
        let _files = used_up();
        let (_upstream, _) = origins.connect(&Peer::new(at), Protocol::Http).await.unwrap();
        assert_eq!((origins.at_rest(), origins.stats().open), (0, 1));
    });
}

/// All of a process have one share together, and what rests in one place goes for another.
#[test]
fn connections_to_origins_are_counted_in_all_of_the_process() {
    if !apart("connections_to_origins_are_counted_in_all_of_the_process", &format!("ulimit -n {DESCRIPTORS}")) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Peer::new(listener.local_addr().unwrap());
        tokio::spawn(answer_all(listener));
        let (one, other) = (Origins::default(), std::sync::Arc::new(Origins::default()));
        // Of 64 there are 14 for origins, of which one key alone has 13.
        let mut held = Vec::new();
        for _ in 0..13 {
            held.push(answered(&one, &peer).await);
        }
        let error = one.connect(&peer, Protocol::Http).await.unwrap_err();
        assert_eq!((error.label(), error.status().as_u16()), ("no-connection", 503));
        held.push(answered(&other, &peer).await);
        // What is closed in one place is for who waits in the other.
        let waiting = tokio::spawn({
            let (other, peer) = (other.clone(), peer.clone());
            async move { other.connect(&peer, Protocol::Http).await.unwrap().0 }
        });
        sleep(Duration::from_millis(50)).await;
        assert_eq!((one.stats().open, other.stats().open, other.stats().waiting), (13, 1, 1));
        drop(held.remove(0));
        held.push(waiting.await.unwrap());
        assert_eq!((one.stats().open, other.stats().open), (12, 2));
        for upstream in held.drain(..12) {
            one.put_back(upstream, Instant::now());
        }
        assert_eq!(one.at_rest(), 12);
        for left in (7..12).rev() {
            held.push(other.connect(&peer, Protocol::Http).await.unwrap().0);
            assert_eq!(one.at_rest(), left);
        }
    });
}

/// That a name could not be looked up for want of descriptors is our fault, and says nothing of the name.
#[test]
fn names_are_not_looked_up_without_descriptors() {
    if !apart("names_are_not_looked_up_without_descriptors", &format!("ulimit -n {DESCRIPTORS}")) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let named = Peer::new(Address::parse(&format!("localhost:{port}")).unwrap());
        let origins = Origins::default();
        let files = used_up();
        let error = origins.connect(&named, Protocol::Http).await.unwrap_err();
        assert_eq!((error.kind(), error.origin()), (Kind::Exhausted, Origin::Internal), "{error}");
        drop(files);
        // Not remembered as a failure of the name.
        origins.connect(&named, Protocol::Http).await.unwrap();
    });
}

/// Takes all descriptors that are left.
fn used_up() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).take(DESCRIPTORS).collect()
}

/// Answers whatever comes, once for each piece.
async fn answer_all(listener: TcpListener) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(5)).await;
            continue;
        };
        tokio::spawn(async move {
            while stream.read(&mut [0; 1024]).await.is_ok_and(|octets| octets > 0) {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            }
        });
    }
}

/// A connection after its first exchange.
async fn answered(origins: &Origins, peer: &Peer) -> Upstream {
    let (mut upstream, _) = origins.connect(peer, Protocol::Http).await.unwrap();
    let request = http::Request::get("/").header("Host", "a").body(()).unwrap();
    let head = RequestHead::try_from(request.into_parts().0).unwrap();
    upstream.push(Part::Head(head, Last::Yes)).unwrap();
    poll_fn(|cx| upstream.poll_flush(cx)).await.unwrap();
    assert!(poll_fn(|cx| upstream.poll_part(cx)).await.unwrap().is_some());
    upstream
}

async fn greeted(addr: SocketAddr) {
    let mut client = TcpStream::connect(addr).await.unwrap();
    client.read_exact(&mut [0; 5]).await.unwrap();
}
