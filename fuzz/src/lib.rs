//! What the fuzz targets have in common: an input taken apart, a machine read to its end, a message written and read again.
#![forbid(unsafe_code)]

mod input;
mod reader;
mod writer;

pub use input::Input;
pub use reader::{Said, Story, answer, ask, read};
pub use writer::{Message, messages, request_again, response_again};
