//! What the fuzz targets have in common: an input taken apart, a machine read to its end, a message written and read again, frames of HTTP/2.
#![forbid(unsafe_code)]

pub mod frames;
mod input;
mod reader;
mod writer;

pub use input::Input;
pub use reader::{Said, Story, answer, ask, read};
pub use writer::{
    Message, messages, request_again, response_again, same_request, same_response, write_request, write_response,
};
