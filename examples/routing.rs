//! Routing by host and path, with changes to the fields on the way in and on the way out.
//!
//! `cargo run --example routing`, then `curl -H 'Host: shop.test' http://127.0.0.1:PORT/` and `…/api/items`.

#[path = "shared/shared.rs"]
mod shared;

use clap::Parser;
use http::StatusCode;
use simplon::core::net::ConnInfo;
use simplon::prelude::*;

/// Three origins; which one follows from host and path.
struct Routes {
    shop: Peer,
    api: Peer,
    blog: Peer,
}

impl Route for Routes {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let host = request.authority().unwrap_or_default();
        let host = host.split(|&octet| octet == b':').next().unwrap_or_default().to_ascii_lowercase();
        // As the origin will read it: /x/../api/items is /api/items, whoever wrote it.
        let path = request.target.normal_path(Slashes::Merged);
        let peer = match (host.as_slice(), path) {
            (b"shop.test", path) if path.starts_with(b"/api/") => &self.api,
            (b"shop.test", _) => &self.shop,
            (b"blog.test", _) => &self.blog,
            _ => return Ok(Response::text(StatusCode::NOT_FOUND, "no such site\n").into()),
        };
        Ok(Target::Forward(peer.clone()))
    }
}

/// Names the proxy to the client, hides the origin's software, and tells the origin which rules apply.
struct Fields;

impl Filter<()> for Fields {
    async fn upstream_request(&self, head: &mut RequestHead, _attempt: &Attempt<'_>, _cx: &mut ()) -> Result<()> {
        head.fields.set("X-Policy", "standard").map_err(internal)
    }

    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
        response.fields.remove("Server");
        response.fields.set("X-Served-By", "simplon").map_err(internal)
    }
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal(Kind::Internal).with_source(error)
}

#[tokio::main]
async fn main() -> Result<(), shared::Failure> {
    let args = shared::Args::parse();
    let named = |name: &'static str| async move {
        let site = answer(move |request| {
            let policy = request.fields.text("X-Policy").unwrap_or("none");
            Response::text(StatusCode::OK, format!("{name} (policy {policy})\n"))
        });
        shared::origin(site).await.map(Peer::new)
    };
    let routes = Routes { shop: named("shop").await?, api: named("api").await?, blog: named("blog").await? };
    shared::serve(&args.listen, App::new(routes).filter(Fields)).await
}
