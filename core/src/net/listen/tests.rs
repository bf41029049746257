use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tokio::net::{TcpStream, UnixStream};

use super::*;
use crate::net::KeepAlive;

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

fn socket_path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("simplon-listen-{}-{name}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// The only queue, in this runtime.
fn acceptor(mut bound: Bound) -> (Acceptor, Bound) {
    let queue = bound.sockets.remove(0).queues.remove(0);
    (Acceptor::new(queue, &bound.options).unwrap(), bound)
}

#[tokio::test]
async fn accepted_connections_are_born_with_the_options_of_the_listener() {
    let options = SocketOptions { keep_alive: Some(KeepAlive::default()), dscp: Some(10), ..SocketOptions::default() };
    let bound = tcp("127.0.0.1:0").unwrap().options(options).bind().await.unwrap();
    let addr = bound.local_addr().unwrap();
    let (acceptor, _bound) = acceptor(bound);
    let client = TcpStream::connect(addr).await.unwrap();
    let accepted = acceptor.accept().await.unwrap();
    assert_eq!(accepted.peer, client.local_addr().ok());
    assert_eq!(acceptor.local(), Some(addr));
    let tcp = accepted.stream.as_tcp().unwrap();
    assert!(tcp.nodelay().unwrap());
    let socket = socket2::SockRef::from(tcp);
    assert_eq!(socket.tcp_keepalive_time().unwrap(), KeepAlive::default().idle);
    assert!(socket.keepalive().unwrap());
}

#[tokio::test]
async fn name_is_listened_to_on_all_its_addresses_with_one_port() {
    let bound = tcp("localhost:0").unwrap().bind().await.unwrap();
    let ports: Vec<u16> = bound.local_addrs().map(|addr| addr.port()).collect();
    assert!(!ports.is_empty() && ports.iter().all(|port| *port == ports[0] && *port != 0), "{ports:?}");
    for addr in bound.local_addrs() {
        TcpStream::connect(addr).await.unwrap();
    }
}

#[tokio::test]
async fn several_queues_share_one_port() {
    let bound = tcp("127.0.0.1:0").unwrap().bind_queues(TWO).await.unwrap();
    assert_eq!(bound.sockets[0].queues.len(), 2);
    assert_eq!(bound.local_addrs().count(), 1);
}

#[test]
fn options_of_the_listener_are_set_before_it_is_bound() {
    let any = "[::]:0".parse().unwrap();
    let config = tcp("[::]:0").unwrap();
    for (only, expected) in [(OnlyV6::Yes, true), (OnlyV6::No, false)] {
        let socket = bind::prepare(&config.clone().only_v6(only), &any, NonZeroUsize::MIN).unwrap();
        assert_eq!(socket.only_v6().unwrap(), expected);
        assert!(socket.reuse_address().unwrap() && !socket.reuse_port().unwrap());
    }
    assert!(bind::prepare(&config, &any, TWO).unwrap().reuse_port().unwrap());
}

#[tokio::test]
async fn one_address_is_shared_by_sockets_that_all_agree_to_it() {
    let config = tcp("127.0.0.1:0").unwrap().backlog(16).fast_open(16).reuse_port(ReusePort::Yes);
    let bound = config.bind().await.unwrap();
    let addr = bound.local_addr().unwrap();
    assert!(ListenConfig::from(addr).reuse_port(ReusePort::Yes).bind().await.is_ok());
    assert!(ListenConfig::from(addr).bind().await.is_err());
}

#[tokio::test]
async fn address_in_use_is_an_error_that_names_it() {
    let first = tcp("127.0.0.1:0").unwrap().bind().await.unwrap();
    let addr = first.local_addr().unwrap();
    let error = ListenConfig::from(addr).label("second").bind().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Io(std::io::ErrorKind::AddrInUse));
    assert!(error.to_string().contains(&format!("second ({addr})")), "{error}");
}

