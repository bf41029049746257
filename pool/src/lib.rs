//! Connections at rest, keyed by everything that makes them interchangeable
#![forbid(unsafe_code)]
