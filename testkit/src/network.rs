//! Origins in memory, behind the seam by which a proxy makes its connections.
//!
//! ```
//! use simplon_proxy::{App, To};
//! use simplon_testkit::{Network, Rig, get, ok};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let network = Network::new();
//! let mut origin = network.origin();
//! let rig = Rig::new(App::new(To(origin.peer())).origins(network.origins()));
//! let mut client = rig.client();
//! client.send(get("/")).await;
//! let mut connection = origin.accept().await;
//! assert_eq!(connection.request().await.path(), "/");
//! connection.send(ok("hello")).await;
//! assert_eq!(client.response().await.text(), "hello");
//! # }
//! ```

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use simplon_core::connect::{Connect, Connected, Peer};
use simplon_core::http::{Origins, OriginsConfig};
use simplon_core::net::{Address, Stream};
use simplon_core::{Error, Kind, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::message::{Message, Reply};
use crate::pipe::{End, PipeConfig, Traffic, pipe};
use crate::time::{PATIENCE, must, settle, within};
use crate::wire::Wire;

/// All origins of a test. Cheap to clone; a clone is the same network.
#[derive(Clone, Debug, Default)]
pub struct Network(Arc<Mutex<Hosts>>);

#[derive(Debug, Default)]
struct Hosts {
    hosts: HashMap<Address, Host>,
    config: PipeConfig,
}

#[derive(Debug)]
struct Host {
    door: Door,
    connections: UnboundedSender<End>,
    traffic: Vec<(Traffic, Traffic)>,
    tries: usize,
}

/// What a host does with somebody who connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Open,
    Refuses,
    Hangs,
}

impl Network {
    /// One without hosts: every connection is refused.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with connections of this kind.
    #[must_use]
    pub fn with_pipes(config: PipeConfig) -> Self {
        let network = Self::new();
        network.with(|hosts| hosts.config = config);
        network
    }

    /// One more origin, at an address of its own.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let (connections, accepted) = unbounded_channel();
        let host = Host { door: Door::Open, connections, traffic: Vec::new(), tries: 0 };
        let address = self.with(|hosts| {
            let number = u8::try_from(hosts.hosts.len() + 1).unwrap_or(u8::MAX);
            let address = Address::from(SocketAddr::from(([10, 0, 0, number], 80)));
            hosts.hosts.insert(address.clone(), host);
            address
        });
        Origin { network: self.clone(), address, accepted }
    }

    /// The source of upstream connections for [`simplon_proxy::App::origins`], with a pool of its own.
    #[must_use]
    pub fn origins(&self) -> Arc<Origins<Self>> {
        self.origins_with(OriginsConfig::default())
    }

    /// The same with limits of its own.
    #[must_use]
    pub fn origins_with(&self, config: OriginsConfig) -> Arc<Origins<Self>> {
        Arc::new(Origins::new(self.clone(), config))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Hosts) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn open(&self, address: &Address) -> std::result::Result<End, Door> {
        self.with(|hosts| {
            let config = hosts.config;
            let host = hosts.hosts.get_mut(address).ok_or(Door::Refuses)?;
            host.tries += 1;
            if host.door != Door::Open {
                return Err(host.door);
            }
            let (near, far) = pipe(config);
            host.traffic.push((far.received(), far.sent()));
            match host.connections.send(far) {
                Ok(()) => Ok(near),
                Err(_) => Err(Door::Refuses),
            }
        })
    }
}

impl Connect for Network {
    async fn connect(&self, peer: &Peer) -> Result<Connected> {
        match self.open(peer.address()) {
            Ok(end) => Ok(Connected::new(Stream::other(end))),
            // Whoever asked has to lose patience.
            Err(Door::Hangs) => std::future::pending().await,
            Err(_) => Err(Error::upstream(Kind::Refused)),
        }
    }
}