#[tokio::test(start_paused = true)]
async fn address_in_use_is_tried_again_if_asked_for() {
    let first = tcp("127.0.0.1:0").unwrap().bind().await.unwrap();
    let config = ListenConfig::from(first.local_addr().unwrap()).retry(3, Duration::from_secs(1));
    let begun = tokio::time::Instant::now();
    assert!(config.bind().await.is_err());
    assert_eq!(begun.elapsed().as_secs(), 3);
    let (freed, bound) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            drop(first);
        },
        config.bind()
    );
    let ((), _bound) = (freed, bound.unwrap());
}

#[tokio::test]
async fn unknown_name_is_not_listened_to() {
    let error = tcp("no-such-host.invalid:80").unwrap().bind().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Resolve);
}

#[tokio::test]
async fn mode_of_tcp_is_a_mistake() {
    let error = tcp("127.0.0.1:0").unwrap().mode(0o600).bind().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Io(std::io::ErrorKind::InvalidInput));
}

#[tokio::test]
async fn unix_socket_has_its_mode_and_goes_away_with_the_listener() {
    let path = socket_path("mode");
    let bound = unix(&path).mode(0o660).bind().await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let (acceptor, bound) = acceptor(bound);
    let _client = UnixStream::connect(&path).await.unwrap();
    assert_eq!(acceptor.accept().await.unwrap().peer, None);
    drop(bound);
    assert!(!path.exists());
}

#[tokio::test]
async fn stale_socket_file_is_replaced() {
    let path = socket_path("stale");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let _bound = unix(&path).bind().await.unwrap();
    UnixStream::connect(&path).await.unwrap();
}

#[tokio::test]
async fn socket_file_that_somebody_answers_on_is_left_alone() {
    let path = socket_path("answered");
    let _first = unix(&path).bind().await.unwrap();
    let error = unix(&path).bind().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Io(std::io::ErrorKind::AddrInUse));
    UnixStream::connect(&path).await.unwrap();
}

/// Its queue is full, so a connection that waits for room would wait for ever.
#[tokio::test]
async fn socket_file_whose_owner_hangs_is_left_alone_at_once() {
    let path = socket_path("hangs");
    let socket = || socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    let addr = socket2::SockAddr::unix(&path).unwrap();
    let owner = socket();
    owner.bind(&addr).unwrap();
    owner.listen(0).unwrap();
    let waiting: Vec<_> = std::iter::repeat_with(socket)
        .take(16)
        .inspect(|client| client.set_nonblocking(true).unwrap())
        .take_while(|client| client.connect(&addr).is_ok())
        .collect();
    assert!(waiting.len() < 16, "the queue has no end");
    let bound = std::thread::spawn({
        let path = path.clone();
        let here = tokio::runtime::Handle::current();
        move || here.block_on(unix(&path).bind()).map(drop)
    });
    let error = tokio::task::spawn_blocking(|| bound.join().unwrap()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Io(std::io::ErrorKind::AddrInUse));
    assert!(path.exists());
}

#[tokio::test]
async fn file_that_is_no_socket_is_left_alone() {
    let path = socket_path("file");
    std::fs::write(&path, "precious").unwrap();
    assert!(unix(&path).bind().await.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn successor_keeps_its_socket_file() {
    let path = socket_path("successor");
    let first = unix(&path).bind().await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let _second = unix(&path).bind().await.unwrap();
    drop(first);
    assert!(Path::new(&path).exists());
}

#[tokio::test]
async fn inherited_listeners_are_adopted() {
    let std = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = std.local_addr().unwrap();
    let bound = inherited(std, "handed over").bind_queues(TWO).await.unwrap();
    assert_eq!((bound.local_addr(), &**bound.label()), (Some(addr), "handed over"));
    let (acceptor, _bound) = acceptor(bound);
    let _client = TcpStream::connect(addr).await.unwrap();
    acceptor.accept().await.unwrap();
}

#[tokio::test]
async fn inherited_descriptor_of_another_kind_is_refused() {
    let file = std::fs::File::open("/dev/null").unwrap();
    assert!(inherited(file, "null").bind().await.is_err());
}
