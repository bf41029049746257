use std::collections::HashSet;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;
use crate::background::Ready;
use crate::net::{ConnInfo, Stream, tcp, unix};

/// Longer than anything here should take, and shorter than the patience of whoever runs the tests.
const LONG: Duration = Duration::from_secs(20);

/// Sends each octet back until the client ends.
async fn echo(stream: Stream, _: Arc<ConnInfo>, _: Drain) {
    let (mut read, mut write) = tokio::io::split(stream);
    let _ = tokio::io::copy(&mut read, &mut write).await;
}

/// Waits for the drain, then says goodbye.
async fn goodbye(mut stream: Stream, _: Arc<ConnInfo>, mut drain: Drain) {
    stream.write_all(b"hello").await.unwrap();
    drain.draining().await;
    stream.write_all(b"bye").await.unwrap();
}

/// Knows nothing of drains.
async fn deaf(mut stream: Stream, _: Arc<ConnInfo>, _: Drain) {
    stream.write_all(b"hello").await.unwrap();
    std::future::pending().await
}

async fn start(service: impl ServeConnection) -> Running {
    Server::new().listen(tcp("127.0.0.1:0").unwrap(), service).start().await.unwrap()
}

fn deadline(deadline: Duration) -> DrainTiming {
    DrainTiming { deadline, ..DrainTiming::default() }
}

/// Connects, and reads the greeting, so that the connection is known to be served.
async fn greeted(addr: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(addr).await.unwrap();
    client.read_exact(&mut [0; 5]).await.unwrap();
    client
}

async fn rest(mut client: impl AsyncRead + Unpin) -> Result<String, ErrorKind> {
    let mut text = String::new();
    client.read_to_string(&mut text).await.map(|_| text).map_err(|error| error.kind())
}

async fn echoes(client: &mut TcpStream) -> bool {
    let mut got = [0];
    client.write_all(b"x").await.is_ok() && client.read_exact(&mut got).await.is_ok()
}

#[tokio::test]
async fn drain_ends_with_the_last_connection() {
    let running = start(goodbye).await;
    let addr = running.local_addrs()[0];
    let clients = [greeted(addr).await, greeted(addr).await];
    let begun = Instant::now();
    let report = running.drain().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "no fixed sleep");
    assert!(report.is_clean());
    assert_eq!(report.stats.accepted, 2);
    for client in clients {
        assert_eq!(rest(client).await.as_deref(), Ok("bye"));
    }
}