/// One origin of a network: what it accepts, the test reads and answers.
#[derive(Debug)]
pub struct Origin {
    network: Network,
    address: Address,
    accepted: UnboundedReceiver<End>,
}

impl Origin {
    /// The peer to send requests to.
    #[must_use]
    pub fn peer(&self) -> Peer {
        Peer::new(self.address.clone())
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The next connection that the proxy makes to it.
    pub async fn accept(&mut self) -> Wire {
        Wire::new(must("the proxy connects to the origin", self.accept_end()).await)
    }

    /// The next connection, whenever it comes.
    pub(crate) async fn accept_end(&mut self) -> End {
        match self.accepted.recv().await {
            Some(end) => end,
            None => panic!("the network is gone"),
        }
    }

    /// A connection that was made and not accepted yet.
    pub(crate) fn waiting(&mut self) -> Option<End> {
        self.accepted.try_recv().ok()
    }

    /// Asserts that nothing connected that was not accepted.
    pub async fn nobody_came(&mut self) {
        settle().await;
        assert!(self.waiting().is_none(), "somebody connected");
    }

    /// From now on connections are refused.
    pub fn refuse(&self) {
        self.set(Door::Refuses);
    }

    /// From now on connecting takes for ever.
    pub fn hang(&self) {
        self.set(Door::Hangs);
    }

    /// From now on connections are accepted, as at the start.
    pub fn open(&self) {
        self.set(Door::Open);
    }

    /// How often somebody tried to connect.
    #[must_use]
    pub fn tries(&self) -> usize {
        self.with_host(|host| host.tries)
    }

    /// All octets that came in, connection by connection.
    #[must_use]
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.with_host(|host| host.traffic.iter().map(|(received, _)| received.octets()).collect())
    }

    /// Answers every request on every connection with what `answer` makes of it, from a task of its own.
    pub fn answer(self, answer: impl Fn(&Message) -> Reply + Send + Sync + 'static) -> Answering {
        let Self { network, address, mut accepted } = self;
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Some(end) = accepted.recv().await {
                let answer = Arc::clone(&answer);
                tokio::spawn(within(PATIENCE, async move { answer_all(Wire::new(end), &*answer).await }));
            }
        });
        Answering { network, address }
    }

    fn set(&self, door: Door) {
        self.with_host(|host| host.door = door);
    }

    fn with_host<T>(&self, act: impl FnOnce(&mut Host) -> T) -> T {
        with_host(&self.network, &self.address, act)
    }
}

fn with_host<T>(network: &Network, address: &Address, act: impl FnOnce(&mut Host) -> T) -> T {
    network.with(|hosts| act(hosts.hosts.get_mut(address).unwrap()))
}

async fn answer_all(mut wire: Wire, answer: &(dyn Fn(&Message) -> Reply + Send + Sync)) {
    while let Ok(request) = wire.try_request().await {
        let reply = answer(&request);
        let octets = if request.method() == "HEAD" { reply.encode_head() } else { reply.encode() };
        if wire.try_send(octets).await.is_err() {
            return;
        }
    }
}

/// An origin that answers by itself.
#[derive(Clone, Debug)]
pub struct Answering {
    network: Network,
    address: Address,
}

impl Answering {
    /// The peer to send requests to.
    #[must_use]
    pub fn peer(&self) -> Peer {
        Peer::new(self.address.clone())
    }

    /// How often somebody tried to connect.
    #[must_use]
    pub fn tries(&self) -> usize {
        with_host(&self.network, &self.address, |host| host.tries)
    }

    /// All octets that came in, connection by connection.
    #[must_use]
    pub fn received(&self) -> Vec<Vec<u8>> {
        with_host(&self.network, &self.address, |host| {
            host.traffic.iter().map(|(received, _)| received.octets()).collect()
        })
    }

    /// From now on connections are refused; those that are open go on.
    pub fn refuse(&self) {
        with_host(&self.network, &self.address, |host| host.door = Door::Refuses);
    }
}

#[cfg(test)]
mod tests;
