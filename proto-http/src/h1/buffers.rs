//! Buffers to read into, kept per thread for the connections that have something to read.

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::BytesMut;

/// How large a buffer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Size {
    /// For heads and small bodies.
    #[default]
    Small,
    /// For bodies that keep coming.
    Large,
}

impl Size {
    pub(super) const fn octets(self) -> usize {
        match self {
            Self::Small => 8 << 10,
            Self::Large => 64 << 10,
        }
    }

    /// Buffers of this size that one thread keeps: 2 MiB of each.
    const fn kept(self) -> usize {
        (2 << 20) / self.octets()
    }
}

/// Buffers whose octets others still read: they may be free when the next one is asked for.
const BUSY: usize = 32;
/// How many of those are looked at for one request.
const TRIES: usize = 2;

struct Shelf {
    ready: Vec<BytesMut>,
    busy: VecDeque<BytesMut>,
}

impl Shelf {
    const fn new() -> Self {
        Self { ready: Vec::new(), busy: VecDeque::new() }
    }

    fn take(&mut self, size: Size) -> Option<BytesMut> {
        if let Some(buffer) = self.ready.pop() {
            return Some(buffer);
        }
        for _ in 0..TRIES {
            let mut buffer = self.busy.pop_front()?;
            if buffer.try_reclaim(size.octets()) {
                return Some(buffer);
            }
            self.busy.push_back(buffer);
        }
        None
    }

    fn put_free(&mut self, buffer: BytesMut, size: Size) {
        reserve(&mut self.ready, size.kept());
        if self.ready.len() < size.kept() {
            self.ready.push(buffer);
        }
    }

    fn put(&mut self, mut buffer: BytesMut, size: Size) {
        if buffer.try_reclaim(size.octets()) {
            self.put_free(buffer, size);
        } else {
            if self.busy.capacity() == 0 {
                self.busy.reserve_exact(BUSY + 1);
            }
            if self.busy.len() >= BUSY {
                self.busy.pop_front();
            }
            self.busy.push_back(buffer);
        }
    }
}

fn reserve<T>(list: &mut Vec<T>, most: usize) {
    if list.capacity() == 0 {
        list.reserve_exact(most);
    }
}

struct Store {
    small: Shelf,
    large: Shelf,
}

impl Store {
    const fn shelf(&mut self, size: Size) -> &mut Shelf {
        match size {
            Size::Small => &mut self.small,
            Size::Large => &mut self.large,
        }
    }
}

thread_local! {
    static STORE: RefCell<Store> = const { RefCell::new(Store { small: Shelf::new(), large: Shelf::new() }) };
}

/// An empty buffer.
pub(super) fn take(size: Size) -> BytesMut {
    let kept = STORE.try_with(|store| store.try_borrow_mut().ok()?.shelf(size).take(size)).ok().flatten();
    kept.unwrap_or_else(|| BytesMut::with_capacity(size.octets()))
}

/// Takes a buffer back; its octets are dropped.
pub(super) fn give_back(mut buffer: BytesMut, size: Size) {
    buffer.clear();
    with_shelf(size, |shelf| shelf.put(buffer, size));
}

/// The same of one that is empty, and whose octets are known to be read by nobody.
pub(super) fn give_back_free(buffer: BytesMut, size: Size) {
    with_shelf(size, |shelf| shelf.put_free(buffer, size));
}

/// While a thread ends there is no store any more, and what was to be kept is freed.
fn with_shelf(size: Size, act: impl FnOnce(&mut Shelf)) {
    let _ = STORE.try_with(|store| {
        if let Ok(mut store) = store.try_borrow_mut() {
            act(store.shelf(size));
        }
    });
}
