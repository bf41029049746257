//! What a peer's alert means (RFC 8446 §6).

use crate::error::Reason;

/// The reason for a handshake that the peer ended with this alert. Alerts about certificates speak of ours, so that they stay alerts.
#[must_use]
pub const fn reason(alert: u8) -> Reason {
    match alert {
        0 | 90 => Reason::Closed, // close_notify, user_canceled
        70 => Reason::NoSharedVersion,
        120 => Reason::NoSharedProtocol,
        other => Reason::Alert(other),
    }
}
