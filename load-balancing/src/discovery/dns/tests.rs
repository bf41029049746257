use std::collections::VecDeque;
use std::io;
use std::sync::Mutex;

use super::*;

enum Answer {
    Addresses(&'static [&'static str]),
    Fails,
    Hangs,
}

/// Answers as it is told, in turn; the last answer for ever.
struct Scripted(Mutex<VecDeque<Answer>>);

impl Resolve for Scripted {
    async fn resolve(&self, _host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let answer = {
            let mut answers = self.0.lock().unwrap();
            answers.pop_front().unwrap_or(Answer::Hangs)
        };
        match answer {
            Answer::Addresses(ips) => Ok(ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), port)).collect()),
            Answer::Fails => Err(io::ErrorKind::NotFound.into()),
            Answer::Hangs => std::future::pending().await,
        }
    }
}

fn dns(answers: impl IntoIterator<Item = Answer>) -> Dns<Scripted> {
    let resolver = Scripted(Mutex::new(answers.into_iter().collect()));
    Dns::with_resolver(resolver, "origin.example", 80).with_jitter_percent(0)
}

fn addresses(set: Option<BackendSet>) -> Vec<String> {
    set.unwrap().iter().map(|backend| backend.id().to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_set_comes_at_once_and_the_next_when_something_changed() {
    let begun = Instant::now();
    let mut dns = dns([
        Answer::Addresses(&["192.0.2.2", "192.0.2.1"]),
        Answer::Addresses(&["192.0.2.1", "192.0.2.2", "192.0.2.1"]), // rotated and repeated
        Answer::Addresses(&["192.0.2.3", "2001:db8::1"]),
    ]);
    assert_eq!(addresses(dns.next().await.unwrap()), ["192.0.2.1:80", "192.0.2.2:80"]);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(addresses(dns.next().await.unwrap()), ["192.0.2.3:80", "[2001:db8::1]:80"]);
    assert_eq!(begun.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn failures_are_told_and_what_comes_after_them_is_news() {
    let mut dns = dns([
        Answer::Addresses(&["192.0.2.1"]),
        Answer::Fails,
        Answer::Addresses(&[]),
        Answer::Hangs,
        Answer::Addresses(&["192.0.2.1"]),
    ]);
    assert_eq!(addresses(dns.next().await.unwrap()), ["192.0.2.1:80"]);
    assert!(matches!(dns.next().await, Err(DiscoveryError::Lookup { .. })));
    assert!(matches!(dns.next().await, Err(DiscoveryError::Empty { .. })));
    assert!(matches!(dns.next().await, Err(DiscoveryError::Timeout(_))));
    assert_eq!(addresses(dns.next().await.unwrap()), ["192.0.2.1:80"]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_loses_nothing() {
    let mut dns = dns([Answer::Addresses(&["192.0.2.1"]), Answer::Addresses(&["192.0.2.2"])]);
    dns.next().await.unwrap();
    let begun = Instant::now();
    assert!(timeout(Duration::from_secs(10), dns.next()).await.is_err());
    assert_eq!(addresses(dns.next().await.unwrap()), ["192.0.2.2:80"]);
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn backends_are_as_described() {
    let mut dns =
        dns([Answer::Addresses(&["192.0.2.1"])]).describe(|addr| Backend::new(Peer::new(addr)).with_weight(7));
    let set = dns.next().await.unwrap().unwrap();
    assert_eq!(set.nth(0).unwrap().weight(), 7);
}
