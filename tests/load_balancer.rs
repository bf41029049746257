//! The program `load_balancer` as a child process, driven from outside.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::child::{Program, example, most_descriptors};
use common::client::Client;
use common::origin::{Link, Origin};
use common::{LONG, holds_within, millis, soon};
use simplon_testkit::apart;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

fn balancer(args: &[&str]) -> Command {
    let mut command = Command::new(example("load_balancer"));
    command.args(args);
    command
}

/// Starts it on a free port.
fn start(args: &[&str]) -> (Program, SocketAddr) {
    let program = Program::start(balancer(&["--listen", "127.0.0.1:0"]).args(args));
    let addr = program.listening();
    (program, addr)
}

/// Starts it with at most so many descriptors.
fn start_limited(descriptors: usize, args: &[&str]) -> (Program, SocketAddr) {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"")]);
    command.arg(example("load_balancer")).args(["--listen", "127.0.0.1:0"]).args(args);
    let program = Program::start(&mut command);
    let addr = program.listening();
    (program, addr)
}

async fn named(name: &'static str) -> Origin {
    Origin::saying(name).await
}

// ---- starting

#[tokio::test]
async fn without_upstreams_it_answers_within_a_second_and_takes_turns() {
    let path = example("load_balancer");
    let begun = Instant::now();
    let program = Program::start(Command::new(path).args(["--listen", "127.0.0.1:0"]));
    let mut client = Client::connect(program.listening()).await;
    let first = soon("the first answer", client.get("/first")).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(first.status, 200);
    let mut origins = Vec::new();
    for _ in 0..6 {
        origins.push(soon("an answer", client.get("/again")).await.unwrap().text());
    }
    assert_eq!(origins.iter().collect::<BTreeSet<_>>().len(), 3, "{origins:?}");
    assert_eq!(origins[..3], origins[3..], "in turns");
    let said = program.output(millis(100)).join("\n");
    assert!(
        said.contains("origins: 127.0.0.1:") && said.contains("brought along") && said.contains("curl http://"),
        "{said}"
    );
}

#[test]
fn wrong_arguments_are_named() {
    let rows: &[(&[&str], &str)] = &[
        (&["--listen", "nowhere"], "nowhere"),
        (&["--listen", "127.0.0.1:99999"], "127.0.0.1:99999"),
        (&["--listen", "127.0.0.1:0", "--upstream", "no port"], "--upstream"),
        (&["--listen", "127.0.0.1:0", "--upstream", ""], "--upstream"),
        (&["--threads", "0"], "--threads"),
        (&["--threads", "many"], "--threads"),
        (&["--runtime", "fibres"], "--runtime"),
        (&["--health-interval", "0"], "--health-interval"),
        (&["--health-interval=-1"], "--health-interval"),
        (&["--health-interval", "NaN"], "--health-interval"),
        (&["--listen", "127.0.0.1:0", "--access-log", "/nonexistent/folder/log"], "/nonexistent/folder/log"),
        (&["--unheard-of"], "--unheard-of"),
        (&["stray"], "stray"),
    ];
    for (args, named) in rows {
        let mut child =
            balancer(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = std::time::Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > LONG {
                child.kill().unwrap();
                panic!("{args:?}: it runs");
            }
            std::thread::sleep(millis(5));
        };
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
        assert!(!status.success(), "{args:?}");
        assert!(said.contains(named), "{args:?}: {said:?} does not name {named:?}");
    }
}

#[test]
fn address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let outcome = balancer(&["--listen", &addr]).output().unwrap();
    assert!(!outcome.status.success());
    let said = String::from_utf8_lossy(&outcome.stderr);
    assert!(said.contains(&addr), "{said}");
}

#[test]
fn help_names_every_option() {
    let outcome = balancer(&["--help"]).output().unwrap();
    assert!(outcome.status.success());
    let help = String::from_utf8_lossy(&outcome.stdout);
    for option in
        ["--listen", "--upstream", "--threads", "--runtime", "--health-interval", "--access-log", "per-core", "default"]
    {
        assert!(help.contains(option), "{option}: {help}");
    }
}

