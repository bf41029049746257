//! Sessions to resume: what a client keeps of them, and in which context a server takes them back.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use crate::client::Whom;
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

/// Sessions of a connecting end, by whom they are with. Those of peers not met for long are forgotten first.
pub struct Sessions<S> {
    peers: Mutex<Peers<S>>,
    most: usize,
}

struct Peers<S> {
    kept: HashMap<Whom, Kept<S>>,
    clock: u64,
}

struct Kept<S> {
    sessions: VecDeque<(S, Offer)>,
    met: u64,
}

/// Peers whose sessions are kept.
const PEERS: usize = 1024;
/// Sessions of one peer: as many connections can be opened at once before new ones have come.
const EACH: usize = 4;

impl<S: Clone> Default for Sessions<S> {
    fn default() -> Self {
        Self::new(PEERS)
    }
}

impl<S: Clone> Sessions<S> {
    /// None yet, and never of more peers than `most`.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { peers: Mutex::new(Peers { kept: HashMap::new(), clock: 0 }), most: most.max(1) }
    }

    /// One more with this peer.
    pub fn put(&self, whom: &Whom, session: S, offer: Offer) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.clock += 1;
        let now = peers.clock;
        if !peers.kept.contains_key(whom) && peers.kept.len() >= self.most {
            peers.forget_one();
        }
        let kept = peers.kept.entry(whom.clone()).or_insert_with(|| Kept { sessions: VecDeque::new(), met: now });
        kept.met = now;
        if kept.sessions.len() >= EACH {
            kept.sessions.pop_front();
        }
        kept.sessions.push_back((session, offer));
    }

    /// The newest with this peer.
    pub fn take(&self, whom: &Whom) -> Option<S> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.clock += 1;
        let now = peers.clock;
        let kept = peers.kept.get_mut(whom)?;
        kept.met = now;
        match kept.sessions.back()? {
            (session, Offer::Often) => Some(session.clone()),
            (_, Offer::Once) => kept.sessions.pop_back().map(|(session, _)| session),
        }
    }
}

impl<S> Peers<S> {
    fn forget_one(&mut self) {
        let longest_ago = self.kept.iter().min_by_key(|(_, kept)| kept.met).map(|(whom, _)| whom.clone());
        if let Some(whom) = longest_ago {
            self.kept.remove(&whom);
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

/// Ticket keys, each made over for one context. They are made when the keys have changed, not for each ticket.
#[derive(Debug)]
pub struct ScopedKeys {
    keys: Arc<TicketKeys>,
    context: [u8; 32],
    made: ArcSwap<Made>,
}

/// What was made of which keys.
#[derive(Debug)]
struct Made {
    of: Arc<Vec<TicketKey>>,
    scoped: Vec<TicketKey>,
}

impl Made {
    fn new(of: Arc<Vec<TicketKey>>, context: &[u8; 32]) -> Self {
        let scoped = of.iter().map(|key| key.for_context(context)).collect();
        Self { of, scoped }
    }
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
        let made = ArcSwap::from_pointee(Made::new(keys.all(), &context));
        Self { keys, context, made }
    }

    /// The one that makes tickets.
    #[must_use]
    pub fn current(&self) -> TicketKey {
        self.made().scoped[0].clone()
    }

    /// The one of this name.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<(TicketKey, Opened)> {
        let made = self.made();
        let at = made.scoped.iter().position(|key| key.name == name)?;
        Some((made.scoped[at].clone(), if at == 0 { Opened::ByCurrent } else { Opened::ByOld }))
    }

    /// What was made of the keys of now.
    fn made(&self) -> Arc<Made> {
        let (now, made) = (self.keys.all(), self.made.load_full());
        if Arc::ptr_eq(&made.of, &now) {
            return made;
        }
        let made = Arc::new(Made::new(now, &self.context));
        self.made.store(Arc::clone(&made));
        made
    }
}

#[cfg(test)]
mod tests;
