use std::sync::atomic::AtomicU32;
use std::task::Wake;

use super::*;

#[derive(Default)]
struct Counter(AtomicU32);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn waker() -> (Arc<Counter>, Waker) {
    let counter = Arc::new(Counter::default());
    (counter.clone(), counter.into())
}

#[test]
fn task_is_woken_once_when_the_drain_begins() {
    let (trigger, mut drain) = Drain::pair();
    let (woken, waker) = waker();
    let mut cx = Context::from_waker(&waker);
    for _ in 0..3 {
        assert_eq!(drain.poll_draining(&mut cx), Poll::Pending);
    }
    assert_eq!(trigger.waiting(), 1);
    trigger.drain();
    trigger.drain();
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert!(drain.is_draining());
    assert_eq!(drain.poll_draining(&mut cx), Poll::Ready(()));
}

#[test]
fn later_task_replaces_the_earlier_one() {
    let (trigger, mut drain) = Drain::pair();
    let ((first, one), (second, two)) = (waker(), waker());
    assert!(drain.poll_draining(&mut Context::from_waker(&one)).is_pending());
    assert!(drain.poll_draining(&mut Context::from_waker(&two)).is_pending());
    assert_eq!(trigger.waiting(), 1);
    trigger.drain();
    assert_eq!((first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst)), (0, 1));
}

#[test]
fn dropped_handles_leave_nothing_behind() {
    let trigger = DrainTrigger::new();
    let (_, waker) = waker();
    let mut handles: Vec<Drain> = (0..1000).map(|_| trigger.subscribe()).collect();
    for handle in &mut handles {
        assert!(handle.poll_draining(&mut Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(trigger.waiting(), 1000);
    let rest = handles.split_off(1);
    drop(rest);
    assert_eq!(trigger.waiting(), 1);
    drop(handles);
    assert_eq!(trigger.waiting(), 0);
}

#[test]
fn handle_taken_during_the_drain_knows_at_once() {
    let trigger = DrainTrigger::new();
    trigger.drain();
    let mut late = trigger.subscribe();
    assert!(late.is_draining());
    assert!(late.poll_draining(&mut Context::from_waker(Waker::noop())).is_ready());
    assert_eq!(trigger.waiting(), 0);
}

#[test]
fn handles_dropped_during_the_drain_give_their_slots_back() {
    let (trigger, mut drain) = Drain::pair();
    assert!(drain.poll_draining(&mut Context::from_waker(Waker::noop())).is_pending());
    trigger.drain();
    drop(drain);
    assert_eq!(trigger.waiting(), 0);
}

#[test]
fn never_never_drains() {
    let mut drain = Drain::never();
    assert!(drain.poll_draining(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(!drain.clone().is_draining());
}

#[test]
fn no_wake_up_is_lost_between_threads() {
    for _ in 0..200 {
        let (trigger, mut drain) = Drain::pair();
        let (woken, waker) = waker();
        let early = std::thread::scope(|scope| {
            let poll = scope.spawn(|| drain.poll_draining(&mut Context::from_waker(&waker)).is_ready());
            trigger.drain();
            poll.join().unwrap()
        });
        assert!(early || woken.0.load(Ordering::SeqCst) == 1);
    }
}
