//! Memory of dropped lists, kept per thread for the next ones: a steady exchange allocates none.

use std::cell::RefCell;

use super::Entry;

/// Lists kept per thread, and the largest that is worth keeping.
const LISTS: usize = 512;
const ENTRIES: usize = 256;
const OCTETS: usize = 4 << 10;
/// What a new list begins with.
const FIRST_ENTRIES: usize = 32;
const FIRST_OCTETS: usize = 512;

struct Spare {
    entries: Vec<Vec<Entry>>,
    arenas: Vec<Vec<u8>>,
}

thread_local! {
    static SPARE: RefCell<Spare> = const { RefCell::new(Spare { entries: Vec::new(), arenas: Vec::new() }) };
}

/// An empty list of entries.
pub(super) fn entries() -> Vec<Entry> {
    take(|spare| spare.entries.pop()).unwrap_or_else(|| Vec::with_capacity(FIRST_ENTRIES))
}

/// An empty arena.
pub(super) fn arena() -> Vec<u8> {
    take(|spare| spare.arenas.pop()).unwrap_or_else(|| Vec::with_capacity(FIRST_OCTETS))
}

/// Takes memory back; what is too large, or too much, is freed.
pub(super) fn give_back(mut entries: Vec<Entry>, mut arena: Vec<u8>) {
    entries.clear();
    arena.clear();
    take(|spare| {
        keep(&mut spare.entries, entries, ENTRIES);
        keep(&mut spare.arenas, arena, OCTETS);
        None::<()>
    });
}

fn keep<T>(lists: &mut Vec<Vec<T>>, list: Vec<T>, largest: usize) {
    if list.capacity() == 0 || list.capacity() > largest || lists.len() >= LISTS {
        return;
    }
    if lists.capacity() == 0 {
        lists.reserve_exact(LISTS);
    }
    lists.push(list);
}

/// `None` too while the thread ends.
fn take<T>(from: impl FnOnce(&mut Spare) -> Option<T>) -> Option<T> {
    SPARE.try_with(|spare| spare.try_borrow_mut().ok().and_then(|mut spare| from(&mut spare))).ok().flatten()
}
