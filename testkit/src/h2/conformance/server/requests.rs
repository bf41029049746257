//! What a request may be: RFC 9113 §8.1, §8.2, §8.3.

use crate::h2::code::Code;
use crate::h2::conformance::case::{Case, must, should};
use crate::h2::conformance::probe::Ended;
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;
use crate::h2::peer::Peer;

pub(super) const CASES: &[Case] = &[
    must!("9113 §8.1", "a request with trailers is served", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, post())).await;
        peer.send(Frame::data(stream, "content")).await;
        peer.send(Frame::headers(stream, Block::new().field("x-sum", "1")).end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §8.1", "trailers may follow the head at once", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, post())).await;
        peer.send(Frame::headers(stream, Block::new().field("x-sum", "1")).end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §8.1", "trailers that do not end the stream are malformed", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, post())).await;
        peer.send(Frame::data(stream, "content")).await;
        peer.send(Frame::headers(stream, Block::new().field("x-sum", "1"))).await;
        peer.malformed(stream).await
    }),
    must!("9113 §8.1", "content after trailers is an error", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send_all([
            Frame::headers(stream, Block::request("POST", "/hold")),
            Frame::headers(stream, Block::new().field("x-sum", "1")).end_stream(),
            Frame::data(stream, "content").end_stream(),
        ])
        .await;
        peer.stream_error(stream, &[Code::STREAM_CLOSED]).await
    }),
    must!("9113 §8.1", "a pseudo-header field in trailers is malformed", |peer| {
        trailers(peer, Block::new().field(":path", "/")).await
    }),
    must!("9113 §8.2.1", "an uppercase name in trailers is malformed", |peer| {
        trailers(peer, Block::new().field("X-Sum", "1")).await
    }),
    must!("9113 §8.2.2", "a connection-specific field in trailers is malformed", |peer| {
        trailers(peer, Block::new().field("connection", "close")).await
    }),
    must!("9113 §8.1.1", "less content than Content-Length is malformed", |peer| {
        content(peer, "10", &["short"]).await
    }),
    must!("9113 §8.1.1", "more content than Content-Length is malformed", |peer| {
        content(peer, "3", &["too", "long"]).await
    }),
    must!("9113 §8.1.1", "no content though Content-Length says some is malformed", |peer| {
        peer.refuse(post().field("content-length", "10")).await
    }),
    must!("9113 §8.1.1", "content though Content-Length says none is malformed", |peer| {
        content(peer, "0", &["x"]).await
    }),
    must!("9113 §8.1.1", "less content than Content-Length before trailers is malformed", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, post().field("content-length", "10"))).await;
        peer.send(Frame::data(stream, "short")).await;
        peer.send(Frame::headers(stream, Block::new().field("x-sum", "1")).end_stream()).await;
        peer.malformed(stream).await
    }),
    must!("9110 §8.6", "two values of Content-Length that differ are malformed", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        let block = post().field("content-length", "7").field("content-length", "8");
        peer.send_all([Frame::headers(stream, block), Frame::data(stream, "content").end_stream()]).await;
        peer.malformed(stream).await
    }),
    must!("9110 §8.6", "a Content-Length that is no number is malformed", |peer| content(peer, "+7", &["content"])
        .await),
    must!("9113 §8.2.1", "an uppercase name is malformed", |peer| peer.refuse(get().field("X-Upper", "x")).await),
    must!("9113 §8.2.1", "a blank in a name is malformed", |peer| peer.refuse(get().field("x a", "x")).await),
    must!("9113 §8.2.1", "NUL in a name is malformed", |peer| peer.refuse(get().field("x\0a", "x")).await),
    must!("9113 §8.2.1", "LF in a name is malformed", |peer| peer.refuse(get().field("x\na", "x")).await),
    must!("9113 §8.2.1", "DEL in a name is malformed", |peer| peer.refuse(get().field("x\x7fa", "x")).await),
    must!("9113 §8.2.1", "an octet above 127 in a name is malformed", |peer| peer
        .refuse(get().field(b"x\xffa", "x"))
        .await),
    must!("9113 §8.2.1", "a colon within a name is malformed", |peer| peer.refuse(get().field("x:a", "x")).await),
    must!("9110 §5.1", "an empty name is malformed", |peer| peer.refuse(get().field("", "x")).await),
    must!("9113 §8.2.1", "NUL in a value is malformed", |peer| peer.refuse(get().field("x-a", "a\0b")).await),
    must!("9113 §8.2.1", "LF in a value is malformed", |peer| peer.refuse(get().field("x-a", "a\nb: c")).await),
    must!("9113 §8.2.1", "CR in a value is malformed", |peer| peer.refuse(get().field("x-a", "a\rb")).await),
    must!("9113 §8.2.1", "a blank before a value is malformed", |peer| peer.refuse(get().field("x-a", " a")).await),
    must!("9113 §8.2.1", "a tab after a value is malformed", |peer| peer.refuse(get().field("x-a", "a\t")).await),
    must!("9113 §8.2.1", "LF in :path is malformed", |peer| {
        let block =
            Block::new().field(":method", "GET").field(":scheme", "http").field(":authority", "conformance.test");
        peer.refuse(block.field(":path", "/a\nb")).await
    }),
    must!("9113 §8.2.1", "a blank in :method is malformed", |peer| peer.refuse(Block::request("GET /x", "/")).await),
    must!("9113 §8.2.2", "Connection is malformed", |peer| peer.refuse(get().field("connection", "x-a")).await),
    must!("9113 §8.2.2", "Proxy-Connection is malformed", |peer| {
        peer.refuse(get().field("proxy-connection", "keep-alive")).await
    }),
    must!("9113 §8.2.2", "Keep-Alive is malformed", |peer| peer.refuse(get().field("keep-alive", "timeout=5")).await),
    must!("9113 §8.2.2", "Transfer-Encoding is malformed", |peer| {
        peer.refuse(post().field("transfer-encoding", "chunked")).await
    }),
    must!("9113 §8.2.2", "Upgrade is malformed", |peer| peer.refuse(get().field("upgrade", "h2c")).await),
    must!("9113 §8.2.2", "TE other than trailers is malformed", |peer| peer.refuse(get().field("te", "gzip")).await),
    must!("9113 §8.2.2", "TE: trailers is served", |peer| accept(peer, get().field("te", "trailers")).await),
    must!("9113 §8.2.3", "Cookie in many fields is served", |peer| {
        accept(peer, get().field("cookie", "a=1").field("cookie", "b=2").secret("cookie", "c=3")).await
    }),
    must!("9113 §8.3", "an unknown pseudo-header field is malformed", |peer| peer
        .refuse(get().field(":unknown", "x"))
        .await),
    must!("9113 §8.3", "a pseudo-header field of responses is malformed", |peer| {
        peer.refuse(get().field(":status", "200")).await
    }),
    must!("9113 §8.3", "a pseudo-header field after another field is malformed", |peer| {
        let block = Block::new().field(":method", "GET").field(":scheme", "http").field("x-a", "x");
        peer.refuse(block.field(":path", "/").field(":authority", "conformance.test")).await
    }),
    must!("9113 §8.3", ":method twice is malformed", |peer| peer.refuse(get().field(":method", "GET")).await),
    must!("9113 §8.3", ":scheme twice is malformed", |peer| peer.refuse(get().field(":scheme", "http")).await),
    must!("9113 §8.3", ":path twice is malformed", |peer| peer.refuse(get().field(":path", "/")).await),
    must!("9113 §8.3", ":authority twice is malformed", |peer| {
        peer.refuse(get().field(":authority", "conformance.test")).await
    }),
    must!("9113 §8.3.1", "no :method is malformed", |peer| {
        peer.refuse(Block::new().field(":scheme", "http").field(":path", "/").field(":authority", "conformance.test"))
            .await
    }),
    must!("9113 §8.3.1", "no :scheme is malformed", |peer| {
        peer.refuse(Block::new().field(":method", "GET").field(":path", "/").field(":authority", "conformance.test"))
            .await
    }),
    must!("9113 §8.3.1", "no :path is malformed", |peer| {
        peer.refuse(
            Block::new().field(":method", "GET").field(":scheme", "http").field(":authority", "conformance.test"),
        )
        .await
    }),
    must!("9113 §8.3.1", "an empty :path is malformed", |peer| peer.refuse(Block::request("GET", "")).await),
    must!("9113 §8.3.1", "a :path that is not absolute is malformed", |peer| {
        peer.refuse(Block::request("GET", "relative")).await
    }),
    must!("9113 §8.3.1", "a blank in :path is malformed", |peer| peer.refuse(Block::request("GET", "/a b")).await),
    must!("9113 §8.3.1", "an empty :method is malformed", |peer| peer.refuse(Block::request("", "/")).await),
    must!("9113 §8.3.1", "a :scheme that is none is malformed", |peer| {
        let block = Block::new().field(":method", "GET").field(":scheme", "ht tp").field(":path", "/");
        peer.refuse(block.field(":authority", "conformance.test")).await
    }),
    must!("9113 §8.3.1", "an empty :scheme is malformed", |peer| {
        let block = Block::new().field(":method", "GET").field(":scheme", "").field(":path", "/");
        peer.refuse(block.field(":authority", "conformance.test")).await
    }),
    must!("9113 §8.3.1", "OPTIONS for * is answered", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, Block::request("OPTIONS", "*")).end_stream()).await;
        peer.expect_response(stream).await?;
        Ok(())
    }),
    must!("9113 §8.3.1", ":authority with userinfo is malformed", |peer| {
        let block = Block::new().field(":method", "GET").field(":scheme", "http").field(":path", "/");
        peer.refuse(block.field(":authority", "user:pass@conformance.test")).await
    }),
    must!("9113 §8.3.1", "Host in the place of :authority is served", |peer| {
        let block = Block::new().field(":method", "GET").field(":scheme", "http").field(":path", "/");
        accept(peer, block.field("host", "conformance.test")).await
    }),
    should!("9113 §8.3.1", "Host that contradicts :authority is malformed", |peer| {
        peer.refuse(get().field("host", "another.test")).await
    }),
    must!("9113 §8.1", "an answer to HEAD has no content", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, Block::request("HEAD", "/")).end_stream()).await;
        let answer = peer.expect_response(stream).await?;
        match answer.body.len() {
            0 => Ok(()),
            octets => Err(peer.missed("no content", format!("{octets} octets")).into()),
        }
    }),
    must!("9113 §8.2", "an answer has lowercase names and nothing connection-specific", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, get()).end_stream()).await;
        let answer = peer.expect_response(stream).await?;
        let forbidden = ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"];
        let is_wrong = |name: &str| name.starts_with(':') || name != name.to_lowercase() || forbidden.contains(&name);
        match answer.fields.iter().find(|(name, _)| is_wrong(name)) {
            None => Ok(()),
            Some((name, _)) => Err(peer.missed("fields of HTTP/2", name.clone()).into()),
        }
    }),
];

fn get() -> Block {
    Block::request("GET", "/")
}

fn post() -> Block {
    Block::request("POST", "/")
}

/// A request with this head and nothing else is served.
async fn accept(peer: &mut Peer, block: Block) -> Ended {
    peer.start().await?;
    let stream = peer.fresh();
    peer.send(Frame::headers(stream, block).end_stream()).await;
    peer.served(stream).await
}

/// A request with these trailers is malformed.
async fn trailers(peer: &mut Peer, block: Block) -> Ended {
    peer.start().await?;
    let stream = peer.fresh();
    peer.send(Frame::headers(stream, post())).await;
    peer.send(Frame::headers(stream, block).end_stream()).await;
    peer.malformed(stream).await
}

/// A request that says that its content is so long, and has this, is malformed.
async fn content(peer: &mut Peer, length: &str, pieces: &[&str]) -> Ended {
    peer.start().await?;
    let stream = peer.fresh();
    peer.send(Frame::headers(stream, post().field("content-length", length))).await;
    for (at, piece) in pieces.iter().enumerate() {
        let frame = Frame::data(stream, piece);
        peer.send(if at + 1 == pieces.len() { frame.end_stream() } else { frame }).await;
    }
    peer.malformed(stream).await
}
