//! How much memory the request heads of one connection take together.
//!
//! A table of HTTP/2 makes one octet on the wire stand for thousands here (RFC 9113 §10.5.1), so that neither the octets that came nor the number
//! of streams bounds what is held.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::Request;

/// What a field takes in a list beside its name and value: that of the `http` crate is the larger one.
const AROUND_FIELD: usize = 104;
/// What is kept of every head to the end of its exchange.
const OF_EVERY_HEAD: usize = 256;

/// What is held, and how much may be.
#[derive(Debug)]
pub(in crate::http) struct Heads {
    held: AtomicUsize,
    most: usize,
}

/// What one head takes, as memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct HeadOctets {
    /// To the end of the exchange: its record names the target.
    line: usize,
    fields: usize,
}

impl HeadOctets {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let uri = request.uri();
        let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
        let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
        let field =
            |(name, value): (&http::HeaderName, &http::HeaderValue)| name.as_str().len() + value.len() + AROUND_FIELD;
        let fields = request.headers().iter().map(field).sum();
        Self { line: OF_EVERY_HEAD + path + authority, fields }
    }
}

impl Heads {
    pub(super) const fn new(most: usize) -> Self {
        Self { held: AtomicUsize::new(0), most }
    }

    /// Takes one on. Says whether there was room, which there always is for a single one.
    ///
    /// By the driver alone; exchanges only give back.
    pub(super) fn take(&self, HeadOctets { line, fields }: HeadOctets) -> bool {
        let (held, octets) = (self.held.load(Ordering::Acquire), line + fields);
        let fits = held == 0 || held.saturating_add(octets) <= self.most;
        if fits {
            self.held.fetch_add(octets, Ordering::AcqRel);
        }
        fits
    }

    /// Only what the record needs is held any more.
    pub(in crate::http) fn let_go(&self, octets: &mut HeadOctets) {
        self.held.fetch_sub(std::mem::take(&mut octets.fields), Ordering::AcqRel);
    }

    /// Nothing of it is held any more.
    pub(in crate::http) fn give_back(&self, HeadOctets { line, fields }: HeadOctets) {
        self.held.fetch_sub(line + fields, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