#[tokio::test]
async fn it_listens_on_several_addresses_and_on_a_unix_socket() {
    let folder = std::env::temp_dir().join(format!("simplon-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let socket = folder.join("lb.sock");
    let origin = named("here").await;
    let unix = format!("unix:{}", socket.display());
    let upstream = origin.addr.to_string();
    let mut program = Program::start(&mut balancer(&[
        "--listen",
        "127.0.0.1:0",
        "--listen",
        "[::1]:0",
        "--listen",
        &unix,
        "--upstream",
        &upstream,
    ]));
    for _ in 0..2 {
        let mut client = Client::connect(program.listening()).await;
        assert_eq!(soon("an answer", client.get("/")).await.unwrap().text(), "here");
    }
    let mut client = Client::connect_unix(&socket).await;
    assert_eq!(soon("an answer", client.get("/")).await.unwrap().text(), "here");
    assert_eq!(soon("an answer", client.post("/", &vec![b'x'; 300_000])).await.unwrap().text(), "here");
    drop(client);
    program.signal("-TERM");
    assert!(program.wait().success());
    assert!(!socket.exists(), "the socket's file is taken away");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn it_reaches_an_origin_on_a_unix_socket() {
    let folder = std::env::temp_dir().join(format!("simplon-origin-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let back = folder.join("origin.sock");
    let unix = format!("unix:{}", back.display());
    // A balancer in front of a balancer: the second one's origins are its own.
    let inner = Program::start(&mut balancer(&["--listen", &unix, "--listen", "127.0.0.1:0"]));
    inner.listening();
    let (_outer, addr) = start(&["--upstream", &unix]);
    let mut client = Client::connect(addr).await;
    for _ in 0..3 {
        let reply = soon("an answer", client.get("/through")).await.unwrap();
        assert_eq!(reply.status, 200);
        assert!(reply.text().contains("/through"), "{}", reply.text());
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

// ---- origins that come and go

/// An origin on a fixed port that can be started again.
fn revive(
    addr: SocketAddr,
    serve: impl Fn(Link) -> futures_util::future::BoxFuture<'static, ()> + Send + 'static,
) -> Origin {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(addr).unwrap();
    Origin::on(socket.listen(128).unwrap(), serve)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn origin_that_is_killed_costs_no_request_and_its_return_is_noticed() {
    let stays = named("stays").await;
    // The other one is a process of its own, so that it can be killed with all its connections.
    let (victim, victim_addr) = start(&[]);
    let args = ["--upstream", &stays.addr.to_string(), "--upstream", &victim_addr.to_string()];
    let (balancer, addr) = start(&args);
    let (failed, answered, stop) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut clients = JoinSet::new();
    for _ in 0..16 {
        let (failed, answered, stop) = (Arc::clone(&failed), Arc::clone(&answered), Arc::clone(&stop));
        clients.spawn(async move {
            let mut client = Client::connect(addr).await;
            while !stop.load(Ordering::SeqCst) {
                match soon("an answer", client.get("/")).await {
                    Ok(reply) if reply.status == 200 => {
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    other => {
                        eprintln!("failed: {other:?}");
                        failed.fetch_add(1, Ordering::SeqCst);
                        client = Client::connect(addr).await;
                    }
                }
                sleep(millis(1)).await;
            }
        });
    }
    sleep(millis(500)).await;
    let before = answered.load(Ordering::SeqCst);
    assert!(before > 50, "{before}");
    drop(victim); // SIGKILL
    balancer.line(|line| line.contains(&victim_addr.to_string()) && line.contains("is now"));
    sleep(millis(700)).await;
    assert_eq!(failed.load(Ordering::SeqCst), 0, "no GET failed of {}", answered.load(Ordering::SeqCst));
    let back = revive(victim_addr, |link| Box::pin(link.answering("back")));
    balancer.line(|line| line.contains(&victim_addr.to_string()) && line.contains("is now Healthy"));
    assert!(holds_within(LONG, || back.log.requests() > 20).await, "its return is used");
    stop.store(true, Ordering::SeqCst);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    assert_eq!(failed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn without_any_origin_alive_it_answers_50x_and_recovers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr_of_origin = listener.local_addr().unwrap();
    drop(listener);
    let (_balancer, addr) = start(&["--health-interval", "0.1", "--upstream", &addr_of_origin.to_string()]);
    let mut client = Client::connect(addr).await;
    for _ in 0..20 {
        let status = soon("an answer", client.get("/")).await.unwrap().status;
        assert!(matches!(status, 502 | 503), "{status}");
        sleep(millis(20)).await;
    }
    let _origin = revive(addr_of_origin, |link| Box::pin(link.answering("back")));
    let by = Instant::now() + LONG;
    while soon("an answer", client.get("/")).await.unwrap().status != 200 {
        assert!(Instant::now() < by, "its return is not noticed");
        sleep(millis(20)).await;
    }
}

// ---- options

#[tokio::test]
async fn a_runtime_for_each_core_takes_turns_too() {
    let (one, two) = (named("one").await, named("two").await);
    let (_balancer, addr) = start(&[
        "--runtime",
        "per-core",
        "--threads",
        "2",
        "--upstream",
        &one.addr.to_string(),
        "--upstream",
        &two.addr.to_string(),
    ]);
    let mut seen = BTreeMap::<String, usize>::new();
    for _ in 0..20 {
        let mut client = Client::connect(addr).await;
        for _ in 0..5 {
            *seen.entry(soon("an answer", client.get("/")).await.unwrap().text()).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), 2);
    assert!(seen.values().all(|count| (40..=60).contains(count)), "{seen:?}");
}

#[tokio::test]
async fn each_request_is_one_line_of_json_also_a_malformed_one() {
    let origin = named("logged").await;
    let (mut balancer, addr) = start(&["--access-log", "-", "--upstream", &origin.addr.to_string()]);
    let mut client = Client::connect(addr).await;
    assert_eq!(soon("200", client.get("/first?secret=1")).await.unwrap().status, 200);
    assert_eq!(soon("200", client.post("/second", b"12345")).await.unwrap().status, 200);
    assert_eq!(soon("200", client.get("/quote\"back\\slash")).await.unwrap().status, 200);
    client.send(b"GET /broken HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n").await;
    assert_eq!(soon("400", client.reply()).await.unwrap().status, 400);
    let mut client = Client::connect(addr).await;
    client.send(b"\x00\xff\xfe\r\n\r\n").await;
    soon("the end", client.until_closed()).await;
    balancer.signal("-TERM");
    assert!(balancer.wait().success());
    let output = balancer.output(LONG);
    let lines: Vec<&String> = output.iter().filter(|line| line.starts_with('{')).collect();
    assert_eq!(lines.len(), 5, "{output:#?}");
    let records: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&records[0]["path"], &records[0]["status"]), (&"/first".into(), &200.into()), "{}", records[0]);
    assert_eq!((&records[1]["method"], &records[1]["request_octets"]), (&"POST".into(), &5.into()), "{}", records[1]);
    assert_eq!(records[2]["path"], "/quote\"back\\slash");
    assert_eq!((&records[3]["status"], &records[4]["status"]), (&400.into(), &400.into()));
    assert!(records[3]["error"].is_string(), "{}", records[3]);
    assert!(!output.concat().contains("secret"), "queries carry secrets");
}

#[tokio::test]
async fn access_log_is_appended_to_a_file() {
    let path = std::env::temp_dir().join(format!("simplon-access-{}.log", std::process::id()));
    std::fs::write(&path, "before\n").unwrap();
    let origin = named("logged").await;
    let (mut balancer, addr) = start(&["--access-log", path.to_str().unwrap(), "--upstream", &origin.addr.to_string()]);
    let mut client = Client::connect(addr).await;
    assert_eq!(soon("200", client.get("/")).await.unwrap().status, 200);
    drop(client);
    balancer.signal("-TERM");
    assert!(balancer.wait().success());
    let log = std::fs::read_to_string(&path).unwrap();
    assert!(log.starts_with("before\n{") && log.lines().count() == 2, "{log}");
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn sigint_stops_at_once_and_a_second_sigterm_too() {
    for signals in [&["-INT"][..], &["-TERM", "-TERM"]] {
        let origin = Origin::start(|mut link| async move { link.until_closed().await }).await;
        let (mut balancer, addr) = start(&["--upstream", &origin.addr.to_string()]);
        let mut client = Client::connect(addr).await;
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(holds_within(LONG, || origin.log.read() > 0).await);
        let begun = Instant::now();
        for signal in signals {
            balancer.signal(signal);
            sleep(millis(100)).await;
        }
        balancer.wait();
        assert!(begun.elapsed() < millis(2_000), "{signals:?}: {:?}", begun.elapsed());
    }
}

// ---- many connections, few descriptors, much content

#[test]
fn two_thousand_idle_connections_beside_two_hundred_active_ones() {
    let descriptors = 4_096.min(most_descriptors());
    if apart("two_thousand_idle_connections_beside_two_hundred_active_ones", &format!("ulimit -n {descriptors}")) {
        in_a_runtime(many(2_000, 200));
    }
}

/// As [`two_thousand_idle_connections_beside_two_hundred_active_ones`], with five times as many; needs 20,000 descriptors.
#[test]
#[ignore = "needs 20,000 descriptors and some time"]
fn ten_thousand_idle_connections_beside_a_thousand_active_ones() {
    let descriptors = most_descriptors();
    if descriptors < 20_000 {
        return simplon_testkit::skip("20,000 descriptors");
    }
    if apart("ten_thousand_idle_connections_beside_a_thousand_active_ones", &format!("ulimit -n {descriptors}")) {
        in_a_runtime(many(10_000, 1_000));
    }
}

fn in_a_runtime(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

async fn many(idle: usize, active: usize) {
    // Its own origins: this process needs its descriptors for the clients.
    let (balancer, addr) = start_limited(most_descriptors(), &["--threads", "2"]);
    let mut warm = Client::connect(addr).await;
    assert_eq!(soon("an answer", warm.get("/")).await.unwrap().status, 200);
    let empty = balancer.resident();
    let mut resting = Vec::with_capacity(idle);
    for number in 0..idle {
        let mut client = Client::connect(addr).await;
        // Every other one has spoken before.
        if number % 2 == 0 {
            assert_eq!(soon("an answer", client.get("/")).await.unwrap().status, 200);
        }
        resting.push(client);
    }
    let each = balancer.resident().saturating_sub(empty) / idle;
    assert!(each < 8 << 10, "{each} octets for each idle connection");
    let mut busy = JoinSet::new();
    for _ in 0..active {
        busy.spawn(async move {
            let mut client = Client::connect(addr).await;
            for _ in 0..10 {
                assert_eq!(soon("an answer", client.get("/")).await.unwrap().status, 200);
            }
        });
    }
    while let Some(client) = busy.join_next().await {
        client.unwrap();
    }
    for client in resting.iter_mut().step_by(97) {
        assert_eq!(soon("an answer", client.get("/")).await.unwrap().status, 200, "the idle ones still are served");
    }
}

#[tokio::test]
async fn without_descriptors_it_waits_and_recovers() {
    let origin = named("recovered").await;
    let (balancer, addr) =
        start_limited(48, &["--threads", "1", "--health-interval", "0.2", "--upstream", &origin.addr.to_string()]);
    let mut steady = Client::connect(addr).await;
    assert_eq!(soon("an answer", steady.get("/")).await.unwrap().text(), "recovered");
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(Client::connect(addr).await);
    }
    sleep(millis(300)).await;
    let before = balancer.cpu();
    sleep(millis(1_000)).await;
    let spent = balancer.cpu() - before;
    assert!(spent < millis(250), "{spent:?} of processor time in a second without descriptors");
    // Upstream connections need descriptors too: some answer, soon.
    let reply = soon("an answer", steady.get("/")).await.unwrap();
    assert!(matches!(reply.status, 200 | 502 | 503), "{reply:?}");
    drop(crowd);
    let by = Instant::now() + LONG;
    loop {
        let mut client = Client::connect(addr).await;
        if soon("an answer", client.get("/")).await.is_ok_and(|reply| reply.status == 200) {
            break;
        }
        assert!(Instant::now() < by, "it does not recover");
        sleep(millis(20)).await;
    }
}

#[tokio::test]
async fn memory_is_bounded_with_many_slow_readers() {
    let origin = Origin::start(|mut link| async move {
        while link.head().await.is_some() {
            let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n").await;
            for _ in 0..50_000_000 / 10_000 {
                if link.send(&[b'x'; 10_000]).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    let (balancer, addr) = start(&["--threads", "1", "--upstream", &origin.addr.to_string()]);
    let mut warm = Client::connect(addr).await;
    warm.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    sleep(millis(200)).await;
    let before = balancer.resident();
    let mut slow = Vec::new();
    for _ in 0..40 {
        let mut client = Client::connect(addr).await;
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        slow.push(client);
    }
    let mut last = 0;
    while last != origin.log.written() || last == 0 {
        last = origin.log.written();
        sleep(millis(300)).await;
    }
    let each = balancer.resident().saturating_sub(before) / slow.len();
    assert!(each < 512 << 10, "{each} octets for each slow reader");
}

/// Whatever clients and origins do, nothing of them stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_leaves_no_descriptor_behind() {
    let origin = Origin::start(|mut link| async move {
        for turn in 0.. {
            let Some(head) = link.head().await else { return };
            match (link.number + turn) % 5 {
                0 => return link.reset(),
                1 => drop(link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut").await),
                2 => drop(link.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").await),
                _ if link.content(&head).await => {
                    drop(link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await)
                }
                _ => return,
            }
            if (link.number + turn) % 5 == 1 {
                return;
            }
        }
    })
    .await;
    let (balancer, addr) = start(&["--threads", "2", "--upstream", &origin.addr.to_string()]);
    let fds = || std::fs::read_dir(format!("/proc/{}/fd", balancer.id())).unwrap().count();
    let mut first = Client::connect(addr).await;
    soon("some answer", first.get("/")).await.ok();
    drop(first);
    sleep(millis(100)).await;
    let (before, resident) = (fds(), balancer.resident());
    for round in 0..10 {
        let mut clients = JoinSet::new();
        for number in 0..100 {
            clients.spawn(async move {
                let mut client = Client::connect(addr).await;
                match (number + round) % 6 {
                    0 => client.reset(),
                    1 => {
                        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc").await;
                        client.reset();
                    }
                    2 => {
                        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
                        client.reset();
                    }
                    3 => drop(soon("some end", client.post("/", &[b'p'; 5_000])).await),
                    4 => {
                        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nbroken\r\n\r\n").await;
                        soon("the end", client.until_closed()).await;
                    }
                    _ => drop(soon("some end", client.get("/")).await),
                }
            });
        }
        while let Some(client) = clients.join_next().await {
            client.unwrap();
        }
    }
    // What rests in the pool may stay: it is bounded by what was used at a time.
    assert!(holds_within(millis(8_000), || fds() <= before + 25).await, "{} descriptors, {before} before", fds());
    let grown = balancer.resident().saturating_sub(resident);
    assert!(grown < 24 << 20, "{grown} octets");
}

#[tokio::test]
async fn standard_output_that_nobody_reads_any_more_is_no_failure() {
    let mut command = balancer(&["--listen", "127.0.0.1:0", "--access-log", "-", "--health-interval", "0.1"]);
    let origin = named("unheard").await;
    let mut balancer = Program::start(command.args(["--upstream", &origin.addr.to_string()]));
    let addr = balancer.listening();
    sleep(millis(200)).await;
    balancer.close_output();
    let mut client = Client::connect(addr).await;
    for _ in 0..5 {
        assert_eq!(soon("an answer", client.get("/")).await.unwrap().text(), "unheard");
    }
    // News of an origin's health have nowhere to go either.
    let gone = origin.addr;
    drop(origin);
    sleep(millis(400)).await;
    let _back = revive(gone, |link| Box::pin(link.answering("back")));
    let by = Instant::now() + LONG;
    while !soon("an answer", client.get("/")).await.is_ok_and(|reply| reply.status == 200) {
        assert!(Instant::now() < by, "its return is not noticed");
        sleep(millis(50)).await;
    }
    drop(client);
    balancer.signal("-TERM");
    let status = tokio::task::spawn_blocking(move || balancer.wait()).await.unwrap();
    assert!(status.success(), "{status}");
}
