//! The exchange: filters, routing, retries, errors, observation.
//!
//! **What it is.** [`App`] takes one request after the other, asks your [`Route`] where it goes, lets your [`Filter`]s see and change what
//! passes, carries both directions at once, tries again where that is safe ([`Retry`]), answers errors ([`Rescue`]), and tells
//! [`Observe`]rs exactly one [`Record`] for each exchange.
//!
//! **What it is not.** It names no version of HTTP and no TLS library, opens no listener and picks no backend.
//!
//! ```
//! use simplon_core::{Result, connect::Peer, net::Address};
//! use simplon_proxy::{App, Filter, Request, Response, To, Verdict};
//!
//! struct NoAdmin;
//!
//! impl<Ctx: Send> Filter<Ctx> for NoAdmin {
//!     async fn request(&self, request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
//!         match request.target.path().starts_with(b"/admin") {
//!             true => Ok(Response::new(http::StatusCode::FORBIDDEN).into()),
//!             false => Ok(Verdict::Continue),
//!         }
//!     }
//! }
//!
//! let origin = Peer::new(Address::parse("127.0.0.1:8080").unwrap());
//! let app = App::new(To(origin)).filter(NoAdmin);
//! ```
//!
//! **Where to read on.** [`filter`] for the hooks in their order, [`flow`] for the machine that joins the two legs, [`app`] for the shell
//! around it (head → filters → route → attempts → duplex).
#![forbid(unsafe_code)]

pub mod app;
pub mod chunk;
mod cidr;
mod connect_policy;
mod deadline;
pub mod filter;
mod fix;
pub mod flow;
mod forwarding;
pub mod grpc;
mod legs;
mod max_forwards;
mod message;
mod misdirected;
pub mod observe;
mod paths;
mod queue;
pub mod rescue;
mod response;
pub mod retry;
pub mod route;
mod upgrade_policy;

pub use app::App;
pub use chunk::{Chunk, Chunks};
pub use cidr::{Cidr, CidrError};
pub use connect_policy::ConnectPolicy;
pub use filter::{BoxFilter, Chain, Filter, Looks, Verdict};
pub use flow::Gone;
pub use forwarding::{Forwarding, Tell};
pub use message::{Collected, Request, ResponseView};
pub use misdirected::HostMatchesSni;
pub use observe::{AccessLog, Event, Observe, Record};
pub use paths::Paths;
pub use rescue::{PlainErrors, Rescue};
pub use response::{Response, reject};
pub use retry::{Again, Attempt, Budget, Retry};
pub use route::{Answer, Route, Target, To, answer};
pub use upgrade_policy::{UpgradeError, UpgradePolicy};
