//! gRPC: calls by HTTP/2, in the clear and behind TLS, and gRPC-Web by any version, to an origin of HTTP/2.
//!
//! `cargo run --example grpc_proxy -- --upstream 127.0.0.1:50051`; without an origin, it brings one along that repeats what it gets.

#[path = "shared/certificates.rs"]
mod certificates;
#[path = "shared/shared.rs"]
mod shared;

use std::sync::Arc;

use clap::Parser;
use http::StatusCode;
use simplon::core::connect::Versions;
use simplon::core::net::ConnInfo;
use simplon::prelude::*;
use simplon::proto_tls::rustls::Rustls;
use simplon::proxy::grpc::{GrpcDeadline, GrpcErrors, WebBridge, WebCall};

/// Everything to one origin. The context of an exchange is what the bridge keeps of it.
struct Calls(Peer);

impl Route for Calls {
    type Ctx = WebCall;

    fn begin(&self, _from: &ConnInfo) -> WebCall {
        WebCall::default()
    }

    async fn route(&self, _request: &mut Request<'_>, _call: &mut WebCall) -> Result<Target> {
        Ok(Target::Forward(self.0.clone()))
    }
}

/// Answers calls with what they bring, and ends them well: by trailers, which only a filter can add to a response made here.
struct Ends;

impl<Ctx: Send> Filter<Ctx> for Ends {
    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut Ctx) -> Result<()> {
        response.rewrite();
        Ok(())
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut Ctx) -> Result<()> {
        let last = chunk.last();
        out.push(chunk);
        if last == Last::Yes {
            let mut trailers = Fields::new();
            trailers.append("grpc-status", "0").map_err(|_| reject(StatusCode::INTERNAL_SERVER_ERROR))?;
            out.push(Chunk::Trailers(trailers));
        }
        Ok(())
    }
}

struct Echo;

impl Route for Echo {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let Collected::Whole(message) = request.collect(4 << 20).await? else {
            return Err(reject(StatusCode::PAYLOAD_TOO_LARGE));
        };
        let response = Response::new(StatusCode::OK).body(message).field("Content-Type", "application/grpc");
        Ok(response.map_err(|_| reject(StatusCode::INTERNAL_SERVER_ERROR))?.into())
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), shared::Failure> {
    let args = shared::Args::parse();
    let origin = match args.upstream {
        Some(origin) => origin,
        None => shared::serve_apart(App::new(Echo).filter(Ends)).await?.into(),
    };
    let peer = Peer::builder(origin).versions(Versions::Http2Only).build()?;
    let app = Arc::new(App::new(Calls(peer)).filter(GrpcDeadline::new()).filter(WebBridge).rescue(GrpcErrors::new()));
    let identity = certificates::self_signed(&["localhost", "127.0.0.1"])?;
    let end = TlsServer::new(Arc::new(Rustls::new()), ServerConfig::of(identity))?;
    let server = Server::new()
        .drain_on_term()
        .listen(tcp(&args.listen)?, Http::new(Arc::clone(&app)))
        .listen(tcp("127.0.0.1:0")?.tls(end), Http::new(app));
    let running = server.start().await?;
    println!("listening on http://{} and https://{}", running.local_addrs()[0], running.local_addrs()[1]);
    running.wait().await?;
    Ok(())
}
