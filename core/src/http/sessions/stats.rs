//! What is counted of shared connections.

use crate::server::Counter;

/// Shared by all connections of one source.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) connections: Counter,
    pub(super) control_floods: Counter,
    pub(super) reset_floods: Counter,
    pub(super) library_floods: Counter,
    pub(super) silent: Counter,
}

/// What was counted of upstream connections of HTTP/2. See [`super::super::Origins::http2_stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// Connections.
    pub connections: u64,
    /// Connections closed since the origin sent too many frames that carry nothing, or heads that nobody asked for.
    pub control_floods: u64,
    /// Connections closed since the origin sent too many RST_STREAM.
    pub reset_floods: u64,
    /// Connections that the `h2` crate closed with ENHANCE_YOUR_CALM: heads and CONTINUATION without end, empty DATA, small DATA that nobody
    /// has read yet, streams that it had to reset itself.
    pub library_floods: u64,
    /// Connections closed since the origin gave no sign of life.
    pub silent: u64,
}

impl Counters {
    pub(super) fn read(&self) -> SessionStats {
        // No `..` on purpose: what is counted is shown.
        let Self { connections, control_floods, reset_floods, library_floods, silent } = self;
        SessionStats {
            connections: connections.read(),
            control_floods: control_floods.read(),
            reset_floods: reset_floods.read(),
            library_floods: library_floods.read(),
            silent: silent.read(),
        }
    }
}
