//! What a response may be: RFC 9113 §8.1, §8.2, §8.3.2.

use crate::h2::conformance::case::{Case, must, should};
use crate::h2::conformance::probe::Ended;
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;
use crate::h2::peer::Peer;

pub(super) const CASES: &[Case] = &[
    must!("9113 §8.1", "a response with content and trailers is taken", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        peer.send(Frame::data(stream, "content")).await;
        peer.send(Frame::headers(stream, Block::new().field("x-sum", "1")).end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §8.1", "informational responses come before the final one", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, Block::response("100"))).await;
        peer.send(Frame::headers(stream, Block::response("103").field("link", "</x>"))).await;
        peer.send(Frame::headers(stream, block).end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §8.1", "an informational response that ends the stream is malformed", |peer| {
        peer.refuse(Block::response("103")).await
    }),
    must!("9113 §8.1", "DATA before the head is malformed", |peer| {
        peer.start().await?;
        let (stream, _) = peer.message().await?;
        peer.send(Frame::data(stream, "x").end_stream()).await;
        peer.malformed(stream).await
    }),
    must!("9113 §8.1", "DATA after an informational response alone is malformed", |peer| {
        peer.start().await?;
        let (stream, _) = peer.message().await?;
        peer.send(Frame::headers(stream, Block::response("103"))).await;
        peer.send(Frame::data(stream, "x").end_stream()).await;
        peer.malformed(stream).await
    }),
    must!("9113 §8.1", "trailers that do not end the stream are malformed", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        peer.send(Frame::headers(stream, Block::new().field("x-sum", "1"))).await;
        peer.malformed(stream).await
    }),
    must!("9113 §8.1", "an informational response after the final one is malformed", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        peer.send(Frame::headers(stream, Block::response("103"))).await;
        peer.malformed(stream).await
    }),
    must!("9113 §8.1", "a pseudo-header field in trailers is malformed", |peer| {
        trailers(peer, Block::response("200")).await
    }),
    must!("9113 §8.2.1", "an uppercase name in trailers is malformed", |peer| {
        trailers(peer, Block::new().field("X-Sum", "1")).await
    }),
    must!("9113 §8.2.2", "a connection-specific field in trailers is malformed", |peer| {
        trailers(peer, Block::new().field("connection", "close")).await
    }),
    must!("9113 §8.1.1", "less content than Content-Length is malformed", |peer| content(peer, "10", "short").await),
    must!("9113 §8.1.1", "more content than Content-Length is malformed", |peer| content(peer, "3", "too long").await),
    must!("9113 §8.1.1", "no content though Content-Length says some is malformed", |peer| {
        peer.refuse(ok().field("content-length", "10")).await
    }),
    must!("9110 §8.6", "two values of Content-Length that differ are malformed", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        let block = block.field("content-length", "7").field("content-length", "8");
        peer.send_all([Frame::headers(stream, block), Frame::data(stream, "content").end_stream()]).await;
        peer.malformed(stream).await
    }),
    must!("9113 §8.2.1", "an uppercase name is malformed", |peer| peer.refuse(ok().field("X-Upper", "x")).await),
    must!("9113 §8.2.1", "a blank in a name is malformed", |peer| peer.refuse(ok().field("x a", "x")).await),
    must!("9113 §8.2.1", "a colon within a name is malformed", |peer| peer.refuse(ok().field("x:a", "x")).await),
    must!("9113 §8.2.1", "an octet above 127 in a name is malformed", |peer| peer
        .refuse(ok().field(b"x\xffa", "x"))
        .await),
    must!("9113 §8.2.1", "NUL in a value is malformed", |peer| peer.refuse(ok().field("x-a", "a\0b")).await),
    must!("9113 §8.2.1", "LF in a value is malformed", |peer| peer.refuse(ok().field("x-a", "a\nb: c")).await),
    must!("9113 §8.2.1", "CR in a value is malformed", |peer| peer.refuse(ok().field("x-a", "a\rb")).await),
    must!("9113 §8.2.1", "a blank before a value is malformed", |peer| peer.refuse(ok().field("x-a", " a")).await),
    must!("9113 §8.2.1", "a tab after a value is malformed", |peer| peer.refuse(ok().field("x-a", "a\t")).await),
    must!("9113 §8.2.2", "Connection is malformed", |peer| peer.refuse(ok().field("connection", "close")).await),
    must!("9113 §8.2.2", "Keep-Alive is malformed", |peer| peer.refuse(ok().field("keep-alive", "timeout=5")).await),
    must!("9113 §8.2.2", "Proxy-Connection is malformed", |peer| {
        peer.refuse(ok().field("proxy-connection", "close")).await
    }),
    must!("9113 §8.2.2", "Transfer-Encoding is malformed", |peer| {
        peer.refuse(ok().field("transfer-encoding", "chunked")).await
    }),
    must!("9113 §8.2.2", "Upgrade is malformed", |peer| peer.refuse(ok().field("upgrade", "h2c")).await),
    must!("9113 §8.3", "an unknown pseudo-header field is malformed", |peer| peer
        .refuse(ok().field(":unknown", "x"))
        .await),
    must!("9113 §8.3", "a pseudo-header field of requests is malformed", |peer| peer
        .refuse(ok().field(":path", "/"))
        .await),
    must!("9113 §8.3", "a pseudo-header field after another field is malformed", |peer| {
        peer.refuse(Block::new().field("x-a", "x").field(":status", "200")).await
    }),
    must!("9113 §8.3.2", "no :status is malformed", |peer| peer.refuse(Block::new().field("x-a", "x")).await),
    must!("9113 §8.3.2", "an empty field section is malformed", |peer| peer.refuse(Block::new()).await),
    must!("9113 §8.3", ":status twice is malformed", |peer| peer.refuse(ok().field(":status", "200")).await),
    must!("9113 §8.3.2", "a :status that is no number is malformed", |peer| peer.refuse(Block::response("abc")).await),
    must!("9113 §8.3.2", "a :status of two digits is malformed", |peer| peer.refuse(Block::response("20")).await),
    should!("9113 §8.6", "101 is malformed", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send_all([Frame::headers(stream, Block::response("101")), Frame::headers(stream, block).end_stream()])
            .await;
        peer.malformed(stream).await
    }),
];

fn ok() -> Block {
    Block::response("200")
}

/// A response with these trailers is malformed.
async fn trailers(peer: &mut Peer, block: Block) -> Ended {
    peer.start().await?;
    let stream = peer.open().await?;
    peer.send(Frame::headers(stream, block).end_stream()).await;
    peer.malformed(stream).await
}

/// A response that says that its content is so long, and has this, is malformed.
async fn content(peer: &mut Peer, length: &str, content: &str) -> Ended {
    peer.start().await?;
    let (stream, block) = peer.message().await?;
    peer.send(Frame::headers(stream, block.field("content-length", length))).await;
    peer.send(Frame::data(stream, content).end_stream()).await;
    peer.malformed(stream).await
}
