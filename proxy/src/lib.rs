//! The exchange: filters, routing, retries, errors, observation
#![forbid(unsafe_code)]
