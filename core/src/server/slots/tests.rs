use super::*;

#[test]
fn slots_are_used_again_and_given_back() {
    let slots = Sharded::new();
    let tickets: Vec<Ticket> = (0..100).map(|_| slots.reserve()).collect();
    for (n, ticket) in tickets.iter().enumerate() {
        assert_eq!(slots.put(*ticket, n), Ok(()));
    }
    assert_eq!(slots.taken(), 100);
    for ticket in &tickets[1..] {
        slots.leave(*ticket);
    }
    let mut rest = Vec::new();
    slots.take_all(|n| rest.push(n));
    assert_eq!(rest, [0]);
    slots.leave(tickets[0]);
    assert_eq!(slots.taken(), 0);
    assert_eq!((0..SHARDS).map(|shard| slots.lock(shard).slots.capacity()).sum::<usize>(), 0);
}

#[test]
fn late_owner_cannot_touch_what_came_after() {
    let slots = Sharded::new();
    let old = slots.reserve();
    slots.leave(old);
    // Once around all the shards: the same slot again.
    let new: Vec<Ticket> = (0..SHARDS).map(|_| slots.reserve()).collect();
    assert!(new.iter().any(|ticket| (ticket.shard, ticket.slot) == (old.shard, old.slot)));
    assert_eq!(slots.put(old, "late"), Err("late"));
    slots.leave(old);
    assert_eq!(slots.taken(), SHARDS);
}
