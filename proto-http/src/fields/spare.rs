//! Memory of dropped lists, kept per thread for the next ones: a steady exchange allocates none.

use std::cell::RefCell;

use super::list::List;

/// Lists kept per thread, and the largest that is worth keeping.
const LISTS: usize = 512;
const ENTRIES: usize = 256;
pub(super) const OCTETS: usize = 4 << 10;
/// What a new list begins with.
const FIRST_ENTRIES: usize = 32;
const FIRST_OCTETS: usize = 512;

thread_local! {
    #[expect(clippy::vec_box, reason = "what is kept is the boxes")]
    static SPARE: RefCell<Vec<Box<List>>> = const { RefCell::new(Vec::new()) };
}

/// An empty list.
pub(super) fn take() -> Box<List> {
    // While a thread ends there is no store any more.
    let kept = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop()).ok().flatten();
    kept.unwrap_or_else(|| {
        Box::new(List {
            arena: Vec::with_capacity(FIRST_OCTETS),
            entries: Vec::with_capacity(FIRST_ENTRIES),
            ..List::EMPTY
        })
    })
}

/// Takes a list back; what is too large, or too much, is freed.
pub(super) fn give_back(mut list: Box<List>) {
    if list.entries.capacity() > ENTRIES || list.arena.capacity() > OCTETS {
        return;
    }
    list.clear();
    let _ = SPARE.try_with(|spare| {
        let Ok(mut spare) = spare.try_borrow_mut() else { return };
        if spare.capacity() == 0 {
            spare.reserve_exact(LISTS);
        }
        if spare.len() < LISTS {
            spare.push(list);
        }
    });
}
