//! One request through a filter or an application, in one line.
//!
//! ```
//! use simplon_proxy::{App, To};
//! use simplon_testkit::{app, get, status};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let outcome = app(|origin| App::new(To(origin))).request(get("/missing")).origin(|_| status(404)).await;
//! assert_eq!(outcome.response.status, 404);
//! # }
//! ```

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use simplon_core::connect::Peer;
use simplon_core::http::Serve;
use simplon_proxy::{App, Filter, Observe, Record, Rescue, Retry, Route, To};

use crate::message::{Message, Reply, Request, get, ok};
use crate::network::Network;
use crate::records::Records;
use crate::rig::Rig;
use crate::time::{PATIENCE, settle, within};
use crate::wire::Cut;

/// A filter under test, between a client and one origin.
pub fn filter<F: Filter<()>>(filter: F) -> Harness {
    app(|origin| App::new(To(origin)).filter(filter))
}

/// An application under test: made for one origin, to which it should send what it forwards.
pub fn app<R, F, Y, S, O, C>(make: impl FnOnce(Peer) -> App<R, F, Y, S, O, C>) -> Harness
where
    R: Route,
    F: Filter<R::Ctx>,
    Y: Retry<R::Ctx>,
    S: Rescue<R::Ctx>,
    O: Observe<R::Ctx>,
{
    let network = Network::new();
    let origin = network.origin();
    let records = Records::new();
    let app = make(origin.peer()).origins(network.origins()).observe(records.clone());
    let seen = Arc::new(Mutex::new(Vec::new()));
    Harness {
        run: Box::new(move |asked| Box::pin(run(app, origin, asked, seen, records))),
        request: get("/"),
        answer: Arc::new(|_| ok("")),
    }
}

type Answer = Arc<dyn Fn(&Message) -> Reply + Send + Sync>;
type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What is about to be tried. Await it.
pub struct Harness {
    run: Box<dyn FnOnce((Request, Answer)) -> Running + Send>,
    request: Request,
    answer: Answer,
}

impl Harness {
    /// The request that the client sends. Default: GET /.
    #[must_use]
    pub fn request(mut self, request: Request) -> Self {
        self.request = request;
        self
    }

    /// What the origin answers. Default: 200 without content.
    #[must_use]
    pub fn origin(mut self, answer: impl Fn(&Message) -> Reply + Send + Sync + 'static) -> Self {
        self.answer = Arc::new(answer);
        self
    }
}

impl IntoFuture for Harness {
    type Output = Outcome;
    type IntoFuture = Running;

    fn into_future(self) -> Running {
        (self.run)((self.request, self.answer))
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness").field("request", &self.request).finish_non_exhaustive()
    }
}

/// What came of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// What the client got. If that was cut, see [`Outcome::cut`]; the status is 0 then.
    pub response: Message,
    /// Why the client did not get a whole response.
    pub cut: Option<Cut>,
    /// The record of the exchange.
    pub record: Record,
    seen: Vec<Message>,
}

impl Outcome {
    pub(crate) fn new(response: Result<Message, Cut>, record: Record, seen: Vec<Message>) -> Self {
        let (response, cut) = match response {
            Ok(response) => (response, None),
            Err(cut) => (Message::new(String::new(), 0), Some(cut)),
        };
        Self { response, cut, record, seen }
    }

    /// The requests that reached the origin, attempt by attempt; empty if none did.
    #[must_use]
    pub fn origin_saw(&self) -> &[Message] {
        &self.seen
    }
}

async fn run<S: Serve>(
    app: S,
    origin: crate::network::Origin,
    (request, answer): (Request, Answer),
    seen: Arc<Mutex<Vec<Message>>>,
    records: Records,
) -> Outcome {
    let noted = Arc::clone(&seen);
    let _origin = origin.answer(move |request| {
        noted.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        answer(request)
    });
    let rig = Rig::new(app);
    let mut client = rig.client();
    client.send(request).await;
    // How long it takes is for the caller to judge, by what the response and the record say.
    let response = within(PATIENCE, client.try_response()).await;
    drop(client);
    settle().await;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Outcome::new(response, records.only(), seen)
}

#[cfg(test)]
mod tests;
