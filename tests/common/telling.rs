//! An origin of our own that says what it was asked.

use http::StatusCode;
use simplon::core::net::{ConnInfo, ListenConfig};
use simplon::core::server::Running;
use simplon::prelude::*;

/// Says how much content came, and the sum of its octets; to `/octets/N`, as many octets as that.
pub async fn telling() -> Running {
    telling_on(tcp("127.0.0.1:0").unwrap()).await
}

/// The same on this listener.
pub async fn telling_on(listen: ListenConfig) -> Running {
    Server::new().listen(listen, Http::new(App::new(Telling))).start().await.unwrap()
}

/// What `/octets/N` gives.
pub fn octets(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at % 251) as u8).collect()
}

struct Telling;

impl Route for Telling {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let Collected::Whole(content) = request.collect(8 << 20).await? else {
            return Err(reject(StatusCode::PAYLOAD_TOO_LARGE));
        };
        let path = String::from_utf8_lossy(request.target.path()).into_owned();
        if let Some(count) = path.strip_prefix("/octets/").and_then(|count| count.parse().ok()) {
            return Ok(Response::new(StatusCode::OK).body(octets(count)).into());
        }
        let sum: u64 = content.iter().map(|octet| u64::from(*octet)).sum();
        Ok(Response::text(StatusCode::OK, format!("{} {path} {} {sum}", request.method, content.len())).into())
    }
}
