//! Field blocks made by hand, and a decoder that forgives nothing.
//!
//! Source:  RFC 7541.

mod block;
mod decoder;
mod huffman;
mod table;

pub use block::Block;
pub use decoder::{Decoder, Field};
pub use huffman::{decode as decode_huffman, encode as encode_huffman};

#[cfg(test)]
mod tests;
