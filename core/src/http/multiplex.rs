//! A connection of HTTP/2: one task drives it, and each of its streams is an exchange in a task of its own.
//!
//! **What it is.** The `h2` crate speaks; what is here decides how long and how much: who may open streams, when the connection is told to go,
//! when it is closed without a word. Every bound is in [`Http2Config`], and what they caught is in [`Http2Stats`].
//!
//! **What it is not.** It does not know what a request is: [`super::Exchange`] does.
//!
//! ```text
//!   socket ── watch (frames counted, stalls seen) ── h2 ── driver ──┬── stream task: worker, exchange
//!                                                                   ├── stream task …
//!                                                                   └── …
//! ```
//!
//! | when | then |
//! |---|---|
//! | the server drains, the connection is too old or carried its last exchange | GOAWAY in two steps (RFC 9113 §6.8); what came until the second is served |
//! | no streams for [`super::Timeouts::keep_alive`] | the same |
//! | heads that take more memory than they may together | the stream is refused |
//! | a flood, or too many malformed requests | GOAWAY with ENHANCE_YOUR_CALM, and the end |
//! | no sign of life, a socket that takes nothing, a head that takes too long | the end |

mod budget;
mod config;
mod deliveries;
mod driver;
mod frames;
#[cfg(fuzzing)]
pub(super) mod fuzzing;
mod heads;
mod life;
mod stats;
mod watch;
mod window;

pub(super) use budget::Budget;
pub use config::{ExtendedConnect, Http2Config};
pub(super) use deliveries::Deliveries;
pub(super) use frames::{Frames, Seen, is_misshapen};
pub(super) use heads::{HeadOctets, Heads};
pub(super) use stats::Counters;
pub use stats::Http2Stats;

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::server::Builder;
use http::Extensions;
use simplon_proto_http::Limits;
use simplon_timeout::timeout;

use super::exchange::Shared;
use super::field_blocks::BadFields;
use super::service::{HttpConfig, Serve};
use crate::net::{ConnInfo, Stream};
use crate::server::Drain;
use driver::Driver;
use watch::Watched;
pub(super) use watch::Wire;

/// What a field takes in a list beside its name and value (RFC 9113 §10.5.1).
const AROUND_FIELD: usize = 32;

/// What a connection is served with.
pub(super) struct Service<'a, S> {
    pub(super) app: &'a Arc<S>,
    pub(super) config: &'a HttpConfig,
    pub(super) http2: &'a Arc<Http2Config>,
    pub(super) counters: &'a Arc<Counters>,
}

/// Serves one connection until it is over, after octets that were read of it already.
pub(super) async fn serve<S: Serve>(
    service: Service<'_, S>,
    stream: Stream,
    before: Bytes,
    info: Arc<ConnInfo>,
    drain: Drain,
) {
    let Service { app, config, http2, counters } = service;
    counters.connections.add();
    let bad_fields = Arc::new(BadFields::default());
    let wire = Arc::new(Wire::new(stream, http2, &config.timeouts, Arc::clone(&bad_fields)));
    let watched = Watched::new(before, Arc::clone(&wire));
    let handshake = builder(http2, &config.protocol.limits).handshake(watched);
    let Ok(Ok(connection)) = timeout(config.timeouts.first_octet, handshake).await else { return };
    let shared = Shared {
        info,
        timeouts: Arc::clone(&config.timeouts),
        bad_fields,
        state: Mutex::new(Extensions::new()),
        wire: Arc::clone(&wire),
        deliveries: Deliveries::default(),
        open: AtomicU32::new(0),
        heads: Heads::new(http2.head_budget_octets),
    };
    Driver::new(connection, wire, Arc::clone(app), config, http2, counters, Arc::new(shared), drain).run().await;
}

fn builder(config: &Http2Config, limits: &Limits) -> Builder {
    // A little more than the limit on heads: what is a little too large is still answered and recorded.
    let list = limits.head_octets.saturating_add(limits.head_fields.saturating_mul(AROUND_FIELD));
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(config.concurrent_streams)
        .initial_window_size(config.stream_window_octets)
        .initial_connection_window_size(config.connection_window_octets)
        .max_send_buffer_size(config.send_buffer_octets)
        .max_frame_size(config.frame_octets)
        .header_table_size(config.header_table_octets)
        .max_header_list_size(u32::try_from(list).unwrap_or(u32::MAX))
        .max_local_error_reset_streams(Some(config.local_resets))
        .max_pending_accept_reset_streams(config.pending_resets)
        .max_concurrent_reset_streams(config.remembered_resets);
    if let Some(octets) = config.small_data_octets {
        builder.data_frame_budget(octets);
    }
    if config.extended_connect == ExtendedConnect::Offered {
        builder.enable_connect_protocol();
    }
    builder
}

#[cfg(test)]
mod tests;
