//! So many requests a second for each client; above that, 429 with Retry-After.
//!
//! `cargo run --example rate_limit`, then `for i in $(seq 20); do curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:PORT/; done`.

#[path = "shared/shared.rs"]
mod shared;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Instant;

use clap::Parser;
use http::StatusCode;
use simplon::limits::{Allowance, Decision, RateLimit};
use simplon::prelude::*;

const PER_SECOND: NonZeroU32 = NonZeroU32::new(5).unwrap();
const BURST: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Clients that are remembered at a time.
const CLIENTS: usize = 100_000;

/// A filter around the limiter: the key is the client's address.
struct PerClient(RateLimit<Option<IpAddr>>);

impl<Ctx: Send> Filter<Ctx> for PerClient {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
        match self.0.check(&request.client_ip(), Instant::now(), 1) {
            Decision::Allow { .. } => Ok(Verdict::Continue),
            Decision::Deny { retry_after } => {
                let seconds = retry_after.as_secs() + 1;
                let response = Response::text(StatusCode::TOO_MANY_REQUESTS, "slow down\n");
                let response = response.field("Retry-After", seconds.to_string());
                Ok(response.map_err(|error| Error::internal(Kind::Internal).with_source(error))?.into())
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), shared::Failure> {
    let args = shared::Args::parse();
    let origin = match args.upstream {
        Some(origin) => origin,
        None => shared::origin(answer(|_| Response::text(StatusCode::OK, "hello\n"))).await?.into(),
    };
    let allowance = Allowance::per_second(PER_SECOND).burst(BURST);
    let limit = PerClient(RateLimit::new(allowance, CLIENTS));
    shared::serve(&args.listen, App::new(To(Peer::new(origin))).filter(limit)).await
}
