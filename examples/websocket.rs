//! WebSocket through the proxy: after the handshake both sides agreed upon, octets pass as they come.
//!
//! `cargo run --example websocket`, then any WebSocket client on `ws://127.0.0.1:PORT/chat`. The origin it brings along sends back what it gets.

#[path = "shared/shared.rs"]
mod shared;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use simplon::core::http::Timeouts;
use simplon::prelude::*;
use tokio::net::TcpListener;

/// An origin of another make: it answers the handshake and repeats every message.
async fn echo() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(socket).await else { return };
                while let Some(Ok(message)) = socket.next().await {
                    if message.is_close() || socket.send(message).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    Ok(addr)
}

#[tokio::main]
async fn main() -> Result<(), shared::Failure> {
    let args = shared::Args::parse();
    let origin = match args.upstream {
        Some(origin) => origin,
        None => echo().await?.into(),
    };
    // A tunnel has waits of its own: this one ends after ten minutes of silence in both directions.
    let mut timeouts = Timeouts::default();
    timeouts.tunnel_idle = Duration::from_secs(600);
    let mut config = HttpConfig::default();
    config.timeouts = Arc::new(timeouts);
    shared::serve_with(&args.listen, Http::with_config(App::new(To(Peer::new(origin))), config)).await
}
