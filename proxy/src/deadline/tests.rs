use std::task::Waker;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn it_is_counted_from_the_beginning_however_often_it_is_moved() {
    let began = Instant::now();
    let deadline = Deadline::new(began, Duration::MAX);
    assert_eq!(deadline.at(), None);
    tokio::time::advance(SECOND).await;
    for within in [Duration::ZERO, SECOND, 3600 * SECOND] {
        deadline.set(within);
        assert_eq!(deadline.at(), Some(began + within));
    }
    deadline.lift();
    assert_eq!(deadline.at(), None);
    // Six hundred years are for ever.
    deadline.set(Duration::from_secs(600 * 365 * 86_400));
    assert_eq!(deadline.at(), None);
}

#[tokio::test(start_paused = true)]
async fn without_an_end_no_timer_is_touched() {
    let (mut cx, mut timer) = (Context::from_waker(Waker::noop()), Timer::new());
    let deadline = Deadline::new(Instant::now(), Duration::MAX);
    assert!(deadline.poll_passed(&mut cx, &mut timer).is_pending());
    assert_eq!(simplon_timeout::armed(), 0);
    deadline.set(SECOND);
    assert!(deadline.poll_passed(&mut cx, &mut timer).is_pending());
    assert_eq!(simplon_timeout::armed(), 1);
    tokio::time::advance(2 * SECOND).await;
    tokio::task::yield_now().await;
    assert!(deadline.poll_passed(&mut cx, &mut timer).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_pause_must_end_before_it() {
    let deadline = Deadline::new(Instant::now(), 10 * SECOND);
    tokio::time::advance(5 * SECOND).await;
    for (again, leaves_time) in [
        (Again::Now, true),
        (Again::After(4 * SECOND), true),
        (Again::After(5 * SECOND), false),
        (Again::After(Duration::MAX), false),
    ] {
        assert_eq!(deadline.leaves_time_for(again), leaves_time, "{again:?}");
    }
    deadline.lift();
    assert!(deadline.leaves_time_for(Again::After(3600 * SECOND)));
}
