//! Signals as a layer of their own: SIGTERM drains, a second one, or SIGINT at any time, stops at once.
//!
//! A server that is not told to knows nothing of signals; whoever embeds it decides. [`Server::drain_on_term`] has the handlers in place before
//! the first socket is bound; [`drain_on_term`] here is for a server that runs already.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use simplon_core::server::Server;
//! let report = Server::new().drain_on_term().run().await?;
//! # Ok(()) }
//! ```
//!
//! [`Server::drain_on_term`]: crate::server::Server::drain_on_term

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::error::{Error, Kind, Result};
use crate::server::{Phase, ServerHandle};

/// From now on SIGTERM drains the server, a second SIGTERM stops it, and SIGINT stops it at once. The process does not end by
/// these signals any more, not even after the server has. Until this is called it does: a signal that comes between the start and this call kills
/// it. [`Server::drain_on_term`](crate::server::Server::drain_on_term) leaves no such gap.
///
/// The task ends with the server; it needs no waiting for.
///
/// # Errors
/// Internal: the system refuses to handle the signal.
///
/// # Panics
/// Outside of a runtime.
pub fn drain_on_term(server: ServerHandle) -> Result<JoinHandle<()>> {
    let (term, int) = (listen_to(SignalKind::terminate())?, listen_to(SignalKind::interrupt())?);
    Ok(tokio::spawn(obey(server, term, int)))
}

fn listen_to(kind: SignalKind) -> Result<Signal> {
    signal(kind)
        .map_err(|error| Error::internal(Kind::Io(error.kind())).with_source(error).with_context("handling signals"))
}

async fn obey(server: ServerHandle, mut term: Signal, mut int: Signal) {
    let mut phases = server.phases();
    let mut was_told = false;
    loop {
        tokio::select! {
            () = phases.reached(Phase::Stopped) => return,
            _ = int.recv() => {
                tracing::info!("SIGINT: the server stops");
                server.stop();
            }
            _ = term.recv() => {
                // A server that starts is in its first phase until it has.
                if was_told || server.phase() > Phase::Ready {
                    tracing::info!("SIGTERM again: the server stops");
                    server.stop();
                } else {
                    tracing::info!("SIGTERM: the server drains");
                    server.drain();
                }
                was_told = true;
            }
        }
    }
}
