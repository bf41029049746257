//! Bodies changed on their way: responses line by line as they stream, requests as a whole before they are routed.
//!
//! `cargo run --example body_rewrite`, then `curl http://127.0.0.1:PORT/` and `curl -d 'my secret is 42' http://127.0.0.1:PORT/`.

#[path = "shared/shared.rs"]
mod shared;

use bytes::{Bytes, BytesMut};
use clap::Parser;
use http::StatusCode;
use simplon::core::net::ConnInfo;
use simplon::prelude::*;

/// How much of a request is read before it is routed.
const LIMIT: usize = 64 << 10;

/// What is kept for each exchange: the part of a line that has come so far.
#[derive(Default)]
struct Line(BytesMut);

struct One(Peer);

impl Route for One {
    type Ctx = Line;

    fn begin(&self, _from: &ConnInfo) -> Line {
        Line::default()
    }

    async fn route(&self, _request: &mut Request<'_>, _cx: &mut Line) -> Result<Target> {
        Ok(Target::Forward(self.0.clone()))
    }
}

/// Masks a word in requests, and numbers nothing but whole lines of responses in upper case.
struct Rewrite;

impl Filter<Line> for Rewrite {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut Line) -> Result<Verdict> {
        match request.collect(LIMIT).await? {
            Collected::Whole(body) if body.is_empty() => {}
            Collected::Whole(body) => {
                let masked = String::from_utf8_lossy(&body).replace("secret", "******");
                request.replace(masked);
            }
            Collected::Over => return Ok(Response::new(StatusCode::PAYLOAD_TOO_LARGE).into()),
        }
        Ok(Verdict::Continue)
    }

    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut Line) -> Result<()> {
        response.rewrite();
        Ok(())
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut Line) -> Result<()> {
        let Chunk::Data(octets, last) = chunk else {
            out.push(chunk);
            return Ok(());
        };
        cx.0.extend_from_slice(&octets);
        let whole = match last {
            Last::Yes => cx.0.len(),
            Last::No => cx.0.iter().rposition(|&octet| octet == b'\n').map_or(0, |end| end + 1),
        };
        let lines: Bytes = cx.0.split_to(whole).to_ascii_uppercase().into();
        out.push(Chunk::Data(lines, last));
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), shared::Failure> {
    let args = shared::Args::parse();
    let origin = match args.upstream {
        Some(origin) => origin,
        None => shared::origin(Echo).await?.into(),
    };
    shared::serve(&args.listen, App::new(One(Peer::new(origin))).filter(Rewrite)).await
}

/// Answers with what it was sent.
struct Echo;

impl Route for Echo {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let text = match request.collect(LIMIT).await? {
            Collected::Whole(body) if body.is_empty() => Bytes::from_static(b"hello from the origin\nin two lines\n"),
            Collected::Whole(body) => body,
            Collected::Over => return Ok(Response::new(StatusCode::PAYLOAD_TOO_LARGE).into()),
        };
        Ok(Response::text(StatusCode::OK, text).into())
    }
}
