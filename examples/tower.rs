//! Services of `tower` at three places: as an origin, as middleware around a client, and both behind the filters of a proxy.
//!
//! `cargo run --features tower --example tower`

#[path = "shared/shared.rs"]
mod shared;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use clap::Parser;
use http::{HeaderValue, StatusCode};
use simplon::core::connect::TcpConnector;
use simplon::core::http::{InProcess, Origins, OriginsConfig};
use simplon::prelude::*;
use simplon::tower::{Client, FromService, RequestBody};
use tower_service::Service;

/// A plain service: no proxy, no server, requests in and responses out. A router of another framework would stand here.
#[derive(Clone)]
struct Hello;

impl Service<http::Request<RequestBody>> for Hello {
    type Response = http::Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<RequestBody>) -> Self::Future {
        ready(Ok(http::Response::new(format!("{} {} reached a service\n", request.method(), request.uri()))))
    }
}

/// A middleware: knows nothing of what is inside but that it is a service. Bodies pass through it as they are, streaming.
#[derive(Clone)]
struct Stamp<S>(S);

impl<S, A, B> Service<http::Request<A>> for Stamp<S>
where
    S: Service<http::Request<A>, Response = http::Response<B>, Future: Send + 'static>,
{
    type Response = http::Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<A>) -> Self::Future {
        let response = self.0.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            response.headers_mut().insert("x-stamped", HeaderValue::from_static("by a middleware"));
            Ok(response)
        })
    }
}

/// A filter of ours, which the service behind it does not know either.
struct NoSecrets;

impl<Ctx: Send> Filter<Ctx> for NoSecrets {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
        match request.target.normal_path(Slashes::Merged).starts_with(b"/secret") {
            true => Ok(Response::text(StatusCode::FORBIDDEN, "not here\n").into()),
            false => Ok(Verdict::Continue),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), shared::Failure> {
    let args = shared::Args::parse();
    // As an origin: the service is served as it is.
    let origin = match args.upstream {
        Some(origin) => Peer::new(origin),
        None => Peer::new(shared::serve_apart(FromService::new(Hello)).await?),
    };
    // As middleware: around a client that asks the origin.
    let stamped = Stamp(Client::new(Arc::new(Origins::default()), origin));
    // Behind filters: at a name within this program, which a route may forward to.
    let name = "stamped.internal:80".parse::<Address>()?;
    let connector = InProcess::beside(TcpConnector::new()).serve(name.clone(), FromService::new(stamped));
    let origins = Arc::new(Origins::new(connector, OriginsConfig::default()));
    shared::serve(&args.listen, App::new(To(Peer::new(name))).filter(NoSecrets).origins(origins)).await
}
