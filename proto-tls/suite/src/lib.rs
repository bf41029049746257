//! What every TLS backend has to do, as cases that run against any of them.
//!
//! **What it is.** A table of named cases ([`CASES`]). Each is run with a backend on the accepting side and one on the connecting side, which
//! may be two different ones, so that each backend is tested with itself and with all others. Transports are in memory or on loopback
//! ([`wire`]); certificates come from an authority made for the case ([`pki`]).
//!
//! **What it is not.** It is part of no proxy, and panics where a test fails.
//!
//! **How it is used.** `suite::conform(server, client, Expectations::new())` in a test of the backend's crate. What a backend says it lacks
//! ([`simplon_proto_tls_seam::Capabilities`]) has to be refused when it is asked for; all else has to work. The environment variable `CASE` runs
//! those cases alone whose names contain it.
#![forbid(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a suite makes tests fail, which is done by panicking"
)]

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use simplon_proto_tls_seam::Backend;

mod cases;
pub mod lab;
pub mod page;
pub mod pki;
pub mod reloads;
pub mod wire;

pub use lab::Lab;
pub use wire::Wire;

/// One thing that has to hold.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// A sentence.
    pub name: &'static str,
    run: fn(Lab) -> Pin<Box<dyn Future<Output = ()>>>,
}

pub use cases::CASES;

/// Where a pair of backends is known to differ, and why. What is expected to fail must fail, so that a repair shows.
#[derive(Debug, Default)]
pub struct Expectations(Vec<(&'static str, &'static str)>);

impl Expectations {
    /// All cases hold.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Except for this one, for this reason.
    #[must_use]
    pub fn except(mut self, case: &'static str, reason: &'static str) -> Self {
        assert!(CASES.iter().any(|known| known.name == case), "no case is called {case}");
        self.0.push((case, reason));
        self
    }

    fn of(&self, case: &Case) -> Option<&'static str> {
        self.0.iter().find(|(name, _)| *name == case.name).map(|(_, reason)| *reason)
    }
}

/// Runs all cases with these two, and panics if one of them came out otherwise than expected.
#[expect(clippy::print_stderr, reason = "progress of a test")]
pub fn conform(server: Arc<dyn Backend<Wire>>, client: Arc<dyn Backend<Wire>>, expectations: &Expectations) {
    let only = std::env::var("CASE").unwrap_or_default();
    let pair = format!("{} <- {}", server.name(), client.name());
    let mut wrong = Vec::new();
    for case in CASES.iter().filter(|case| case.name.contains(&only)) {
        let begin = Instant::now();
        let holds = run(*case, Lab::new(server.clone(), client.clone()));
        eprintln!("{pair}  {:<70} {} {:?}", case.name, if holds { "holds" } else { "FAILS" }, begin.elapsed());
        match (holds, expectations.of(case)) {
            (true, None) | (false, Some(_)) => {}
            (false, None) => wrong.push(format!("{} fails", case.name)),
            (true, Some(reason)) => wrong.push(format!("{} holds, though {reason}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{pair}:\n  {}", wrong.join("\n  "));
}

/// Whether a case holds. It has a thread and a runtime of its own; what it panics with is on the standard error output.
fn run(case: Case, lab: Lab) -> bool {
    let body = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let outcome = tokio::time::timeout(PATIENCE, (case.run)(lab)).await;
            assert!(outcome.is_ok(), "hangs");
        });
    };
    std::thread::Builder::new().name(case.name.into()).spawn(body).unwrap().join().is_ok()
}

/// Far longer than any case takes.
const PATIENCE: Duration = Duration::from_secs(60);
