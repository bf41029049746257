//! What RFC 9113 demands of servers and of clients, case by case.
//!
//! **What it is.** Two tables of cases, [`server_cases`] and [`client_cases`], each with a name that is a sentence, the section that demands
//! it, and a script for a raw [`Peer`]; and two functions that run them all, [`server`] and [`client`].
//!
//! **What it is not.** It does not look at TLS, at what messages mean, or at how fast anything is.
//!
//! Where the RFC leaves a choice, every choice passes: a stream error may be treated as one of the connection (§5.4.2), GOAWAY may be left
//! out before the connection is closed (§5.4.1), a malformed request may be answered with 4xx (§8.1.1).
//!
//! # What a server under test serves
//!
//! | request | answer |
//! |---|---|
//! | `GET /` | 200 with 16 to 1000 octets of content |
//! | `GET /big` | 200 with at least 100 000 octets of content |
//! | `POST /` | 200, once the content was read to its end |
//! | `OPTIONS *` | any |
//! | `CONNECT` with a protocol, if it is offered | any, without waiting for content |
//! | any to `/hold` | none, and its content is not read; the stream stays open |
//!
//! # What a client under test asks
//!
//! `POST /` with 100 octets of content, and when that has ended the next, and so on until the connection ends. The path of each further
//! request says how the one before it ended: `/ok` if its response was 200 and came whole, `/failed` otherwise. At most one is under way, and
//! none is repeated by itself.
//!
//! ```no_run
//! # async fn run() {
//! use simplon_testkit::h2::conformance;
//!
//! let report = conformance::server(async || tokio::net::TcpStream::connect("127.0.0.1:8080").await.unwrap()).await;
//! println!("{report}");
//! assert_eq!(report.failures().count(), 0);
//! # }
//! ```

mod case;
mod client;
mod library;
mod probe;
mod report;
mod server;
mod shared;

use super::peer::{Peer, Transport};

pub use case::{Case, Level, Running, Stop};
pub use library::{NOT_MET_BY_H2, SIZES_NOT_MET_BY_H2};
pub use report::{Outcome, Report, Verdict};

/// Holds a server to the RFC. `connect` gives a new connection to it for each case.
pub async fn server<T: Transport + 'static>(connect: impl AsyncFn() -> T) -> Report {
    let mut report = Report::default();
    for case in server_cases() {
        report.verdicts.push(case.run(Peer::client(connect().await)).await);
    }
    report
}

/// Holds a client to the RFC. `connect` gives the other end of a connection of a new client for each case.
pub async fn client<T: Transport + 'static>(connect: impl AsyncFn() -> T) -> Report {
    let mut report = Report::default();
    for case in client_cases() {
        report.verdicts.push(case.run(Peer::server(connect().await)).await);
    }
    report
}

/// What is demanded of a server.
#[must_use]
pub fn server_cases() -> Vec<Case> {
    [shared::CASES, server::CASES].concat().concat()
}

/// What is demanded of a client.
#[must_use]
pub fn client_cases() -> Vec<Case> {
    [shared::CASES, client::CASES].concat().concat()
}

#[cfg(test)]
pub(super) mod tests;
