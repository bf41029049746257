use super::*;

fn look(deliveries: &Deliveries, ticket: Ticket) -> Poll<Result<(), Lost>> {
    deliveries.poll(ticket, &Context::from_waker(Waker::noop()))
}

#[test]
fn places_are_let_go_in_order_of_what_was_written() {
    let deliveries = Deliveries::default();
    assert!(deliveries.enter().is_none(), "a connection that goes on makes nobody wait");
    deliveries.leave();
    let first = deliveries.enter().unwrap();
    deliveries.arrived(1000);
    assert_eq!(look(&deliveries, first), Poll::Pending, "nothing is known of what it has to write");
    let cx = Context::from_waker(Waker::noop());
    let taken = deliveries.taken(&cx);
    let second = deliveries.enter().unwrap();
    assert!(deliveries.mark(taken, 2000), "who came while the crate wrote may have more to write");
    deliveries.mark(deliveries.taken(&cx), 3000);
    deliveries.arrived(2000);
    assert_eq!(look(&deliveries, first), Poll::Ready(Ok(())), "what is marked stays so");
    assert_eq!(look(&deliveries, second), Poll::Pending);
    deliveries.arrived(3000);
    assert_eq!(look(&deliveries, second), Poll::Ready(Ok(())));
    assert!(!deliveries.mark(deliveries.taken(&cx), 4000), "nobody waits any more");
}

#[test]
fn who_waits_when_the_connection_is_over_has_lost_something() {
    let deliveries = Deliveries::default();
    deliveries.leave();
    let (delivered, lost) = (deliveries.enter().unwrap(), deliveries.enter().unwrap());
    deliveries.mark(2, 10);
    deliveries.arrived(9);
    assert_eq!(look(&deliveries, delivered), Poll::Pending);
    deliveries.end();
    assert_eq!(look(&deliveries, lost), Poll::Ready(Err(Lost)));
    assert_eq!(look(&deliveries, delivered), Poll::Ready(Err(Lost)));
}
