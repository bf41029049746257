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
//! | [`h1`] | HTTP/1.0 and HTTP/1.1, both roles |
#![forbid(unsafe_code)]

pub mod fields;
pub mod framing;
pub mod h1;
pub mod head;
pub mod hop;
mod host;
pub mod limits;
pub mod rules;
mod syntax;
pub mod target;
pub mod transfer;

pub use fields::Fields;
pub use head::{RequestHead, ResponseHead};
pub use limits::Limits;
pub use target::Target;
pub use transfer::{Last, Part, Reason, Sink, Source, StreamError};
