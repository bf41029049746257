//! HTTP messages and their codecs: one neutral form that belongs to no version, and HTTP/1 as a pure machine.
//!
//! **What it is.** A message is a head, then data, then trailers ([`transfer::Part`]). Each decoder normalises into that form and each
//! encoder writes from it. The h1 [`h1::Machine`] takes octets and gives parts, and takes parts and gives octets.
//!
//! **What it is not.** It opens no socket, spawns no task, reads no clock.
//!
//! | module | what happens there |
//! |---|---|
//! | [`fields`] | the ordered field list: order, repetition and spelling are kept |
//! | [`head`] | request and response heads |
//! | [`target`] | request targets in the four forms of RFC 9112 §3.2 |
//! | [`transfer`] | parts, and the two seams [`transfer::Source`] and [`transfer::Sink`] |
//! | [`framing`] | how long a body is: one pure function per role |
//! | [`hop`] | what belongs to one connection and must not cross it |
//! | [`limits`] | every bound a peer can reach |
//! | [`rules`] | the table of what an ambiguous message gets, and the named lenient switches |
//! | [`pieces`] | content that is kept, without the buffers that it was read into |
//! | [`h1`] | HTTP/1.0 and HTTP/1.1, both roles |
//! | [`websocket`] | the proof that a server speaks WebSocket |
//! | `h2` | HTTP/2 on the `h2` crate, both roles (feature `h2`) |
//! | [`priority`] | how urgent a message is to its client |
//! | `body` | sources as bodies of the `http-body` crate and back (feature `http-body`) |
//!
//! A request is read, stripped of what belonged to its hop, and written again:
//!
//! ```
//! use simplon_proto_http::h1::{Client, Machine, Next, Server};
//! use simplon_proto_http::{Part, hop};
//!
//! let mut downstream = Machine::<Server>::new(Default::default());
//! let mut upstream = Machine::<Client>::new(Default::default());
//! let arrived = b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nX-FoO: bar\r\n\r\n";
//! downstream.space().extend_from_slice(arrived);
//! downstream.received(arrived.len());
//! let Ok(Next::Part(Part::Head(mut head, last))) = downstream.next() else { panic!("not a whole head") };
//! hop::strip_request(&mut head)?;
//! upstream.send(Part::Head(head, last))?;
//!
//! let mut slices = [std::io::IoSlice::new(&[])];
//! upstream.transmit(&mut slices);
//! assert_eq!(&slices[0][..], b"GET / HTTP/1.1\r\nHost: a.example\r\nX-FoO: bar\r\n\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Where to read on.** [`h1::Machine`] for the life of a connection, [`rules::TABLE`] for what is refused.
#![forbid(unsafe_code)]

#[cfg(feature = "http-body")]
pub mod body;
pub mod connection_auth;
pub mod fields;
pub mod framing;
pub mod h1;
#[cfg(feature = "h2")]
pub mod h2;
pub mod head;
pub mod hop;
mod host;
pub mod limits;
pub mod pieces;
pub mod priority;
pub mod rules;
mod syntax;
pub mod target;
mod trailers;
pub mod transfer;
pub mod websocket;

pub use fields::Fields;
pub use head::{RequestHead, ResponseHead};
pub use limits::Limits;
pub use target::Target;
pub use transfer::{Last, Part, Reason, Sink, Source, StreamError};
