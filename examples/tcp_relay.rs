//! Plain TCP, without HTTP: every connection is joined to one of the origin's, octet for octet.
//!
//! `cargo run --example tcp_relay -- --upstream 127.0.0.1:5432`

#[path = "shared/shared.rs"]
mod shared;

use std::sync::Arc;

use clap::Parser;
use simplon::core::connect::{Connect, TcpConnector};
use simplon::core::net::{ConnInfo, Stream};
use simplon::core::server::Drain;
use simplon::prelude::*;
use tokio::io::copy_bidirectional;

/// Joins each connection with one to this peer. A half-close on one side is passed on to the other.
async fn relay(mut down: Stream, from: Arc<ConnInfo>, peer: Peer) {
    let connected = match TcpConnector::new().connect(&peer).await {
        Ok(connected) => connected,
        Err(error) => return eprintln!("{:?} -> {peer}: {error}", from.peer()),
    };
    let mut up = connected.stream;
    if let Err(error) = copy_bidirectional(&mut down, &mut up).await {
        eprintln!("{:?} -> {peer}: {error}", from.peer());
    }
}

/// An origin that sends back what it gets.
async fn echo(stream: Stream, _from: Arc<ConnInfo>, _drain: Drain) {
    let (mut read, mut write) = tokio::io::split(stream);
    let _ = tokio::io::copy(&mut read, &mut write).await;
    let _ = tokio::io::AsyncWriteExt::shutdown(&mut write).await;
}

#[tokio::main]
async fn main() -> Result<(), shared::Failure> {
    let args = shared::Args::parse();
    let origin = match args.upstream {
        Some(origin) => origin,
        None => {
            let running = Server::new().listen(tcp("127.0.0.1:0")?, echo).start().await?;
            let addr = running.local_addrs()[0];
            tokio::spawn(running.wait());
            addr.into()
        }
    };
    let peer = Peer::new(origin);
    let service = move |stream: Stream, from: Arc<ConnInfo>, _drain: Drain| relay(stream, from, peer.clone());
    let running = Server::new().drain_on_term().listen(tcp(&args.listen)?, service).start().await?;
    println!("listening on {}", running.local_addrs()[0]);
    running.wait().await?;
    Ok(())
}
