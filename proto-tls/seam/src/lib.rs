//! The seam of TLS: what every backend is asked, and what it answers.
//!
//! **What it is.** Values that describe an end of TLS ([`ServerConfig`], [`ClientConfig`]), traits that a library fulfils ([`Accept`],
//! [`Connect`], [`Session`]), and all that does not need a library: the ClientHello ([`hello`]), identities and their choice by name
//! ([`site`]), files that are read again ([`watch`]), ticket keys, facts, errors.
//!
//! **What it is not.** No TLS library is in it; each backend is a crate of its own.
//!
//! **How a handshake goes.** [`Terminator`] reads the ClientHello by itself, so that every backend sees and suspends at the same place: hooks look at
//! it, the [`Sites`] choose, and only then the library gets the octets again, with all it needs to go on without asking.
//!
//! | module | what is there |
//! |---|---|
//! | [`hello`] | the ClientHello: read from records cut anywhere, parsed, kept raw |
//! | [`identity`] | a certificate chain with its key and staple |
//! | [`site`] | which identity answers to which name |
//! | [`watch`] | files read again when they change, the last good one kept |
//! | [`server`] | an end that accepts |
//! | [`trust`] | whom a peer's certificate has to come from |
//! | [`revocation`] | revocation lists, judged the same way for every backend |
//! | [`path`] | which certificates of a peer lead to a trusted one |
//! | [`client`] | an end that connects |
//! | [`tickets`] | keys of session tickets, rotated and shared |
//! | [`certificate`] | what a peer's certificate says |
//! | [`facts`] | what was agreed upon |
//! | [`capability`] | what a backend can do |
//! | [`alpn`], [`alert`], [`resumption`], [`wire`] | what backends on libraries of C have in common |
//! | [`error`] | why a configuration or a handshake failed |
#![forbid(unsafe_code)]

pub mod alert;
pub mod alpn;
pub mod capability;
pub mod certificate;
pub mod client;
pub mod error;
pub mod facts;
pub mod hello;
pub mod identity;
pub mod path;
pub mod resumption;
pub mod revocation;
pub mod server;
pub mod session;
pub mod site;
pub mod tickets;
pub mod trust;
pub mod watch;
pub mod wire;

pub use capability::{Capabilities, Capability};
pub use certificate::Certificate;
pub use client::{ClientConfig, Roots, ServerName, Verify, Whom};
pub use error::{ConfigError, Error, Reason};
pub use facts::{Facts, Version};
pub use hello::{ClientHello, Rewound};
pub use identity::Identity;
pub use server::{ClientAuth, ServerConfig, Terminator, Trust};
pub use session::{Accept, Backend, BoxFuture, Connect, Ending, Session, Transport};
pub use site::{Chosen, Site, Sites};
pub use tickets::TicketKeys;
