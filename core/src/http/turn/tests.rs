use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::{LocalSet, yield_now};

use super::{MOST, Turn};

async fn take_turn() {
    let mut turn = Turn::default();
    poll_fn(|cx| turn.poll(cx)).await;
}

#[tokio::test]
async fn no_more_than_a_few_begin_between_two_looks_at_the_sockets() {
    let begun = Rc::new(RefCell::new(Vec::new()));
    let local = LocalSet::new();
    for n in 0..1000 {
        let begun = Rc::clone(&begun);
        local.spawn_local(async move {
            take_turn().await;
            begun.borrow_mut().push(n);
        });
    }
    local
        .run_until(async {
            let mut before = 0;
            for _ in 0..2000 {
                yield_now().await;
                let now = begun.borrow().len();
                assert!(now - before <= 2 * MOST as usize, "{before} → {now}");
                before = now;
            }
        })
        .await;
    assert_eq!(*begun.borrow(), (0..1000).collect::<Vec<_>>(), "everybody, in order");
}

#[test]
fn a_runtime_that_ends_with_a_line_leaves_the_next_one_free() {
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let begun = Arc::new(AtomicUsize::new(0));
        let few = 2 * MOST as usize;
        runtime.block_on(async {
            for _ in 0..few {
                let begun = Arc::clone(&begun);
                tokio::spawn(async move {
                    take_turn().await;
                    begun.fetch_add(1, Ordering::Relaxed);
                });
            }
            yield_now().await;
        });
        let begun = begun.load(Ordering::Relaxed);
        assert!(0 < begun && begun < few, "{begun}: ended in the middle, and did not begin blocked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_forgotten_when_workers_steal() {
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn(async {
                let waiting: Vec<_> = (0..2000).map(|_| tokio::spawn(take_turn())).collect();
                for turn in waiting {
                    turn.await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn outside_a_runtime_everybody_may_begin() {
    let cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..10 * MOST {
        assert!(Turn::default().poll(&cx).is_ready());
    }
}
