use std::collections::VecDeque;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicIsize, Ordering};

use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

use super::super::door::Served;
use super::super::hub::Hub;
use super::super::{ConnectionLimits, Drain};
use super::*;
use crate::net::{ConnInfo, Stream};

/// What accepting gives, one after the other; then nothing more.
/// How often others let go of descriptors is the second.
struct Scripted(Mutex<VecDeque<io::Result<Accepted>>>, AtomicIsize);

impl Accept for Scripted {
    async fn accept(&self) -> io::Result<Accepted> {
        let next = self.0.lock().unwrap().pop_front();
        match next {
            Some(outcome) => outcome,
            None => pending().await,
        }
    }

    fn local(&self) -> Option<SocketAddr> {
        None
    }

    fn relieve(&self) -> usize {
        self.1.fetch_sub(1, Ordering::Relaxed).max(0).unsigned_abs()
    }
}

fn failing(code: i32, times: usize) -> Vec<io::Result<Accepted>> {
    (0..times).map(|_| Err(io::Error::from_raw_os_error(code))).collect()
}

fn arriving() -> (io::Result<Accepted>, DuplexStream) {
    let (near, far) = duplex(64);
    (Ok(Accepted { stream: Stream::other(near), peer: None }), far)
}

/// A door to a service that greets.
fn door(limits: ConnectionLimits) -> Arc<Door> {
    let greet = |mut stream: Stream, _: Arc<ConnInfo>, _: Drain| async move {
        stream.write_all(b"hello").await.unwrap();
    };
    Arc::new(Door {
        hub: Hub::new(limits),
        label: "test".into(),
        admit: None,
        tls: None,
        endpoint: Arc::new(Served(Arc::new(greet))),
    })
}

async fn greeting(mut far: DuplexStream) -> String {
    let mut text = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut far, &mut text).await.unwrap();
    text
}

fn run(script: Vec<io::Result<Accepted>>, door: &Arc<Door>) -> tokio::task::JoinHandle<()> {
    run_relieved(script, 0, door)
}

fn run_relieved(script: Vec<io::Result<Accepted>>, times: isize, door: &Arc<Door>) -> tokio::task::JoinHandle<()> {
    let acceptor = Arc::new(Scripted(Mutex::new(script.into()), AtomicIsize::new(times)));
    tokio::spawn(accept_loop(acceptor, door.clone(), door.hub.trigger.subscribe()))
}

#[tokio::test(start_paused = true)]
async fn want_of_descriptors_is_waited_out_without_spinning() {
    let door = door(ConnectionLimits::default());
    let (arrival, far) = arriving();
    let mut script = failing(libc::EMFILE, 5);
    script.push(arrival);
    let begun = Instant::now();
    run(script, &door);
    assert_eq!(greeting(far).await, "hello");
    // 5 + 10 + 20 + 40 + 80 ms.
    assert!((155..200).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    let stats = door.hub.counters.read();
    assert_eq!((stats.accept_errors, stats.accept_pauses, stats.accepted), (5, 5, 1));
}

#[tokio::test(start_paused = true)]
async fn what_others_let_go_of_is_used_without_a_pause() {
    let door = door(ConnectionLimits::default());
    let (arrival, far) = arriving();
    let mut script = failing(libc::EMFILE, 4);
    script.push(arrival);
    let begun = Instant::now();
    run_relieved(script, 2, &door);
    assert_eq!(greeting(far).await, "hello");
    // Twice at once, then 5 + 10 ms.
    assert!((15..30).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert_eq!(door.hub.counters.read().accept_pauses, 2);
}

#[tokio::test(start_paused = true)]
async fn pauses_do_not_grow_beyond_a_second_and_begin_anew_after_a_success() {
    let door = door(ConnectionLimits::default());
    let ((first, _far), (second, far)) = (arriving(), arriving());
    let mut script = failing(libc::ENFILE, 20);
    script.push(first);
    script.extend(failing(libc::ENFILE, 1));
    script.push(second);
    let begun = Instant::now();
    run(script, &door);
    assert_eq!(greeting(far).await, "hello");
    // 5 to 640 ms are eight pauses and 1275 ms; the other twelve are a second each; and one more of 5 ms.
    assert!((13_280..13_400).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn connection_that_was_aborted_costs_no_pause() {
    let door = door(ConnectionLimits::default());
    let (arrival, far) = arriving();
    let mut script = failing(libc::ECONNABORTED, 3);
    script.push(arrival);
    let begun = Instant::now();
    run(script, &door);
    assert_eq!(greeting(far).await, "hello");
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let stats = door.hub.counters.read();
    assert_eq!((stats.accept_errors, stats.accept_pauses), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn drain_ends_the_loop_also_in_a_pause() {
    let door = door(ConnectionLimits::default());
    let task = run(failing(libc::EMFILE, 1000), &door);
    // Within a pause of a second, which is not waited for.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let begun = Instant::now();
    door.hub.trigger.drain();
    tokio::time::timeout(LONGEST_PAUSE, task).await.unwrap().unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn connections_in_the_queue_are_let_in_when_the_drain_begins() {
    let door = door(ConnectionLimits::default());
    let (script, far): (Vec<_>, Vec<_>) = (0..10).map(|_| arriving()).unzip();
    door.hub.trigger.drain();
    run(script, &door).await.unwrap();
    for far in far {
        assert_eq!(greeting(far).await, "hello");
    }
}

#[tokio::test]
async fn connections_over_the_total_are_closed_at_once_and_counted() {
    let door = door(ConnectionLimits { total: 0, per_ip: None });
    let (arrival, far) = arriving();
    run(vec![arrival], &door);
    assert_eq!(greeting(far).await, "");
    let stats = door.hub.counters.read();
    assert_eq!((stats.refused_total, stats.accepted), (1, 0));
    assert!(door.hub.is_empty());
}
