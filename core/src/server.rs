//! The server.

mod drain;
mod service;

pub use drain::{Drain, DrainTrigger};
pub use service::ServeConnection;
