//! Where a connection stands, and how it ends.

use tokio::time::Instant;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The two took leave.
    Parted,
    /// It is of no use any more.
    Cut,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Streams are taken on.
    Open,
    /// The client was told to open no more, at that time.
    Leaving(Instant),
    /// The client was told that it is over, since then.
    Over(Instant),
}

/// Whether the connection has something new to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Unchanged,
    Told,
}
