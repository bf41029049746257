//! Deadlines and timers that cost nothing until they are waited on
#![forbid(unsafe_code)]
