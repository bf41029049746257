//! Which key makes a ticket, and which one opens it.

use std::sync::Arc;

use openssl::ssl::{SslContextBuilder, SslOptions};
use simplon_proto_tls_seam::tickets::TicketKey;
use simplon_proto_tls_seam::{ConfigError, TicketKeys};

use crate::failure::library;
use crate::ffi;

/// Keys, each made over for one scope.
pub(crate) struct Keys {
    keys: Arc<TicketKeys>,
    scope: [u8; 32],
}

/// By which key a ticket was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// The one that makes tickets.
    ByCurrent,
    /// One before it: the client gets a new ticket.
    ByOld,
}

impl Keys {
    /// The one that makes tickets.
    pub(crate) fn current(&self) -> TicketKey {
        self.keys.all()[0].for_context(&self.scope)
    }

    /// The one of this name.
    pub(crate) fn find(&self, name: &[u8]) -> Option<(TicketKey, Opened)> {
        let all = self.keys.all();
        let mut scoped = all.iter().map(|key| key.for_context(&self.scope)).enumerate();
        let (at, key) = scoped.find(|(_, key)| key.name == name)?;
        Some((key, if at == 0 { Opened::ByCurrent } else { Opened::ByOld }))
    }
}

/// Lets a context issue tickets with these keys, or none.
pub(crate) fn issue(
    context: &mut SslContextBuilder,
    keys: Option<&Arc<TicketKeys>>,
    scope: [u8; 32],
) -> Result<(), ConfigError> {
    match keys {
        Some(keys) => ffi::tickets::install(context, Keys { keys: keys.clone(), scope }).map_err(library),
        None => {
            context.set_options(SslOptions::NO_TICKET);
            context.set_num_tickets(0).map_err(library)
        }
    }
}
