//! What is allowed, or nearly, too often: what an endpoint must survive by ending it.
//!
//! Each [`Flood`] runs over a connection of its own for so long, or for so many frames, and says what the other end did about it. What it
//! should do is for the test to say; that a connection [`End::Survived`] is right where the endpoint's own cost is bounded.
//!
//! ```no_run
//! # async fn run() -> Result<(), simplon_testkit::h2::Miss> {
//! use simplon_testkit::h2::flood::{Effort, End, Flood};
//! use simplon_testkit::h2::{Code, Peer};
//!
//! let io = tokio::net::TcpStream::connect("127.0.0.1:8080").await.unwrap();
//! let flooded = Flood::RapidReset.run(&mut Peer::client(io), Effort::default()).await?;
//! assert_eq!(flooded.end, End::GoAway(Code::ENHANCE_YOUR_CALM), "{flooded:?}");
//! # Ok(())
//! # }
//! ```
//!
//! Source:  RFC 9113 §10.5; CVE-2019-9511 to 9518, CVE-2023-44487, CVE-2024-27316 and its kin, CVE-2025-8671.

mod drive;
mod stall;
mod wave;

use std::fmt;
use std::time::Duration;

use super::code::Code;
use super::peer::{Miss, Peer, Role};

/// What is sent too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flood {
    /// Requests that are cancelled at once.
    RapidReset,
    /// Requests with an offence that makes the server cancel them.
    MadeYouReset(Offence),
    /// One field block that never ends, a small field in each CONTINUATION.
    Continuation,
    /// The same without any octet of the block.
    EmptyContinuation,
    /// Field blocks that name a large remembered field again and again.
    HpackBomb,
    /// Requests with thousands of empty cookies.
    CookieCrumbs,
    /// PING.
    Ping,
    /// Answers to PING that nobody sent.
    Pong,
    /// SETTINGS, of which each changes something.
    Settings,
    /// PRIORITY of ever other streams.
    Priority,
    /// PRIORITY_UPDATE of ever other streams.
    PriorityUpdate,
    /// DATA without content.
    EmptyData,
    /// DATA of one octet.
    TinyData,
    /// DATA of one octet in much padding.
    Padding,
    /// WINDOW_UPDATE of one octet.
    WindowUpdate,
    /// Frames of an unknown type.
    Unknown,
    /// Informational responses, to a client.
    Interim,
    /// RST_STREAM of the same stream, to a client.
    Reset,
    /// GOAWAY that leaves a stream running, to a client.
    GoAway,
    /// PUSH_PROMISE, to a client that takes none.
    Push,
    /// Responses that are asked for and never given a window.
    Stall,
    /// The same, with one octet of window for one of them in turn, so often.
    Drip(Duration),
    /// A field block that goes on by one octet, so often.
    SlowFields(Duration),
}

/// How a request makes the server cancel it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offence {
    /// WINDOW_UPDATE of 0.
    ZeroWindowUpdate,
    /// WINDOW_UPDATE that takes the window above its maximum.
    WindowOverflow,
    /// DATA after the end of the stream.
    DataAfterEnd,
    /// HEADERS after the end of the stream.
    HeadersAfterEnd,
    /// PRIORITY of another length than 5.
    PriorityLength,
    /// A head that is malformed.
    Malformed,
    /// More content than Content-Length says.
    ContentLength,
}

/// How long a flood lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// So long, by the runtime's clock or that of the wall, whichever is there first. Default: five seconds.
    pub duration: Duration,
    /// So many frames, and not many more. Default: 100 000.
    pub frames: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { duration: Duration::from_secs(5), frames: 100_000 }
    }
}

impl Effort {
    /// So many frames, however long they take.
    #[must_use]
    pub fn frames(frames: u64) -> Self {
        Self { duration: Duration::from_secs(3600), frames }
    }

    /// So long, however many frames that is.
    #[must_use]
    pub fn lasting(duration: Duration) -> Self {
        Self { duration, frames: u64::MAX }
    }
}

/// How a flood ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The other end still answers PING; if it cannot be asked within a field block, it keeps the connection.
    Survived,
    /// The other end is there and does not answer any more.
    Silent,
    /// The other end ended the connection, and said why.
    GoAway(Code),
    /// The other end ended the connection without a word.
    Closed,
}

/// What came of a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flooded {
    /// How it ended.
    pub end: End,
    /// The frames that were sent until the end was heard, or the effort was made.
    pub frames: u64,
    /// Their octets.
    pub octets: u64,
    /// The octets that came back.
    pub heard: u64,
    /// The streams that the other end reset.
    pub resets: u64,
    /// How long it took, by the clock of the wall.
    pub took: Duration,
}

impl Flood {
    /// All floods that a client can send, with a pause of a second where they are slow.
    pub const BY_CLIENTS: &'static [Self] = &[
        Self::RapidReset,
        Self::MadeYouReset(Offence::ZeroWindowUpdate),
        Self::MadeYouReset(Offence::WindowOverflow),
        Self::MadeYouReset(Offence::DataAfterEnd),
        Self::MadeYouReset(Offence::HeadersAfterEnd),
        Self::MadeYouReset(Offence::PriorityLength),
        Self::MadeYouReset(Offence::Malformed),
        Self::MadeYouReset(Offence::ContentLength),
        Self::Continuation,
        Self::EmptyContinuation,
        Self::HpackBomb,
        Self::CookieCrumbs,
        Self::Ping,
        Self::Pong,
        Self::Settings,
        Self::Priority,
        Self::PriorityUpdate,
        Self::EmptyData,
        Self::TinyData,
        Self::Padding,
        Self::WindowUpdate,
        Self::Unknown,
        Self::Stall,
        Self::Drip(Duration::from_secs(1)),
        Self::SlowFields(Duration::from_secs(1)),
    ];

    /// All floods that a server can send, with a pause of a second where they are slow.
    pub const BY_SERVERS: &'static [Self] = &[
        Self::Continuation,
        Self::EmptyContinuation,
        Self::Ping,
        Self::Pong,
        Self::Settings,
        Self::Priority,
        Self::EmptyData,
        Self::TinyData,
        Self::Padding,
        Self::WindowUpdate,
        Self::Unknown,
        Self::Interim,
        Self::Reset,
        Self::GoAway,
        Self::Push,
        Self::SlowFields(Duration::from_secs(1)),
    ];

    /// Starts the connection and floods it.
    ///
    /// The other end is a server or a client as [`conformance`](super::conformance) describes it.
    ///
    /// # Errors
    /// The connection did not start, or the flood is not one for the role of the peer.
    pub async fn run(self, peer: &mut Peer, effort: Effort) -> Result<Flooded, Miss> {
        let flood = [Self::BY_CLIENTS, Self::BY_SERVERS][usize::from(peer.role() == Role::Server)];
        let is_known = flood.iter().any(|known| std::mem::discriminant(known) == std::mem::discriminant(&self));
        match self {
            _ if !is_known => Err(peer.missed("a flood for this role", self.to_string())),
            Self::Stall => stall::windows(peer, effort, None).await,
            Self::Drip(pause) => stall::windows(peer, effort, Some(pause)).await,
            Self::SlowFields(pause) => stall::fields(peer, effort, pause).await,
            _ => drive::run(self, peer, effort).await,
        }
    }
}

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
