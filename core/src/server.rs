//! The server.

mod drain;
mod service;
mod slots;

pub use drain::{Drain, DrainTrigger};
pub use service::ServeConnection;
