//! The clock is paused in most of these, so that "within a tick" is exact.

use std::future::poll_fn;
use std::mem::size_of;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::time::Instant;

use super::Timer;
use crate::{TICK, armed};

const MILLI: Duration = Duration::from_millis(1);

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    fn rung(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn bell() -> (Arc<Bell>, Waker) {
    let bell = Arc::new(Bell::default());
    (bell.clone(), Waker::from(bell))
}

fn poll(timer: &mut Timer, waker: &Waker, deadline: impl Into<Option<Instant>>) -> Poll<()> {
    timer.poll_expired(&mut Context::from_waker(waker), deadline.into())
}

/// Lets the driver have its turn without moving the clock.
async fn settle() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

async fn advance(by: Duration) {
    settle().await;
    tokio::time::advance(by).await;
    settle().await;
}

async fn expired(timer: &mut Timer, deadline: Instant) {
    poll_fn(|cx| timer.poll_expired(cx, Some(deadline))).await;
}

#[test]
fn a_timer_is_one_word() {
    assert_eq!(size_of::<Timer>(), size_of::<usize>());
}

#[tokio::test(start_paused = true)]
async fn never_is_pending_and_registers_nothing() {
    let (_, waker) = bell();
    assert_eq!(poll(&mut Timer::new(), &waker, None), Poll::Pending);
    assert_eq!(armed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_is_ready_again_and_again_and_registers_nothing() {
    let (_, waker) = bell();
    let mut timer = Timer::new();
    for _ in 0..3 {
        assert_eq!(poll(&mut timer, &waker, Instant::now()), Poll::Ready(()));
    }
    assert_eq!(armed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_woken_within_a_tick_after_its_deadline_and_never_before() {
    // So that nothing here falls on a tick by luck.
    let (_, waker) = bell();
    assert!(poll(&mut Timer::new(), &waker, Instant::now() + MILLI).is_pending());
    tokio::time::advance(Duration::from_millis(3)).await;
    for micros in
        [1_000, 5_000, 6_999, 7_000, 7_001, 9_000, 10_000, 27_000, 30_000, 999_000, 60_000_000, 86_400_000_000]
    {
        let mut timer = Timer::new();
        let deadline = Instant::now() + Duration::from_micros(micros);
        expired(&mut timer, deadline).await;
        let late = Instant::now().checked_duration_since(deadline);
        let late = late.unwrap_or_else(|| panic!("{micros} us: woken before the deadline"));
        assert!(late <= TICK + MILLI, "{micros} us: {late:?} late");
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_timer_stays_expired() {
    let mut timer = Timer::new();
    let deadline = Instant::now() + Duration::from_secs(1);
    expired(&mut timer, deadline).await;
    let (_, waker) = bell();
    for _ in 0..3 {
        assert_eq!(poll(&mut timer, &waker, deadline), Poll::Ready(()));
    }
    assert_eq!(armed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_moves_later_keeps_the_old_registration_until_it_fires() {
    let (bell, waker) = bell();
    let mut timer = Timer::new();
    let start = Instant::now();
    for second in 1..=1_000 {
        assert!(poll(&mut timer, &waker, start + Duration::from_secs(second)).is_pending());
        assert_eq!(timer.armed.as_ref().unwrap().after, start + Duration::from_secs(1) - TICK);
    }
    assert_eq!((armed(), bell.rung()), (1, 0));
    advance(Duration::from_secs(1)).await;
    assert_eq!((armed(), bell.rung()), (0, 1), "fires in vain at the first deadline");
    let last = start + Duration::from_secs(1_000);
    assert!(poll(&mut timer, &waker, last).is_pending());
    assert_eq!(timer.armed.as_ref().unwrap().after, last - TICK, "and is registered for the last one then");
    advance(Duration::from_secs(998)).await;
    assert_eq!((armed(), bell.rung()), (1, 1));
    advance(Duration::from_secs(1)).await;
    assert_eq!((armed(), bell.rung()), (0, 2));
    assert!(poll(&mut timer, &waker, last).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_moves_earlier_is_registered_anew() {
    let (bell, waker) = bell();
    let mut timer = Timer::new();
    let start = Instant::now();
    assert!(poll(&mut timer, &waker, start + Duration::from_secs(75)).is_pending());
    settle().await;
    assert!(poll(&mut timer, &waker, start + Duration::from_secs(10)).is_pending());
    assert_eq!(armed(), 1, "the old entry is gone");
    advance(Duration::from_secs(10)).await;
    assert_eq!(bell.rung(), 1);
    assert!(poll(&mut timer, &waker, start + Duration::from_secs(10)).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_moves_into_the_past_is_ready_at_once() {
    let (_, waker) = bell();
    let mut timer = Timer::new();
    let start = Instant::now();
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(poll(&mut timer, &waker, start + Duration::from_secs(75)).is_pending());
    assert!(poll(&mut timer, &waker, start + Duration::from_secs(1)).is_ready());
    assert_eq!(armed(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_last_waker_is_the_one_that_is_woken() {
    let (first, first_waker) = bell();
    let (second, second_waker) = bell();
    let mut timer = Timer::new();
    let deadline = Instant::now() + Duration::from_secs(1);
    assert!(poll(&mut timer, &first_waker, deadline).is_pending());
    assert!(poll(&mut timer, &second_waker, deadline).is_pending());
    assert_eq!(armed(), 1);
    advance(Duration::from_secs(1)).await;
    assert_eq!((first.rung(), second.rung()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn never_leaves_a_registration_to_fire_in_vain() {
    let (bell, waker) = bell();
    let mut timer = Timer::new();
    assert!(poll(&mut timer, &waker, Instant::now() + Duration::from_secs(1)).is_pending());
    assert!(poll(&mut timer, &waker, None).is_pending());
    assert_eq!(armed(), 1);
    advance(Duration::from_secs(1)).await;
    assert_eq!((armed(), bell.rung()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_timers_armed_and_dropped_leave_the_wheel_empty() {
    let (bell, waker) = bell();
    let start = Instant::now();
    let mut timers: Vec<Timer> = (0..10_000).map(|_| Timer::new()).collect();
    for (timer, n) in timers.iter_mut().zip(1..) {
        assert!(poll(timer, &waker, start + MILLI * n).is_pending());
    }
    assert_eq!(armed(), 10_000);
    timers.iter_mut().take(4_000).for_each(Timer::disarm);
    assert_eq!(armed(), 6_000);
    drop(timers);
    assert_eq!(armed(), 0);
    advance(Duration::from_secs(20)).await;
    assert_eq!(bell.rung(), 0, "nobody is woken for what was dropped");
}

#[tokio::test(start_paused = true)]
async fn a_disarmed_timer_works_again() {
    let (bell, waker) = bell();
    let mut timer = Timer::new();
    let deadline = Instant::now() + Duration::from_secs(1);
    assert!(poll(&mut timer, &waker, deadline).is_pending());
    timer.disarm();
    assert_eq!(armed(), 0);
    assert!(poll(&mut timer, &waker, deadline).is_pending());
    advance(Duration::from_secs(1)).await;
    assert_eq!(bell.rung(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_timer_may_be_dropped_on_a_thread_without_a_runtime() {
    let (_, waker) = bell();
    let mut timer = Timer::new();
    assert!(poll(&mut timer, &waker, Instant::now() + Duration::from_secs(1)).is_pending());
    std::thread::spawn(move || drop(timer)).join().unwrap();
    assert_eq!(armed(), 0);
}

#[tokio::test(start_paused = true)]
async fn deadlines_beyond_years_neither_overflow_nor_fire() {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    let now = Instant::now();
    // The furthest moments that the clock can show, found by halving.
    let edge = (0..64).rev().fold(now, |at, bit| at.checked_add(Duration::from_secs(1 << bit)).unwrap_or(at));
    let (bell, waker) = bell();
    for deadline in [now + YEAR, now + 30 * YEAR, now + 1_000 * YEAR, edge] {
        assert!(poll(&mut Timer::new(), &waker, deadline).is_pending());
        let mut timer = Timer::new();
        assert!(poll(&mut timer, &waker, deadline).is_pending());
        advance(Duration::from_secs(1)).await;
        assert!(poll(&mut timer, &waker, deadline).is_pending());
    }
    assert_eq!(bell.rung(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_year_comes_to_its_end() {
    let deadline = Instant::now() + Duration::from_secs(365 * 86_400);
    expired(&mut Timer::new(), deadline).await;
    assert!(Instant::now() >= deadline);
}

#[test]
fn a_timer_armed_on_a_runtime_that_ended_works_on_the_next_one() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (bell, waker) = bell();
    let mut timer = Timer::new();
    let first = runtime();
    first.block_on(async { assert!(poll(&mut timer, &waker, Instant::now() + Duration::from_secs(1)).is_pending()) });
    drop(first);
    assert_eq!(bell.rung(), 1, "whoever waits is told that nothing will come");
    runtime().block_on(async {
        let deadline = Instant::now() + Duration::from_secs(1);
        expired(&mut timer, deadline).await;
        assert!(Instant::now() >= deadline);
    });
}

#[test]
fn timers_of_many_workers_all_expire_in_real_time() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..2_000_u64)
            .map(|n| {
                tokio::spawn(async move {
                    let mut timer = Timer::new();
                    let deadline = Instant::now() + Duration::from_millis(n % 50);
                    expired(&mut timer, deadline).await;
                    assert!(Instant::now() >= deadline);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(armed(), 0);
    });
}

#[tokio::test(start_paused = true)]
async fn a_panicking_waker_does_not_stop_the_timers_of_others() {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("bomb"));
        }
    }
    let mut bombs: Vec<Timer> = (0..3).map(|_| Timer::new()).collect();
    let bomb = Waker::from(Arc::new(Bomb));
    let start = Instant::now();
    for (timer, second) in bombs.iter_mut().zip(1..) {
        assert!(poll(timer, &bomb, start + Duration::from_secs(second)).is_pending());
    }
    for second in 1..=4 {
        let deadline = start + Duration::from_secs(second);
        expired(&mut Timer::new(), deadline).await;
        assert!(Instant::now() <= deadline + TICK + MILLI);
    }
}

#[tokio::test(start_paused = true)]
async fn a_waker_whose_drop_drops_another_timer_does_not_deadlock() {
    struct Owner(#[expect(dead_code, reason = "held for its drop")] std::sync::Mutex<Timer>);
    impl Wake for Owner {
        fn wake(self: Arc<Self>) {}
    }
    let (_, plain) = bell();
    let deadline = Instant::now() + Duration::from_secs(1);
    let nested = || {
        let mut inner = Timer::new();
        assert!(poll(&mut inner, &plain, deadline).is_pending());
        Waker::from(Arc::new(Owner(std::sync::Mutex::new(inner))))
    };
    let mut timer = Timer::new();
    assert!(poll(&mut timer, &nested(), deadline).is_pending());
    assert!(poll(&mut timer, &nested(), deadline).is_pending(), "change of wakers");
    timer.disarm();
    assert!(poll(&mut timer, &nested(), deadline).is_pending());
    let mut later = pin!(tokio::time::sleep(Duration::from_secs(2)));
    later.as_mut().await;
    drop(timer);
    assert_eq!(armed(), 0);
}
