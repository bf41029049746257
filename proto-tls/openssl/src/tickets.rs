//! Tickets, by keys of ours or none.

use std::sync::Arc;

use openssl::ssl::{SslContextBuilder, SslOptions};
use simplon_proto_tls_seam::resumption::ScopedKeys;
use simplon_proto_tls_seam::{ConfigError, TicketKeys};

use crate::failure::library;
use crate::ffi;

/// Lets a context issue tickets with these keys, or none.
pub(crate) fn issue(
    context: &mut SslContextBuilder,
    keys: Option<&Arc<TicketKeys>>,
    scope: [u8; 32],
) -> Result<(), ConfigError> {
    match keys {
        Some(keys) => {
            // Each connection that takes one up gives the next. The library's own number is two, and the second costs a twentieth of a handshake.
            context.set_num_tickets(1).map_err(library)?;
            ffi::tickets::install(context, ScopedKeys::new(keys.clone(), scope)).map_err(library)
        }
        None => {
            context.set_options(SslOptions::NO_TICKET);
            context.set_num_tickets(0).map_err(library)
        }
    }
}
