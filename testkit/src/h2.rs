//! A peer that speaks raw HTTP/2 frames, the suite that holds a server or a client to RFC 9113, and the floods it has to survive.
//!
//! **What it is.** [`Peer`] is one end of a connection over any byte stream, in either role. It says every frame it is told to, also what is
//! wrong: a bad preface, frames on wrong streams and of wrong sizes, header blocks cut anywhere, HPACK made by hand ([`hpack::Block`]). What
//! it hears it checks to the letter, and every expectation has a bound on time and a transcript for when it is not met. [`conformance`] is a
//! table of cases made of it; [`flood`] sends what is allowed, too often.
//!
//! **What it is not.** It is no client and no server: it does nothing by itself except what [`Habits`] say, and has no opinion on messages.
//!
//! ```
//! use simplon_testkit::h2::{Code, Frame, Miss, Peer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Miss> {
//! # let (near, far) = tokio::io::duplex(4096);
//! # tokio::spawn(async move {
//! #     let mut server = Peer::server(far);
//! #     server.start().await?;
//! #     server.send(Frame::go_away(0, Code::PROTOCOL_ERROR)).await;
//! #     server.expect_preface().await
//! # });
//! let mut peer = Peer::client(near);
//! peer.start().await?;
//! peer.send(Frame::data(0, "on no stream")).await;
//! peer.expect_goaway(Code::PROTOCOL_ERROR).await?;
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`frame`] | one frame: made, bent, encoded, and read strictly |
//! | [`code`] | error codes and settings by name |
//! | [`hpack`] | field blocks made by hand, and a decoder that forgives nothing |
//! | [`peer`] | one end of a connection |
//! | [`conformance`] | what RFC 9113 demands of servers and of clients, case by case |
//! | [`flood`] | what is allowed, too often |

pub mod code;
pub mod conformance;
pub mod flood;
pub mod frame;
pub mod hpack;
pub mod peer;

pub use code::{Code, Setting};
pub use frame::{Frame, Kind, Payload};
pub use hpack::Block;
pub use peer::{Answer, Asked, Event, Habits, Miss, Peer, Role, Transport};
