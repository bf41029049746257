//! HTTP/1.0 and HTTP/1.1 as a pure machine: octets in, parts out; parts in, octets out. No socket, no clock, no waker.

mod machine;

pub use machine::{Config, Machine, Next};

use crate::head::{RequestHead, ResponseHead};

/// Takes requests and gives responses.
#[derive(Debug)]
pub enum Server {}
/// Gives requests and takes responses.
#[derive(Debug)]
pub enum Client {}

/// Which end of a connection a machine serves. Sealed.
pub trait Role: sealed::Sealed + std::fmt::Debug + Send + Sync + Unpin + 'static {
    /// The head we read.
    type Inbound: std::fmt::Debug + Send;
    /// The head we write.
    type Outbound: std::fmt::Debug + Send;
}
impl Role for Server { type Inbound = RequestHead; type Outbound = ResponseHead; }
impl Role for Client { type Inbound = ResponseHead; type Outbound = RequestHead; }

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Server {}
    impl Sealed for super::Client {}
}
