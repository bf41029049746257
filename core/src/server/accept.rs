//! The accept loop: one for each queue of connections, or several.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{unconstrained, yield_now};

use super::Drain;
use super::door::Door;
use crate::error::Kind;
use crate::net::listen::{Accept, Accepted};

/// Without descriptors or memory: pauses from here, twice as long each time, up to there.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How many connections that wait in the queue are still let in when a drain begins.
const LAST_CALL: usize = 65_536;

/// Lets connections in until the drain begins, and then those that had come already.
pub(super) async fn accept_loop<A: Accept>(acceptor: Arc<A>, door: Arc<Door>, mut drain: Drain) {
    let mut pause = PAUSE;
    loop {
        let outcome = tokio::select! {
            biased;
            () = drain.draining() => break,
            outcome = acceptor.accept() => outcome,
        };
        match outcome {
            Ok(accepted) => {
                pause = PAUSE;
                door.enter(accepted, acceptor.local());
            }
            Err(error) => {
                door.hub.counters.accept_errors.add();
                if reaction(&error) == Reaction::Pause {
                    if Kind::is_want(&error) && acceptor.relieve() > 0 {
                        continue;
                    }
                    tracing::warn!(listener = %door.label, %error, ?pause, "accepting pauses");
                    door.hub.counters.accept_pauses.add();
                    tokio::select! {
                        () = drain.draining() => break,
                        () = tokio::time::sleep(pause) => {}
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
    last_call(&*acceptor, &door).await;
}

/// Clients whose connection is in the queue believe to be connected: closing it would lose their request.
async fn last_call<A: Accept>(acceptor: &A, door: &Door) {
    // Once with what is known, and once more after the runtime has asked the kernel.
    for _ in 0..2 {
        yield_now().await;
        for _ in 0..LAST_CALL {
            match waiting(acceptor).await {
                Some(Ok(accepted)) => door.enter(accepted, acceptor.local()),
                Some(Err(error)) if reaction(&error) == Reaction::Next => door.hub.counters.accept_errors.add(),
                Some(Err(_)) | None => break,
            }
        }
    }
}

/// A connection that is there already.
async fn waiting<A: Accept>(acceptor: &A) -> Option<io::Result<Accepted>> {
    tokio::select! {
        biased;
        outcome = unconstrained(acceptor.accept()) => Some(outcome),
        () = std::future::ready(()) => None,
    }
}

/// What to do after a failure to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaction {
    /// It concerned that connection alone.
    Next,
    /// It will be the same at once again: wait.
    Pause,
}

fn reaction(error: &io::Error) -> Reaction {
    // Errors of a connection that was being made are reported by accept (accept(2), "Error handling").
    const OF_ONE: [i32; 10] = [
        libc::ECONNABORTED,
        libc::ECONNRESET,
        libc::EINTR,
        libc::EPROTO,
        libc::ENOPROTOOPT,
        libc::EHOSTDOWN,
        libc::EHOSTUNREACH,
        libc::ENETDOWN,
        libc::ENETUNREACH,
        libc::EPERM,
    ];
    match error.raw_os_error() {
        Some(code) if OF_ONE.contains(&code) => Reaction::Next,
        _ => Reaction::Pause,
    }
}

#[cfg(test)]
mod tests;
