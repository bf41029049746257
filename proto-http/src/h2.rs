//! HTTP/2 (RFC 9113): the streams of the [`h2`](https://docs.rs/h2) crate behind [`Source`](crate::Source) and [`Sink`](crate::Sink).
//!
//! **What it is.** Conversions of heads in the four directions, checked by the same rules as those of HTTP/1, and one stream as an exchange, for
//! either end.
//!
//! **What it is not.** It reads no socket: who drives the connection is `simplon-core`.

mod client;
mod failure;
mod request_in;
mod request_out;
mod response_in;
mod response_out;
mod server;
mod trailers;
mod unread;

pub use client::{ClientStream, Refusal};
pub use request_in::{MOST_CRUMBS, request_head};
pub use request_out::Scheme;
pub use response_out::response;
pub use server::ServerStream;
pub use unread::Unread;
