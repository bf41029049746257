//! HTTP/1.0 and HTTP/1.1 as a pure machine: octets in, parts out; parts in, octets out. No socket, no clock, no waker.
//!
//! **What it is.** A [`Machine`] is one end of one connection. Octets that arrived go in through [`Machine::space`] and
//! [`Machine::received`], parts come out of [`Machine::next`]; parts go in through [`Machine::send`], octets come out of
//! [`Machine::transmit`] and [`Machine::transmitted`]. Both directions are independent but for what HTTP couples: the method decides how
//! long a response is, and an agreed upgrade turns both into raw octets.
//!
//! **What it is not.** It decides nothing about proxying: hop-by-hop fields are for [`crate::hop`], deadlines and sockets for its owner.
//!
//! ```
//! use simplon_proto_http::h1::{Config, Machine, Next, Server};
//! use simplon_proto_http::{Last, Part};
//!
//! let mut machine = Machine::<Server>::new(Config::default().into());
//! machine.space().extend_from_slice(b"GET /tea HTTP/1.1\r\nHost: a.example\r\n\r\n");
//! machine.received(38);
//! let Ok(Next::Part(Part::Head(head, Last::Yes))) = machine.next() else { panic!() };
//! assert_eq!(head.target.path(), b"/tea");
//! ```
//!
//! **Where to read on.** Framing is in [`crate::framing`]; every rule that a message can break in [`crate::rules`].

mod buffers;
mod chunk;
mod client;
mod config;
mod encode;
mod lines;
mod machine;
mod outbox;
mod parse;
mod read;
mod server;
mod state;
mod write;

pub use config::{Config, NextHop};
pub use machine::{Machine, Next};

use crate::head::{RequestHead, ResponseHead};

/// Takes requests and gives responses.
#[derive(Debug)]
pub enum Server {}
/// Gives requests and takes responses.
#[derive(Debug)]
pub enum Client {}

/// Which end of a connection a machine serves. Sealed.
pub trait Role:
    sealed::Sealed<In = <Self as Role>::Inbound, Out = <Self as Role>::Outbound>
    + std::fmt::Debug
    + Send
    + Sync
    + Unpin
    + 'static
{
    /// The head we read.
    type Inbound: std::fmt::Debug + Send;
    /// The head we write.
    type Outbound: std::fmt::Debug + Send;
}

impl Role for Server {
    type Inbound = RequestHead;
    type Outbound = ResponseHead;
}

impl Role for Client {
    type Inbound = ResponseHead;
    type Outbound = RequestHead;
}

mod sealed {
    use super::state::State;
    use crate::transfer::{Last, Misuse, StreamError};

    /// What differs between the two ends.
    #[expect(unnameable_types, reason = "sealed: nobody outside is to name it")]
    pub trait Sealed {
        /// The head we read.
        type In;
        /// The head we write.
        type Out;
        /// Whether this is the server.
        const IS_SERVER: bool;

        /// Reads the next head, or nothing if it is not complete.
        #[expect(private_interfaces, reason = "sealed: nobody outside can name or call it")]
        fn read_head(state: &mut State) -> Result<Option<(Self::In, Last)>, StreamError>;

        /// Encodes a head.
        #[expect(private_interfaces, reason = "sealed: nobody outside can name or call it")]
        fn write_head(state: &mut State, head: &Self::Out, last: Last) -> Result<(), Misuse>;
    }
}

#[cfg(test)]
mod tests;
