//! HTTP on sockets: the machines of `simplon-proto-http` joined to byte streams, without a word about proxying.
//!
//! | module | what it is |
//! |---|---|
//! | [`Exchange`] | one request with its response, seen from the side that answers |
//! | [`Upstream`] | one request with its response, seen from the side that asks |
//! | [`Origins`] | where upstream exchanges come from: an open connection that has room, the pool, else a new connection |
//! | [`Bypass`] | content from the origin's socket to the client's without passing through the process |
//! | [`InProcess`] | the connector to what this program serves itself |
//! | [`Http`] | the service that turns accepted streams into exchanges and gives each to a [`Serve`] |
//! | [`Timeouts`] | every wait of a downstream connection, bounded |
//! | `Http2Config` | every bound of a downstream connection of HTTP/2 (feature `h2`) |
//!
//! Nothing above this module names a version of HTTP.

mod allowance;
mod bypass;
mod date;
mod exchange;
#[cfg(feature = "h2")]
mod field_blocks;
#[cfg(feature = "h2")]
mod gather;
mod in_process;
mod kept;
mod ledger;
mod leg;
mod linger;
#[cfg(feature = "h2")]
mod multiplex;
mod origin_limits;
pub(crate) mod origins;
#[cfg(feature = "h2")]
mod passes;
#[cfg(feature = "h2")]
mod preface;
mod rate;
mod service;
mod session_limits;
#[cfg(feature = "h2")]
mod sessions;
pub(crate) mod shelf;
mod slot;
mod timeouts;
mod turn;
#[cfg(feature = "h2")]
mod unread;
mod upstream;
mod uptake;
mod waits;

pub use bypass::{Bypass, BypassError, LEAST_BYPASS, Moved};
pub use exchange::{Ended, Exchange};
pub use in_process::InProcess;
#[cfg(feature = "h2")]
pub use multiplex::{ExtendedConnect, Http2Config, Http2Stats};
pub use origin_limits::OriginLimits;
pub use origins::{OriginStats, Origins, OriginsConfig};
pub use rate::Rate;
pub use service::{Http, HttpConfig, Serve};
pub use session_limits::SessionLimits;
#[cfg(feature = "h2")]
pub use sessions::SessionStats;
pub use timeouts::Timeouts;
pub use upstream::{Protocol, Upstream};
pub use waits::Waits;

/// What fuzz targets ask of parts that nobody else sees.
#[cfg(all(fuzzing, feature = "h2"))]
pub mod fuzzing {
    pub use super::multiplex::fuzzing::{OfRequests, of_requests, resets};
    pub use super::sessions::fuzzing::{OfResponses, of_responses};
}
