//! `tower` services that serve, and a client that is one. (feature `tower`)
//!
//! **What it is.** [`FromService`] lets any service from requests to responses answer exchanges: a router of somebody else's, a handler wrapped
//! in middleware. [`Client`] is the way out: a service that sends a request to a peer over pooled connections. Bodies stream both ways, and
//! each is read no faster than the other side takes it.
//!
//! **What it is not.** No `tower` layers of ours, no upgrades and no CONNECT: raw octets are for [`crate::http::Serve`] and `simplon-proxy`.
//!
//! **How it is used.** A service with a middleware of its own, served, that passes everything on:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use std::time::Duration;
//! use simplon_core::connect::Peer;
//! use simplon_core::http::{Http, Origins};
//! use simplon_core::net::{Address, tcp};
//! use simplon_core::server::Server;
//! use simplon_core::tower::{Client, FromService};
//! use tower::ServiceBuilder;
//!
//! let origin = Peer::new(Address::parse("127.0.0.1:8080")?);
//! let client = Client::new(Arc::new(Origins::default()), origin);
//! let service = ServiceBuilder::new().timeout(Duration::from_secs(30)).service(client);
//! let running = Server::new().listen(tcp("127.0.0.1:0")?, Http::new(FromService::new(service))).start().await?;
//! # running.handle().drain();
//! # running.wait().await?;
//! # Ok(())
//! # }
//! ```
//!
//! **Where to read on.** [`crate::http::InProcess`] puts a service behind the filters of a proxy, or a whole proxy behind a [`Client`].

mod body;
mod client;
mod contained;
mod feed;
mod serve;
mod transfer;

pub use body::ResponseBody;
pub use client::{Asking, Client};
pub use feed::RequestBody;
pub use serve::FromService;

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::error::{BoxError, Error, Kind};

/// Frames of a body that are passed on in one go. A body that is always ready holds its thread no longer than that.
const AT_ONCE: usize = 64;

pin_project! {
    /// Any body as one of octets, its errors boxed.
    struct Plain<B> {
        #[pin]
        body: B,
    }
}

/// The same, its type forgotten.
type BoxBody = Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>;

impl<B: Body<Error: Into<BoxError>>> Body for Plain<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let octets = |mut data: B::Data| data.copy_to_bytes(data.remaining());
        self.project().body.poll_frame(cx).map_ok(|frame| frame.map_data(octets)).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What a service or a body says when it fails: an error of ours stays what it is.
fn ours(error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(other) => Error::internal(Kind::Internal).with_source(other),
    }
}
