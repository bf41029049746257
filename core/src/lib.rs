//! Errors, sockets, listeners, connectors, runtimes and the server
#![forbid(unsafe_code)]
