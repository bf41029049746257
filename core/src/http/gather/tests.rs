use std::future::poll_fn;
use std::sync::atomic::AtomicUsize;

use tokio::sync::Notify;
use tokio::task::yield_now;

use super::*;

/// Four speak in one pass, each of which wakes who gathers; it acts once.
#[tokio::test]
async fn what_is_said_in_one_pass_is_gathered() {
    let said = Arc::new(AtomicUsize::new(0));
    let written = Arc::new(Mutex::new(Vec::new()));
    let bell = Arc::new(Notify::new());
    let gathering = tokio::spawn({
        let (said, written, bell) = (Arc::clone(&said), Arc::clone(&written), Arc::clone(&bell));
        async move {
            let mut gather = Gather::default();
            while said.load(Ordering::Relaxed) < 8 {
                bell.notified().await;
                poll_fn(|cx| gather.poll(cx, Others::Some)).await;
                written.lock().unwrap().push(said.load(Ordering::Relaxed));
            }
        }
    });
    for _ in 0..2 {
        for _ in 0..4 {
            let (said, bell) = (Arc::clone(&said), Arc::clone(&bell));
            tokio::spawn(async move {
                said.fetch_add(1, Ordering::Relaxed);
                bell.notify_one();
            });
        }
        for _ in 0..8 {
            yield_now().await;
        }
    }
    gathering.await.unwrap();
    let written = written.lock().unwrap();
    assert!(written.len() <= 3 && written[0] == 4 && written.contains(&8), "{written:?}");
}

#[tokio::test]
async fn one_alone_waits_for_nobody() {
    let mut gather = Gather::default();
    let at_once = poll_fn(|cx| Poll::Ready(gather.poll(cx, Others::None))).await;
    assert_eq!(at_once, Poll::Ready(()));
}

/// Woken by something else, it goes on waiting for its pass; and after it, the next one is waited for again.
#[tokio::test]
async fn only_the_pass_ends_the_wait() {
    let mut gather = Gather::default();
    let mut polls = 0;
    let first = poll_fn(|cx| {
        polls += 1;
        if polls == 1 {
            cx.waker().wake_by_ref();
        }
        gather.poll(cx, Others::Some)
    });
    first.await;
    assert!(polls >= 2);
    let again = poll_fn(|cx| Poll::Ready(gather.poll(cx, Others::Some))).await;
    assert_eq!(again, Poll::Pending);
}
