use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::*;

#[tokio::test]
async fn system_knows_localhost() {
    let found = SystemResolver::new().resolve("localhost", 80).await.unwrap();
    assert!(!found.is_empty());
    assert!(found.iter().all(|addr| addr.ip().is_loopback() && addr.port() == 80));
}

#[tokio::test]
async fn static_names_take_the_port_that_was_asked_for() {
    let resolver = StaticResolver::new()
        .with("origin", ["192.0.2.1:0".parse().unwrap(), "192.0.2.2:81".parse().unwrap()])
        .with("empty", []);
    let found = resolver.resolve("origin", 80).await.unwrap();
    assert_eq!(found, ["192.0.2.1:80".parse().unwrap(), "192.0.2.2:81".parse().unwrap()]);
    assert!(resolver.resolve("empty", 80).await.unwrap().is_empty());
    assert_eq!(resolver.resolve("other", 80).await.unwrap_err().kind(), io::ErrorKind::NotFound);
}

/// What lookups of names did, and do: names under `silent.test` are not answered before the gate opens.
#[derive(Default)]
struct Zone {
    asked: Mutex<Vec<String>>,
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Zone {
    fn look_up(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        if name.contains("silent") {
            let is_open = self.is_open.lock().unwrap();
            drop(self.opened.wait_while(is_open, |is_open| !*is_open).unwrap());
            return Err(io::ErrorKind::TimedOut.into());
        }
        match name {
            "panics.test" => panic!("on purpose"),
            "poor.test" => Err(io::Error::from_raw_os_error(libc::EMFILE)),
            name if name.starts_with("bad") => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(vec!["192.0.2.1:0".parse().unwrap(), "192.0.2.2:81".parse().unwrap()]),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// Whatever becomes of a test, no thread waits for ever.
struct Opens(Arc<Zone>);

impl Drop for Opens {
    fn drop(&mut self) {
        self.0.open();
    }
}

fn zone(threads: usize, kept: Duration) -> (Opens, BlockingResolver) {
    let zone = Arc::new(Zone::default());
    let looks = Arc::clone(&zone);
    (Opens(zone), BlockingResolver::with(move |name| looks.look_up(name), threads, kept))
}

const LONG: Duration = Duration::from_secs(3600);

/// Asks without waiting for the answer.
fn asked(resolver: &BlockingResolver, name: &str) -> JoinHandle<io::Result<Vec<SocketAddr>>> {
    let (resolver, name) = (resolver.clone(), name.to_owned());
    tokio::spawn(async move { resolver.resolve(&name, 80).await })
}

async fn until(mut met: impl FnMut() -> bool) {
    while !met() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn one_lookup_serves_all_who_wait_whatever_their_port_and_case() {
    let (zone, resolver) = zone(4, LONG);
    let waiting: Vec<_> =
        (0..100).map(|n| asked(&resolver, if n % 2 == 0 { "one.silent.test" } else { "ONE.Silent.Test" })).collect();
    until(|| !zone.0.asked().is_empty()).await;
    tokio::task::yield_now().await;
    zone.0.open();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
    assert_eq!(zone.0.asked(), ["one.silent.test"]);
    assert!(resolver.threads() <= 1);
    for port in [80, 443] {
        let found = resolver.resolve("good.test", port).await.unwrap();
        assert_eq!(found, [SocketAddr::from(([192, 0, 2, 1], port)), "192.0.2.2:81".parse().unwrap()]);
    }
    assert_eq!(resolver.resolve("::1", 80).await.unwrap(), ["[::1]:80".parse().unwrap()]);
    // What succeeded is asked again.
    assert_eq!(zone.0.asked(), ["one.silent.test", "good.test", "good.test"]);
}

#[tokio::test]
async fn failures_are_kept_for_a_while() {
    for (kept, lookups) in [(LONG, 1), (Duration::ZERO, 3)] {
        let (zone, resolver) = zone(4, kept);
        for _ in 0..3 {
            assert_eq!(resolver.resolve("bad.test", 80).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        }
        assert_eq!(zone.0.asked().len(), lookups);
    }
    // A panic is a failure; that there were no descriptors says nothing of the name.
    let (zone, resolver) = zone(1, LONG);
    for _ in 0..2 {
        assert!(resolver.resolve("panics.test", 80).await.is_err());
        assert_eq!(resolver.resolve("poor.test", 80).await.unwrap_err().raw_os_error(), Some(libc::EMFILE));
    }
    assert_eq!(zone.0.asked(), ["panics.test", "poor.test", "poor.test"]);
}

/// Many names in one domain that is silent, of one label, and each in a domain of its own.
#[tokio::test]
async fn silent_names_do_not_hold_up_those_that_resolve() {
    let (zone, resolver) = zone(8, LONG);
    for known in ["known.test", "known"] {
        resolver.resolve(known, 80).await.unwrap();
    }
    let mut waiting: Vec<_> = (0..80).map(|n| asked(&resolver, &format!("n{n}.silent.test"))).collect();
    until(|| zone.0.asked().len() == 4).await;
    // In other domains there is room.
    resolver.resolve("new.example", 80).await.unwrap();
    waiting.extend((0..80).map(|n| asked(&resolver, &format!("silent{n}"))));
    until(|| zone.0.asked().len() == 7).await;
    resolver.resolve("other.example", 80).await.unwrap();
    waiting.extend((0..80).map(|n| asked(&resolver, &format!("silent{n}.test"))));
    // 6 of 8 threads at most for names that never resolved, 2 for each domain.
    until(|| zone.0.asked().len() == 10).await;
    for _ in 0..5 {
        resolver.resolve("known.test", 80).await.unwrap();
        resolver.resolve("known", 80).await.unwrap();
    }
    assert!(resolver.threads() <= 8);
    // Whoever is waited for no longer is not asked for any more.
    waiting.iter().for_each(JoinHandle::abort);
    for waiting in waiting {
        assert!(waiting.await.unwrap_err().is_cancelled());
    }
    let before = zone.0.asked().len();
    zone.0.open();
    resolver.resolve("last.example", 80).await.unwrap();
    assert_eq!(zone.0.asked().len(), before + 1);
}

/// So many wait that there is no room: what is dropped makes some.
#[tokio::test]
async fn lookups_that_wait_are_bounded() {
    let (zone, resolver) = zone(1, LONG);
    let running = asked(&resolver, "first.silent.test");
    until(|| zone.0.asked().len() == 1).await;
    let waiting: Vec<_> = (0..1024).map(|n| asked(&resolver, &format!("w{n}.test"))).collect();
    tokio::task::yield_now().await;
    until(|| format!("{resolver:?}").contains("waiting: 1024")).await;
    assert_eq!(resolver.resolve("more.test", 80).await.unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    waiting.iter().for_each(JoinHandle::abort);
    for waiting in waiting {
        let _ = waiting.await;
    }
    let more = asked(&resolver, "more.test");
    tokio::task::yield_now().await;
    zone.0.open();
    assert!(more.await.unwrap().is_ok());
    assert!(running.await.unwrap().is_err());
    assert_eq!(zone.0.asked(), ["first.silent.test", "more.test"]);
}
