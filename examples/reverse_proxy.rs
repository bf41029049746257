//! The smallest useful proxy: everything goes to one origin.
//!
//! `cargo run --example reverse_proxy -- --upstream 127.0.0.1:8080`

#[path = "shared/shared.rs"]
mod shared;

use clap::Parser;
use http::StatusCode;
use simplon::prelude::*;

#[tokio::main]
async fn main() -> Result<(), shared::Failure> {
    let args = shared::Args::parse();
    let hello = answer(|request| Response::text(StatusCode::OK, format!("{} reached the origin\n", request.method)));
    let origin = match args.upstream {
        Some(origin) => origin,
        None => shared::origin(hello).await?.into(),
    };
    shared::serve(&args.listen, App::new(To(Peer::new(origin)))).await
}
