//! What the examples have in common: their command line, and small origins that they bring along.
#![allow(dead_code, reason = "each example uses its part")]

use std::net::SocketAddr;

use clap::Parser;
use simplon::prelude::*;

/// Whatever stops an example.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The command line of the small examples.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes any free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: String,
    /// Origin to forward to; without one, the example brings its own.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) upstream: Option<Address>,
}

/// Starts an origin on a free loopback port that answers every request with this route.
pub(crate) async fn origin(answer: impl Route) -> Result<SocketAddr, Failure> {
    serve_apart(App::new(answer)).await
}

/// Starts a server beside this one, on a free loopback port.
pub(crate) async fn serve_apart(app: impl Serve) -> Result<SocketAddr, Failure> {
    let running = Server::new().listen(tcp("127.0.0.1:0")?, Http::new(app)).start().await?;
    let addr = running.local_addrs()[0];
    tokio::spawn(running.wait());
    Ok(addr)
}

/// Serves an app until the process is told to end: SIGTERM drains, a second one or SIGINT stops at once.
pub(crate) async fn serve(listen: &str, app: impl Serve) -> Result<(), Failure> {
    serve_with(listen, Http::new(app)).await
}

/// The same with limits and timeouts of the caller's.
pub(crate) async fn serve_with<S: Serve>(listen: &str, http: Http<S>) -> Result<(), Failure> {
    let running = Server::new().drain_on_term().listen(tcp(listen)?, http).start().await?;
    println!("listening on http://{}", running.local_addrs()[0]);
    running.wait().await?;
    Ok(())
}
