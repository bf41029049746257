use std::thread;

use super::Inflight;

#[test]
fn what_is_in_flight_counts_until_its_guard_is_dropped() {
    let inflight = Inflight::new();
    let (first, one) = inflight.enter("a", 1);
    let (second, three) = inflight.enter("a", 2);
    assert_eq!((one, three, first.estimate(), inflight.estimate("b")), (1, 3, 3, 0));
    drop(first);
    assert_eq!(second.estimate(), 2);
    thread::spawn(|| drop(second)).join().unwrap();
    assert_eq!(inflight.estimate("a"), 0);
}

#[test]
fn clones_count_together() {
    let inflight = Inflight::new();
    let (_guard, _) = inflight.clone().enter("a", 1);
    assert_eq!(inflight.estimate("a"), 1);
}

#[test]
fn no_more_than_allowed_are_admitted_and_who_is_not_does_not_count() {
    let inflight = Inflight::new();
    let guards: Vec<_> = (0..10).filter_map(|_| inflight.admit("a", 1, 3)).collect();
    assert_eq!((guards.len(), inflight.estimate("a")), (3, 3));
    assert!(inflight.admit("a", 1, 3).is_none());
    assert!(inflight.admit("b", 4, 3).is_none());
    drop(guards);
    assert!(inflight.admit("a", 3, 3).is_some());
}

#[test]
fn threads_are_never_admitted_beyond_the_bound_and_leave_nothing() {
    let inflight = Inflight::new();
    let inside = std::sync::atomic::AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50_000 {
                    let Some(guard) = inflight.admit("a", 1, 2) else { continue };
                    let together = inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                    assert!(together <= 2, "{together} at once");
                    inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    drop(guard);
                }
            });
        }
    });
    assert_eq!(inflight.estimate("a"), 0);
}
