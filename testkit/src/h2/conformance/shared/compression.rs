//! Field compression: RFC 7541, by way of RFC 9113 §4.3.

use crate::h2::code::{Code, Setting};
use crate::h2::conformance::case::{Case, Stop, must};
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;

pub(super) const CASES: &[Case] = &[
    must!("7541 §6.1", "index 0 is a decoding error", |peer| peer.confuse(Block::new().indexed(0)).await),
    must!("7541 §2.3.3", "an index beyond both tables is a decoding error", |peer| {
        peer.confuse(Block::new().indexed(62)).await
    }),
    must!("7541 §2.3.3", "a name at an index beyond both tables is a decoding error", |peer| {
        peer.confuse(Block::new().named(200, "x")).await
    }),
    must!("7541 §4.2", "a size update after a field is a decoding error", |peer| {
        peer.confuse(Block::new().table_size(0)).await
    }),
    must!("7541 §6.3", "a size update above the limit is a decoding error", |peer| {
        peer.start().await?;
        let limit = peer.theirs(Setting::HEADER_TABLE_SIZE).unwrap_or(4096);
        let (stream, block) = peer.message().await?;
        let block = Block::new().table_size(u64::from(limit) + 1).octets(block);
        peer.send(Frame::headers(stream, block).end_stream()).await;
        peer.connection_error(&[Code::COMPRESSION_ERROR]).await
    }),
    must!("7541 §5.1", "an integer that is too large is a decoding error", |peer| {
        peer.confuse(Block::new().octets([0xff; 11]).octets([0x7f])).await
    }),
    must!("7541 §5.1", "an integer that does not end is a decoding error", |peer| {
        peer.confuse(Block::new().octets([0xff, 0x80])).await
    }),
    must!("7541 §5.1", "an integer of too many octets is a decoding error", |peer| {
        peer.confuse(Block::new().octets([0xff]).octets([0x80; 64]).octets([0x00])).await
    }),
    must!("7541 §5.2", "a string that is longer than its block is a decoding error", |peer| {
        peer.confuse(Block::new().octets([0x00]).string("x-a").octets([0x7e, b'x'])).await
    }),
    must!("7541 §6.2", "a literal without a value is a decoding error", |peer| {
        peer.confuse(Block::new().octets([0x00]).string("x-a")).await
    }),
    must!("7541 §5.2", "the end-of-string symbol within a string is a decoding error", |peer| {
        peer.confuse(Block::new().octets([0x00]).string("x-a").coded([0x1f, 0xff, 0xff, 0xff, 0xff])).await
    }),
    must!("7541 §5.2", "padding of more than seven bits is a decoding error", |peer| {
        peer.confuse(Block::new().octets([0x00]).string("x-a").coded([0x1f, 0xff])).await
    }),
    must!("7541 §5.2", "padding that is not of ones is a decoding error", |peer| {
        peer.confuse(Block::new().octets([0x00]).string("x-a").coded([0x18])).await
    }),
    must!("7541 §5.2", "strings in Huffman code are taken", |peer| {
        peer.understand(|block| block.huffman("x-long", "the quick brown fox <>{}|~")).await
    }),
    must!("7541 §6.2", "all kinds of literals are taken", |peer| {
        peer.understand(|block| {
            block.remembered("x-a", "1").secret("x-b", "2").named(62, "3").indexed(62).named(32, "a=b").field("x-c", "")
        })
        .await
    }),
    must!("7541 §4.2", "size updates at the beginning of a block are taken", |peer| {
        peer.understand(|block| Block::new().table_size(0).table_size(100).octets(block)).await
    }),
    must!("7541 §4.4", "an entry that does not fit empties the table and is no error", |peer| {
        peer.understand(|block| {
            Block::new().table_size(64).octets(block).remembered("x-a", "1").remembered("x-b", "2".repeat(100))
        })
        .await
    }),
    must!("7541 §4.4", "entries that were evicted are gone", |peer| {
        peer.start().await?;
        peer.needs_table()?;
        let (stream, block) = peer.message().await?;
        let block = Block::new().table_size(40).octets(block);
        let block = block.remembered("x-a", "1").indexed(62).remembered("x-b", "2").indexed(62).indexed(63);
        peer.send(Frame::headers(stream, block).end_stream()).await;
        peer.connection_error(&[Code::COMPRESSION_ERROR]).await
    }),
    must!("9113 §4.3.1", "a field block that does not confirm a smaller table is a decoding error", |peer| {
        peer.habits.confirms_table = false;
        peer.start().await?;
        if peer.theirs(Setting::HEADER_TABLE_SIZE) >= Some(4096) {
            return Err(Stop::Skipped("the table is not smaller than it is at first"));
        }
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block).end_stream()).await;
        peer.connection_error(&[Code::COMPRESSION_ERROR]).await
    }),
    must!("7541 §2.3.2", "what was remembered holds for the next field block", |peer| {
        peer.start().await?;
        peer.needs_table()?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block.remembered("x-a", "1")).end_stream()).await;
        peer.served(stream).await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block.indexed(62)).end_stream()).await;
        peer.served(stream).await
    }),
];