#[tokio::test]
async fn drain_of_an_idle_server_ends_at_once() {
    let running = start(echo).await;
    let begun = Instant::now();
    assert!(running.drain().await.unwrap().is_clean());
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn what_is_left_at_the_deadline_is_cut_and_counted() {
    let timing = deadline(Duration::from_millis(50));
    let server = Server::new().listen(tcp("127.0.0.1:0").unwrap(), deaf).timing(timing);
    let running = server.start().await.unwrap();
    let addr = running.local_addrs()[0];
    let clients = [greeted(addr).await, greeted(addr).await];
    let report = running.drain().await.unwrap();
    assert_eq!((report.stats.cut, report.is_clean()), (2, false));
    assert!(report.took >= timing.deadline);
    for client in clients {
        assert_eq!(rest(client).await.as_deref(), Ok(""));
    }
}

#[tokio::test]
async fn stop_cuts_at_once_also_during_a_drain() {
    let running = start(deaf).await;
    let client = greeted(running.local_addrs()[0]).await;
    let handle = running.handle();
    handle.drain();
    handle.phases().reached(Phase::Draining).await;
    let begun = Instant::now();
    let report = running.stop().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(report.stats.cut, 1);
    assert_eq!(handle.phase(), Phase::Stopped);
    assert_eq!(handle.connections(), 0);
    assert_eq!(rest(client).await.as_deref(), Ok(""));
}

#[tokio::test]
async fn lame_duck_still_takes_connections_and_draining_does_not() {
    let timing = DrainTiming { lame_duck: LONG, ..DrainTiming::default() };
    let server = Server::new().listen(tcp("127.0.0.1:0").unwrap(), goodbye).timing(timing);
    let running = server.start().await.unwrap();
    let (addr, handle) = (running.local_addrs()[0], running.handle());
    assert_eq!(handle.phase(), Phase::Ready);
    handle.drain();
    handle.phases().reached(Phase::LameDuck).await;
    let _client = greeted(addr).await;
    assert_eq!((handle.phase(), handle.connections()), (Phase::LameDuck, 1));
    running.stop().await.unwrap();
    assert_eq!(TcpStream::connect(addr).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn server_runs_twice_on_one_port_in_one_process() {
    let mut addr: SocketAddr = ([127, 0, 0, 1], 0).into();
    for _ in 0..2 {
        let running = Server::new().listen(addr, echo).start().await.unwrap();
        addr = running.local_addrs()[0];
        let mut client = TcpStream::connect(addr).await.unwrap();
        assert!(echoes(&mut client).await);
        drop(client);
        assert!(running.drain().await.unwrap().is_clean());
    }
}

#[tokio::test]
async fn two_servers_run_side_by_side() {
    let (one, two) = (start(echo).await, start(echo).await);
    let mut client = TcpStream::connect(two.local_addrs()[0]).await.unwrap();
    one.stop().await.unwrap();
    assert!(echoes(&mut client).await);
    drop(client);
    two.drain().await.unwrap();
}

#[tokio::test]
async fn dropped_server_stops() {
    let running = start(deaf).await;
    let addr = running.local_addrs()[0];
    let client = greeted(addr).await;
    drop(running);
    assert_eq!(rest(client).await.as_deref(), Ok(""));
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn run_until_drains_when_its_future_resolves() {
    let ended = async { tokio::time::sleep(Duration::from_millis(10)).await };
    let server = Server::new().listen(tcp("127.0.0.1:0").unwrap(), echo);
    assert!(server.run_until(ended).await.unwrap().is_clean());
}

#[test]
fn per_core_threads_all_serve_from_their_own_queue() {
    let names = Arc::new(Mutex::new(HashSet::new()));
    let noted = names.clone();
    let service = service_fn(move |mut stream: Stream, _, _| {
        let name = std::thread::current().name().unwrap().to_owned();
        noted.lock().unwrap().insert(name);
        async move { stream.write_all(b"hello").await.unwrap() }
    });
    let outside = Runtime::new(Flavour::Stealing, 1, "outside").unwrap();
    outside.block_on(async {
        let server = Server::new().listen(tcp("127.0.0.1:0").unwrap(), service).runtime(Flavour::PerCore, 3);
        let running = server.start().await.unwrap();
        assert_eq!(running.local_addrs().len(), 1);
        for _ in 0..200 {
            greeted(running.local_addrs()[0]).await;
        }
        assert!(running.drain().await.unwrap().is_clean());
    });
    let names = names.lock().unwrap().clone();
    assert_eq!(names, ["simplon-0", "simplon-1", "simplon-2"].map(str::to_owned).into());
}

#[tokio::test]
async fn server_has_threads_of_its_own_if_asked_for() {
    for flavour in [Flavour::Stealing, Flavour::PerCore] {
        let server = Server::new().listen(tcp("127.0.0.1:0").unwrap(), goodbye).runtime(flavour, 2);
        let running = server.start().await.unwrap();
        let client = greeted(running.local_addrs()[0]).await;
        assert!(running.drain().await.unwrap().is_clean());
        assert_eq!(rest(client).await.as_deref(), Ok("bye"));
    }
}

#[tokio::test]
async fn panic_ends_one_connection_and_is_counted() {
    let service = async |mut stream: Stream, _: Arc<ConnInfo>, _: Drain| {
        let octet = stream.read_u8().await.unwrap();
        assert_ne!(octet, b'!', "as was asked for");
        stream.write_u8(octet).await.unwrap();
    };
    let running = start(service).await;
    let addr = running.local_addrs()[0];
    let mut bad = TcpStream::connect(addr).await.unwrap();
    let mut good = TcpStream::connect(addr).await.unwrap();
    bad.write_u8(b'!').await.unwrap();
    assert_eq!(rest(bad).await.as_deref(), Ok(""));
    assert!(echoes(&mut good).await);
    let report = running.drain().await.unwrap();
    assert_eq!((report.stats.panics, report.stats.accepted, report.is_clean()), (1, 2, true));
}

#[tokio::test]
async fn one_address_has_only_so_many_connections() {
    let limits = ConnectionLimits { per_ip: NonZeroU32::new(2), ..ConnectionLimits::default() };
    let server = Server::new().listen(tcp("127.0.0.1:0").unwrap(), deaf).limits(limits);
    let running = server.start().await.unwrap();
    let addr = running.local_addrs()[0];
    let clients = [greeted(addr).await, greeted(addr).await];
    let third = TcpStream::connect(addr).await.unwrap();
    assert_eq!(rest(third).await.as_deref(), Ok(""));
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(addr).await.unwrap();
    other.read_exact(&mut [0; 5]).await.unwrap();
    assert_eq!((running.handle().stats().refused_per_ip, running.handle().connections()), (1, 3));
    drop(clients);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn filter_that_takes_its_time_delays_its_own_connection_alone() {
    let (first, release) = (AtomicBool::new(true), Arc::new(Notify::new()));
    let released = release.clone();
    let filter = move |_: Arc<ConnInfo>| {
        let slow = first.swap(false, Ordering::SeqCst).then(|| released.clone());
        async move {
            if let Some(released) = slow {
                released.notified().await;
            }
            Verdict::Serve
        }
    };
    let server = Server::new().listen(tcp("127.0.0.1:0").unwrap(), goodbye).admit(filter);
    let running = server.start().await.unwrap();
    let addr = running.local_addrs()[0];
    let mut slow = TcpStream::connect(addr).await.unwrap();
    let _others = [greeted(addr).await, greeted(addr).await];
    assert_eq!(slow.try_read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    release.notify_one();
    slow.read_exact(&mut [0; 5]).await.unwrap();
    assert!(running.drain().await.unwrap().is_clean());
}

#[tokio::test]
async fn refused_connections_are_closed_on_all_listeners_and_counted() {
    let nobody = async |_: Arc<ConnInfo>| Verdict::Refuse;
    let server =
        Server::new().listen(tcp("127.0.0.1:0").unwrap(), echo).admit(nobody).listen(tcp("127.0.0.1:0").unwrap(), echo);
    let running = server.start().await.unwrap();
    for addr in running.local_addrs() {
        assert_eq!(rest(TcpStream::connect(addr).await.unwrap()).await.as_deref(), Ok(""));
    }
    assert_eq!(running.drain().await.unwrap().stats.refused_by_filter, 2);
}

#[tokio::test]
async fn connections_know_where_they_came_from() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let service = service_fn(move |mut stream: Stream, info: Arc<ConnInfo>, _| {
        noted.lock().unwrap().push(info);
        async move { stream.write_all(b"hello").await.unwrap() }
    });
    let listener = tcp("0.0.0.0:0").unwrap().label("public");
    let running = Server::new().listen(listener, service).start().await.unwrap();
    let addr = SocketAddr::from(([127, 0, 0, 1], running.local_addrs()[0].port()));
    let client = greeted(addr).await;
    let info = seen.lock().unwrap().pop().unwrap();
    assert_eq!((info.peer(), info.local()), (client.local_addr().ok(), Some(addr)));
    assert_eq!((&**info.listener(), info.peer_ip()), ("public", Some(IpAddr::from([127, 0, 0, 1]))));
    running.drain().await.unwrap();
}

#[tokio::test]
async fn unix_sockets_are_served_and_their_files_removed_by_the_drain() {
    let path: PathBuf = std::env::temp_dir().join(format!("simplon-server-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let running = Server::new().listen(unix(&path), goodbye).start().await.unwrap();
    let mut client = UnixStream::connect(&path).await.unwrap();
    client.read_exact(&mut [0; 5]).await.unwrap();
    assert!(running.drain().await.unwrap().is_clean());
    assert_eq!(rest(client).await.as_deref(), Ok("bye"));
    assert!(!path.exists());
}

#[tokio::test]
async fn drain_waits_for_spawned_tasks() {
    let running = start(echo).await;
    let (handle, done) = (running.handle(), Arc::new(AtomicBool::new(false)));
    let (set, mut drain) = (done.clone(), handle.subscribe());
    handle.spawn(async move {
        drain.draining().await;
        tokio::task::yield_now().await;
        set.store(true, Ordering::SeqCst);
    });
    assert!(running.drain().await.unwrap().is_clean());
    assert!(done.load(Ordering::SeqCst));
}

#[tokio::test]
async fn background_services_are_ready_before_connections_are_taken_and_told_of_the_drain() {
    let (ready, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (set_ready, set_told) = (ready.clone(), told.clone());
    let service = Background::new("list", move |say: Ready, mut drain: Drain| {
        let (set_ready, set_told) = (set_ready.clone(), set_told.clone());
        async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            set_ready.store(true, Ordering::SeqCst);
            say.ready();
            drain.draining().await;
            set_told.store(true, Ordering::SeqCst);
            Ok(())
        }
    });
    let running = Server::new().background(service).listen(tcp("127.0.0.1:0").unwrap(), echo).start().await.unwrap();
    assert!(ready.load(Ordering::SeqCst));
    assert!(running.drain().await.unwrap().is_clean());
    assert!(told.load(Ordering::SeqCst));
}

#[tokio::test]
async fn failed_start_leaves_nothing_behind() {
    let broken = Background::new("broken", async |ready: Ready, _: Drain| {
        drop(ready);
        Ok(())
    });
    let probe = tcp("127.0.0.1:0").unwrap().bind().await.unwrap();
    let addr = probe.local_addr().unwrap();
    drop(probe);
    let ended_well = Server::new().listen(addr, echo).background(broken).start().await;
    assert!(ended_well.unwrap_err().to_string().contains("`broken`"));
    assert_eq!(TcpStream::connect(addr).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn counts_return_to_zero_after_many_connections_at_once() {
    const MANY: usize = 500;
    let served = Arc::new(AtomicUsize::new(0));
    let counted = served.clone();
    let service = service_fn(move |stream, info, drain| {
        counted.fetch_add(1, Ordering::SeqCst);
        goodbye(stream, info, drain)
    });
    let running = start(service).await;
    let (addr, handle) = (running.local_addrs()[0], running.handle());
    let mut clients = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        clients.push(greeted(addr).await);
    }
    assert_eq!((handle.connections(), served.load(Ordering::SeqCst)), (MANY, MANY));
    let report = running.drain().await.unwrap();
    assert!(report.is_clean());
    assert_eq!((handle.connections(), report.stats.accepted), (0, MANY as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drain_under_load_loses_no_connection() {
    let service = service_fn(async |mut stream, _, _| {
        if stream.read_u8().await.is_ok() {
            let _ = stream.write_u8(b'.').await;
        }
    });
    let server = Server::new().listen(tcp("127.0.0.1:0").unwrap(), service);
    let running = server.start().await.unwrap();
    let addr = running.local_addrs()[0];
    let handle = running.handle();
    let client = |handle: ServerHandle| async move {
        let mut answered = 0;
        while handle.phase() == Phase::Ready {
            let Ok(mut stream) = TcpStream::connect(addr).await else { break };
            stream.write_u8(b'?').await.unwrap();
            assert_eq!(stream.read_u8().await.map_err(|error| error.kind()), Ok(b'.'));
            answered += 1;
        }
        answered
    };
    let load: Vec<_> = (0..4).map(|_| tokio::spawn(client(handle.clone()))).collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let report = running.drain().await.unwrap();
    let mut answered = 0;
    for client in load {
        answered += client.await.unwrap();
    }
    assert!(answered > 0);
    assert_eq!((report.stats.accepted, report.is_clean()), (answered, true));
}
