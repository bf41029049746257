//! Sessions to resume: what a client keeps of them, and in which context a server takes them back.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::client::ServerName;
use crate::server::ClientAuth;
use crate::tickets::{TicketKey, TicketKeys};

/// How often a session may be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Once: who watches must not tell by its ticket that two connections belong together (RFC 8446 appendix C.4).
    Once,
    /// As long as it lives.
    Often,
}

/// Sessions of a connecting end, by the name that their peer has proved. Those of names not met for long are forgotten first.
pub struct Sessions<S> {
    names: Mutex<Names<S>>,
    most: usize,
}

struct Names<S> {
    by_name: HashMap<ServerName, Kept<S>>,
    clock: u64,
}

struct Kept<S> {
    sessions: VecDeque<(S, Offer)>,
    met: u64,
}

/// Names whose sessions are kept.
const NAMES: usize = 1024;
/// Sessions of one name: as many connections can be opened at once before new ones have come.
const EACH: usize = 4;

impl<S: Clone> Default for Sessions<S> {
    fn default() -> Self {
        Self::new(NAMES)
    }
}

impl<S: Clone> Sessions<S> {
    /// None yet, and never of more names than `most`.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { names: Mutex::new(Names { by_name: HashMap::new(), clock: 0 }), most: most.max(1) }
    }

    /// One more of this name.
    pub fn put(&self, name: &ServerName, session: S, offer: Offer) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.clock += 1;
        let now = names.clock;
        if !names.by_name.contains_key(name) && names.by_name.len() >= self.most {
            names.forget_one();
        }
        let kept = names.by_name.entry(name.clone()).or_insert_with(|| Kept { sessions: VecDeque::new(), met: now });
        kept.met = now;
        if kept.sessions.len() >= EACH {
            kept.sessions.pop_front();
        }
        kept.sessions.push_back((session, offer));
    }

    /// The newest of this name.
    pub fn take(&self, name: &ServerName) -> Option<S> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.clock += 1;
        let now = names.clock;
        let kept = names.by_name.get_mut(name)?;
        kept.met = now;
        match kept.sessions.back()? {
            (session, Offer::Often) => Some(session.clone()),
            (_, Offer::Once) => kept.sessions.pop_back().map(|(session, _)| session),
        }
    }
}

impl<S> Names<S> {
    fn forget_one(&mut self) {
        let longest_ago = self.by_name.iter().min_by_key(|(_, kept)| kept.met).map(|(name, _)| name.clone());
        if let Some(name) = longest_ago {
            self.by_name.remove(&name);
        }
    }
}

impl<S> fmt::Debug for Sessions<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("most", &self.most).finish_non_exhaustive()
    }
}

/// What a session must have in common with the end that takes it back: the backend, because each writes tickets its own way, and what is asked of
/// clients, because a resumed session shows no certificate.
#[must_use]
pub fn context(backend: &str, auth: &ClientAuth) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(auth.context());
    hash.update(backend);
    hash.finalize().into()
}

/// Ticket keys, each made over for one context.
#[derive(Debug)]
pub struct ScopedKeys {
    keys: Arc<TicketKeys>,
    context: [u8; 32],
}

/// By which key a ticket was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The one that makes tickets.
    ByCurrent,
    /// One before it: the client gets a new ticket.
    ByOld,
}

impl ScopedKeys {
    /// These keys, for this context.
    #[must_use]
    pub fn new(keys: Arc<TicketKeys>, context: [u8; 32]) -> Self {
        Self { keys, context }
    }

    /// The one that makes tickets.
    #[must_use]
    pub fn current(&self) -> TicketKey {
        self.keys.all()[0].for_context(&self.context)
    }

    /// The one of this name.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<(TicketKey, Opened)> {
        let all = self.keys.all();
        let mut scoped = all.iter().map(|key| key.for_context(&self.context)).enumerate();
        let (at, key) = scoped.find(|(_, key)| key.name == name)?;
        Some((key, if at == 0 { Opened::ByCurrent } else { Opened::ByOld }))
    }
}

#[cfg(test)]
mod tests;
