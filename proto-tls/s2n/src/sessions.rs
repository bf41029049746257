//! Sessions of servers, kept to be resumed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use s2n_tls::callbacks::{SessionTicket, SessionTicketCallback};
use s2n_tls::connection::Connection;
use simplon_proto_tls_seam::{Certificate, Trust, Whom};

use crate::facts;

/// Servers whose sessions are kept; the one that was used longest ago goes first.
const MOST_NAMES: usize = 256;
/// Sessions of one server. One of TLS 1.3 serves a single connection (RFC 8446 §C.4).
const MOST_OF_ONE: usize = 4;

/// A session, with the certificates that were verified when it began.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) ticket: Vec<u8>,
    pub(crate) peer: Vec<Certificate>,
}

/// The sessions of one connecting end, by whom they are with.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Names>);

#[derive(Default)]
struct Names {
    all: HashMap<Whom, Of>,
    /// Counts uses, and so orders them.
    clock: u64,
}

#[derive(Default)]
struct Of {
    kept: VecDeque<Kept>,
    used: u64,
}

impl Sessions {
    /// Keeps one more.
    pub(crate) fn put(&self, whom: &Whom, session: Kept) {
        let mut names = self.lock();
        names.clock += 1;
        let now = names.clock;
        if !names.all.contains_key(whom) && names.all.len() >= MOST_NAMES {
            let oldest = names.all.iter().min_by_key(|(_, of)| of.used).map(|(whom, _)| whom.clone());
            oldest.and_then(|whom| names.all.remove(&whom));
        }
        let of = names.all.entry(whom.clone()).or_default();
        of.used = now;
        of.kept.push_front(session);
        of.kept.truncate(MOST_OF_ONE);
    }

    /// Takes the newest.
    pub(crate) fn take(&self, whom: &Whom) -> Option<Kept> {
        let mut names = self.lock();
        let of = names.all.get_mut(whom)?;
        let session = of.kept.pop_front();
        if of.kept.is_empty() {
            names.all.remove(whom);
        }
        session
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a connection knows of its session: set on it, and found again when a ticket comes.
pub(crate) struct Owner {
    pub(crate) sessions: std::sync::Arc<Sessions>,
    pub(crate) whom: Whom,
    pub(crate) trust: Option<std::sync::Arc<Trust>>,
    /// The certificates of the session that is resumed.
    pub(crate) before: Vec<Certificate>,
}

/// Keeps tickets as they come.
pub(crate) struct Keep;

impl SessionTicketCallback for Keep {
    fn on_session_ticket(&self, connection: &mut Connection, session: &SessionTicket) {
        let mut ticket = vec![0; session.len().unwrap_or_default()];
        let Some(owner) = connection.application_context::<Owner>() else { return };
        if ticket.is_empty() || session.data(&mut ticket).is_err() {
            return;
        }
        let peer = match connection.resumed() {
            true => owner.before.clone(),
            false => facts::peer(connection, owner.trust.as_deref()),
        };
        owner.sessions.put(&owner.whom, Kept { ticket, peer });
    }
}

#[cfg(test)]
mod tests;
