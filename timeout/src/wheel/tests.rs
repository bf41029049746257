//! The wheel by hand, without its driver; then wheels and their runtimes.

use std::sync::{Arc, Weak, mpsc};
use std::task::Waker;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::Instant;

use super::{Place, TICK, Turn, Wheel, registry};

fn insert(wheel: &Wheel, deadline: Instant) -> Place {
    wheel.insert(deadline, Waker::noop().clone())
}

fn turn(wheel: &Wheel, now: Instant) -> Turn {
    wheel.turn(now, Waker::noop())
}

fn paused() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

#[test]
fn deadlines_are_rounded_up_to_ticks() {
    let epoch = Instant::now();
    let wheel = Wheel::new(epoch);
    let table =
        [(0, 1), (1, 1), (9_999_999, 1), (10_000_000, 1), (10_000_001, 2), (1_000_000_000, 100), (1_000_000_001, 101)];
    for (nanos, tick) in table {
        assert_eq!(wheel.tick_of(epoch + Duration::from_nanos(nanos)), tick, "{nanos} ns");
    }
}

#[test]
fn entries_of_one_tick_are_due_in_one_turn() {
    let epoch = Instant::now();
    let wheel = Wheel::new(epoch);
    for micros in 1..=1_000 {
        assert!(matches!(insert(&wheel, epoch + Duration::from_micros(micros * 10)), Place::Taken(_)));
    }
    let early = turn(&wheel, epoch + TICK - Duration::from_nanos(1));
    assert_eq!((early.due.len(), early.next), (0, Some(epoch + TICK)));
    let turn = turn(&wheel, epoch + TICK);
    assert_eq!((turn.due.len(), turn.next), (1_000, None));
    assert_eq!(wheel.len(), 0);
}

#[test]
fn a_tick_that_fired_takes_nobody_any_more() {
    let epoch = Instant::now();
    let wheel = Wheel::new(epoch);
    turn(&wheel, epoch + 3 * TICK);
    assert_eq!(insert(&wheel, epoch + 3 * TICK), Place::Late);
    assert!(matches!(insert(&wheel, epoch + 4 * TICK), Place::Taken(_)));
}

#[test]
fn the_driver_is_woken_once_for_an_earlier_tick_and_never_for_a_later_one() {
    let epoch = Instant::now();
    let wheel = Wheel::new(epoch);
    insert(&wheel, epoch + 10 * TICK);
    turn(&wheel, epoch);
    let asked = |tick| wheel.lock().driver_to_wake(tick).is_some();
    assert_eq!([10, 11, 5, 5, 6, 4].map(asked), [false, false, true, false, false, true]);
}

#[test]
fn a_closed_wheel_gives_back_its_wakers_and_takes_no_more() {
    let epoch = Instant::now();
    let wheel = Wheel::new(epoch);
    let Place::Taken(key) = insert(&wheel, epoch + TICK) else { panic!("a new wheel takes entries") };
    assert_eq!(wheel.close().len(), 1);
    assert!(wheel.has_fired(key));
    assert_eq!(insert(&wheel, epoch + TICK), Place::Closed);
    wheel.remove(key);
}

#[test]
fn one_runtime_has_one_wheel_on_all_its_threads() {
    let runtime = Builder::new_multi_thread().worker_threads(3).enable_time().build().unwrap();
    let wheels: Vec<Arc<Wheel>> = runtime.block_on(async {
        let tasks: Vec<_> = (0..100).map(|_| tokio::spawn(async { Wheel::current() })).collect();
        let mut wheels = Vec::new();
        for task in tasks {
            wheels.push(task.await.unwrap());
        }
        wheels
    });
    assert!(wheels.iter().all(|wheel| Arc::ptr_eq(wheel, &wheels[0])));
}

#[test]
fn two_runtimes_on_one_thread_have_two_wheels() {
    let (first, second) = (paused(), paused());
    let mut pairs = Vec::new();
    for _ in 0..3 {
        pairs.push((first.block_on(async { Wheel::current() }), second.block_on(async { Wheel::current() })));
    }
    assert!(pairs.iter().all(|(a, b)| !Arc::ptr_eq(a, b)));
    assert!(pairs.iter().all(|(a, b)| Arc::ptr_eq(a, &pairs[0].0) && Arc::ptr_eq(b, &pairs[0].1)));
}

#[test]
fn a_thousand_runtimes_leave_neither_wheels_nor_lines_in_the_list() {
    for _ in 0..1_000 {
        let runtime = paused();
        let (id, wheel): (_, Weak<Wheel>) = runtime.block_on(async {
            crate::sleep(Duration::from_secs(1)).await;
            (Handle::current().id(), Arc::downgrade(&Wheel::current()))
        });
        assert!(registry::knows(id));
        drop(runtime);
        assert_eq!(wheel.strong_count(), 0);
        assert!(!registry::knows(id));
    }
}

#[test]
fn arming_while_the_runtime_shuts_down_neither_hangs_nor_panics() {
    struct ArmsOnDrop(Handle, mpsc::Sender<Place>);
    impl Drop for ArmsOnDrop {
        fn drop(&mut self) {
            let _entered = self.0.enter();
            let place = insert(&Wheel::current(), Instant::now() + Duration::from_secs(1));
            self.1.send(place).unwrap();
        }
    }
    let runtime = paused();
    let (sender, receiver) = mpsc::channel();
    let held = ArmsOnDrop(runtime.handle().clone(), sender);
    // Never polled to its end: dropped by the shutdown, when tasks are refused already.
    runtime.spawn(async move {
        std::future::pending::<()>().await;
        drop(held);
    });
    runtime.block_on(tokio::task::yield_now());
    drop(runtime);
    assert_eq!(receiver.try_recv(), Ok(Place::Closed));
}

#[test]
#[should_panic(expected = "timers are disabled")]
fn a_runtime_without_a_clock_is_noticed_where_the_timer_is_armed() {
    Builder::new_current_thread().build().unwrap().block_on(async {
        Wheel::current();
    });
}
