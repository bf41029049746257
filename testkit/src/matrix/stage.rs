//! Clients, an application, and origins.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use simplon_core::http::Serve;
use simplon_proxy::Record;

use super::cell::{Over, Version};
use super::down::Down;
use super::up::{Asked, Up};
use crate::harness::Outcome;
use crate::message::{Message, Reply, Request};
use crate::records::Records;
use crate::rig::Rig;
use crate::time::settle;

/// An application between clients and origins that speak the versions of a [`Cell`](super::Cell).
#[derive(Debug)]
pub struct Stage<S> {
    /// The application.
    pub rig: Rig<S>,
    /// Its origins.
    pub origins: Vec<Up>,
    /// What it recorded.
    pub records: Records,
    pub(super) down: Version,
    pub(super) over: Over,
}

impl<S: Serve> Stage<S> {
    /// The only origin.
    #[must_use]
    pub fn up(&self) -> &Up {
        &self.origins[0]
    }

    /// A new client, from 192.0.2.1.
    pub async fn client(&self) -> Down {
        Down::open(&self.rig, self.down, self.over).await
    }

    /// A new client from this address.
    pub async fn client_from(&self, from: SocketAddr) -> Down {
        Down::open_from(&self.rig, self.down, self.over, from).await
    }

    /// The next whole request at the only origin.
    pub async fn request(&mut self) -> Asked {
        self.origins[0].request().await
    }

    /// The next head at the only origin; its content is left where it is.
    pub async fn head(&mut self) -> Asked {
        self.origins[0].head().await
    }

    /// A request of which at least the head is there, without waiting for one.
    pub async fn arrived(&mut self) -> Option<Asked> {
        self.origins[0].arrived().await
    }

    /// Asserts that no more requests came to the only origin.
    pub async fn nobody_else_came(&mut self) {
        self.origins[0].nobody_else_came().await;
    }

    /// A client that has sent this, and what reached the origin of it.
    pub async fn pass(&mut self, request: Request) -> (Down, Asked) {
        let mut down = self.client().await;
        down.send(request).await;
        let asked = self.request().await;
        (down, asked)
    }

    /// A client that has begun this, and the head that reached the origin.
    pub async fn begin(&mut self, request: Request) -> (Down, Asked) {
        let mut down = self.client().await;
        down.begin(request).await;
        let asked = self.head().await;
        (down, asked)
    }

    /// What comes of this request if every one that reaches the origin is answered so.
    pub async fn outcome(mut self, request: Request, answer: impl Fn(&Message) -> Reply + Send + 'static) -> Outcome {
        let seen: Arc<Mutex<Vec<Message>>> = Arc::default();
        let noted = Arc::clone(&seen);
        self.origins.remove(0).answer(move |asked| {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
            answer(asked)
        });
        let mut down = self.client().await;
        down.send(request).await;
        let response = down.try_response().await;
        let record = self.record().await;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Outcome::new(response, record, seen)
    }

    /// The only record, once all is done that can be.
    pub async fn record(&self) -> Record {
        settle().await;
        self.records.only()
    }
}
