//! Sockets: byte streams, addresses, options, and listeners.
//!
//! | module | what it is |
//! |---|---|
//! | [`Stream`] | a byte stream: TCP, Unix, or anything else that reads and writes |
//! | [`Address`] | where to connect to: an address, a path, or a name to be resolved |
//! | [`ConnInfo`] | who is at the other end of an accepted connection |
//! | [`SocketOptions`] | what is set on TCP sockets |
//! | [`listen`] | from a description of a listener to accepted streams |

mod address;
pub(crate) mod descriptors;
mod info;
pub mod listen;
mod options;
#[cfg(target_os = "linux")]
pub(crate) mod pipe;
pub(crate) mod relief;
mod stream;
pub(crate) mod sys;

pub use address::{Address, AddressError};
pub use info::{ConnInfo, Negotiated, Transport};
pub use listen::{Bound, ListenConfig, tcp, unix};
pub use options::{Family, KeepAlive, Nodelay, SocketOptions};
pub(crate) use stream::{Arrived, Ending};
pub use stream::{AtRest, Io, Probe, Stream};
