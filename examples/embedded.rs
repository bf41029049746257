//! The server inside somebody else's program: their runtime, their signals; it starts, serves beside other work, and returns when told.
//!
//! `cargo run --example embedded`

#[path = "shared/shared.rs"]
mod shared;

use std::time::Duration;

use clap::Parser;
use http::StatusCode;
use simplon::prelude::*;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::Failure> {
    let args = shared::Args::parse();
    let app = App::new(answer(|_| Response::text(StatusCode::OK, "served from inside another program\n")));
    let running = Server::new().listen(tcp(&args.listen)?, Http::new(app)).start().await?;
    println!("listening on http://{}", running.local_addrs()[0]);

    // The token: whoever holds it can end the server, from any task.
    let token = running.handle();
    let serving = tokio::spawn(running.wait());

    let mut term = signal(SignalKind::terminate())?;
    let mut tick = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            _ = term.recv() => break,
            _ = tick.tick() => println!("the program does its own work; {} connections are open", token.connections()),
        }
    }
    token.drain();
    let report = serving.await??;
    println!("the server has returned: {report:?}");
    Ok(())
}
