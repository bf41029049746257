//! Scripted peers, in-memory connections, virtual time, the protocol pair matrix
#![forbid(unsafe_code)]
