//! The tables that indices point into.

use std::collections::VecDeque;

use super::Field;

/// The static table and the dynamic one behind it.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: VecDeque<Field>,
    held: usize,
    size: usize,
}

impl Table {
    pub(super) fn new(size: usize) -> Self {
        Self { entries: VecDeque::new(), held: 0, size }
    }

    /// The octets that may be held.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn resize(&mut self, size: usize) {
        self.size = size;
        self.evict(0);
    }

    pub(super) fn get(&self, index: u64) -> Option<Field> {
        let at = usize::try_from(index).ok()?.checked_sub(1)?;
        match STATIC.get(at) {
            Some((name, value)) => Some(((*name).to_owned(), (*value).to_owned())),
            None => self.entries.get(at - STATIC.len()).cloned(),
        }
    }

    pub(super) fn remember(&mut self, field: Field) {
        let cost = cost(&field);
        self.evict(cost);
        if cost <= self.size {
            self.held += cost;
            self.entries.push_front(field);
        }
    }

    /// Makes room, as far as there is any.
    fn evict(&mut self, room: usize) {
        while self.held + room > self.size {
            let Some(field) = self.entries.pop_back() else { return };
            self.held -= cost(&field);
        }
    }
}

/// What an entry costs (§4.1). A char of a field is one octet.
fn cost((name, value): &Field) -> usize {
    name.chars().count() + value.chars().count() + 32
}

#[rustfmt::skip]
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];
