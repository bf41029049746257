//! What a check reads, without a network.

use bytes::Bytes;
use http::StatusCode;
use simplon_core::connect::{Connect, Connected, Peer};
use simplon_core::error::Result;
use simplon_core::net::Stream;

use super::HttpCheck;
use crate::backend::Backend;
use crate::health::{Check, CheckError};

/// Connects to who says these octets and then ends, whatever it is asked.
struct Canned(Bytes);

impl Connect for Canned {
    async fn connect(&self, _peer: &Peer) -> Result<Connected> {
        let says = std::io::Cursor::new(self.0.clone());
        Ok(Connected::new(Stream::other(tokio::io::join(says, tokio::io::sink()))))
    }
}

/// What a check that expects 200 makes of a backend that says these octets: for fuzzing. Once on a new connection, once keeping it.
///
/// # Errors
/// Those of [`HttpCheck`], none of which is inconclusive.
#[doc(hidden)]
pub async fn read_answer(octets: impl Into<Bytes>) -> Result<(), CheckError> {
    let backend = Backend::new(std::net::SocketAddr::from(([192, 0, 2, 1], 80)));
    let check = HttpCheck::over(Canned(octets.into())).expect_status([StatusCode::OK]);
    let kept = check.check(&backend).await;
    let again = check.reusing();
    let _ = again.check(&backend).await;
    let _ = again.check(&backend).await;
    kept
}
