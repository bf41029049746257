use super::{Chain, Ends, Linked, Links, NOWHERE, Slots};

#[derive(Default)]
struct Item {
    name: u32,
    links: Links,
}

impl Linked for Item {
    fn links(&mut self) -> &mut Links {
        &mut self.links
    }
}

fn newest_first(slots: &Slots<Item>, ends: &Ends) -> Vec<u32> {
    let mut names = Vec::new();
    let mut at = ends.newest();
    while let Some(item) = slots.get(at) {
        names.push(item.name);
        at = item.links.older(Chain::Shard);
    }
    names
}

fn oldest_first(slots: &Slots<Item>, ends: &Ends) -> Vec<u32> {
    let mut names = Vec::new();
    let mut at = ends.oldest();
    while let Some(item) = slots.get(at) {
        names.push(item.name);
        at = item.links.newer(Chain::Shard);
    }
    names
}

#[test]
fn places_are_used_again() {
    let mut slots = Slots::default();
    let (a, b) = (slots.insert('a'), slots.insert('b'));
    assert_eq!(slots.remove(a), Some('a'));
    assert_eq!(slots.remove(a), None);
    assert_eq!(slots.insert('c'), a);
    assert_eq!((slots.get(a), slots.get(b), slots.get(NOWHERE)), (Some(&'c'), Some(&'b'), None));
    assert_eq!((slots.len(), slots.end()), (2, 2));
}

#[test]
fn lists_read_the_same_from_both_ends_whatever_is_taken_out() {
    for gone in 0..16_u32 {
        let (mut slots, mut ends) = (Slots::default(), Ends::default());
        let places: Vec<u32> = (0..4)
            .map(|name| {
                let at = slots.insert(Item { name, ..Item::default() });
                ends.push(&mut slots, Chain::Shard, at);
                at
            })
            .collect();
        let stays = |name: &u32| gone & (1 << name) == 0;
        for name in (0..4).filter(|name| !stays(name)) {
            ends.unlink(&mut slots, Chain::Shard, places[name as usize]);
            slots.remove(places[name as usize]);
        }
        let expected: Vec<u32> = (0..4).filter(stays).collect();
        assert_eq!(oldest_first(&slots, &ends), expected);
        assert_eq!(newest_first(&slots, &ends), expected.iter().rev().copied().collect::<Vec<_>>());
        assert_eq!(ends.is_empty(), expected.is_empty());
    }
}
