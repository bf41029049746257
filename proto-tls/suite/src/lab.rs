//! A pair of backends, and what cases do with them.

use std::sync::Arc;
use std::time::Duration;

use simplon_proto_tls_seam::session::Backend;
use simplon_proto_tls_seam::{
    Capability, ClientConfig, ConfigError, Connect, Error, Facts, Reason, ServerConfig, ServerName, Session,
    Terminator, Version, Whom,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::wire::{Wire, memory};

/// A pair of backends.
#[derive(Clone, Debug)]
pub struct Lab {
    server: Arc<dyn Backend<Wire>>,
    client: Arc<dyn Backend<Wire>>,
}

/// What came of a handshake, at both ends.
pub struct Met {
    /// At the accepting end.
    pub server: Result<Box<dyn Session>, Error>,
    /// At the connecting end.
    pub client: Result<Box<dyn Session>, Error>,
}

impl Lab {
    /// These two.
    pub fn new(server: Arc<dyn Backend<Wire>>, client: Arc<dyn Backend<Wire>>) -> Self {
        Self { server, client }
    }

    /// The accepting end's backend.
    pub fn server_backend(&self) -> &Arc<dyn Backend<Wire>> {
        &self.server
    }

    /// The connecting end's backend.
    pub fn client_backend(&self) -> &Arc<dyn Backend<Wire>> {
        &self.client
    }

    /// An accepting end.
    pub fn server(&self, config: ServerConfig) -> Terminator<Wire> {
        Terminator::new(self.server.clone(), config).unwrap()
    }

    /// A connecting end.
    pub fn client(&self, config: ClientConfig) -> Arc<dyn Connect<Wire>> {
        self.client.client(&config).unwrap()
    }

    /// Whether the accepting end can do this. If not, this configuration, which asks for it, has to be refused.
    pub fn server_can(&self, capability: Capability, config: &ServerConfig) -> bool {
        let can = self.server.capabilities().has(capability);
        if !can {
            unsupported(self.server.server(config).err(), capability);
        }
        can
    }

    /// Whether the connecting end can do this. If not, this configuration, which asks for it, has to be refused.
    pub fn client_can(&self, capability: Capability, config: &ClientConfig) -> bool {
        let can = self.client.capabilities().has(capability);
        if !can {
            unsupported(self.client.client(config).err(), capability);
        }
        can
    }

    /// A connecting end for each version alone, the older first. The older is left out only for who lacks [`Capability::Only12`], and has to be refused.
    pub fn pinned(&self, config: &ClientConfig) -> Vec<(Version, Arc<dyn Connect<Wire>>)> {
        let mut all = Vec::new();
        for version in [Version::Tls12, Version::Tls13] {
            let config = config.clone().versions(version, version);
            if version != Version::Tls12 || self.client_can(Capability::Only12, &config) {
                all.push((version, self.client(config)));
            }
        }
        all
    }

    /// Whether both ends can do this, where nothing in a configuration asks for it.
    pub fn both_can(&self, capability: Capability) -> bool {
        self.server.capabilities().has(capability) && self.client.capabilities().has(capability)
    }
}

fn unsupported(error: Option<ConfigError>, asked: Capability) {
    match error {
        Some(ConfigError::Unsupported { capability, .. }) => assert_eq!(capability, asked),
        other => panic!("lacks {asked}, but says {other:?}"),
    }
}

/// A handshake in memory.
pub async fn meet(server: &Terminator<Wire>, client: &dyn Connect<Wire>, name: &str) -> Met {
    meet_on(server, client, name, memory()).await
}

/// A handshake on this pair: the connecting end's, the accepting end's.
pub async fn meet_on(server: &Terminator<Wire>, client: &dyn Connect<Wire>, name: &str, pair: (Wire, Wire)) -> Met {
    meet_whom(server, client, whom(name), pair).await
}

/// A handshake with whom the connecting end takes for somebody.
pub async fn meet_whom(server: &Terminator<Wire>, client: &dyn Connect<Wire>, whom: Whom, pair: (Wire, Wire)) -> Met {
    let (client, server) = tokio::join!(client.connect(pair.0, whom), server.handshake(pair.1, None));
    Met { server, client }
}

/// This name, at the usual port.
pub fn whom(name: &str) -> Whom {
    Whom::new(ServerName::parse(name).unwrap(), 443)
}

impl Met {
    /// Both sessions.
    #[track_caller]
    pub fn both(self) -> (Box<dyn Session>, Box<dyn Session>) {
        match (self.server, self.client) {
            (Ok(server), Ok(client)) => (server, client),
            (server, client) => panic!("server: {:?}, client: {:?}", server.err(), client.err()),
        }
    }

    /// What both agreed upon, after a word each way: server, client.
    pub async fn facts(self) -> (Arc<Facts>, Arc<Facts>) {
        let (mut server, mut client) = self.both();
        converse(&mut server, &mut client).await;
        let facts = (server.facts().clone(), client.facts().clone());
        part(server, client).await;
        facts
    }

    /// Why the accepting end refused. The connecting end must not go on either.
    pub async fn refused_by_server(self) -> Reason {
        let Err(reason) = self.server else { panic!("the server accepted") };
        if let Ok(mut session) = self.client {
            // In TLS 1.3 a client is done before the server has seen its certificate.
            let read = session.read(&mut [0; 1]).await;
            assert!(read.is_err(), "the client reads {read:?}");
        }
        reason.reason()
    }

    /// Why the connecting end refused. The accepting end must not go on either.
    #[track_caller]
    pub fn refused_by_client(self) -> Reason {
        match (self.server, self.client) {
            (Err(server), Err(client)) => {
                let is_told = matches!(server.reason(), Reason::Alert(_) | Reason::Closed);
                assert!(is_told, "the server says {server:?}");
                client.reason()
            }
            (server, client) => panic!("server: {:?}, client: {:?}", server.err(), client.err()),
        }
    }
}

impl std::fmt::Debug for Met {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { server, client } = self;
        f.debug_struct("Met").field("server", &server.as_ref().err()).field("client", &client.as_ref().err()).finish()
    }
}

/// A word from the client, and one back. Tickets of TLS 1.3 have arrived after that.
pub async fn converse(server: &mut Box<dyn Session>, client: &mut Box<dyn Session>) {
    let mut heard = [0; 4];
    client.write_all(b"ping").await.unwrap();
    client.flush().await.unwrap();
    server.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"ping");
    server.write_all(b"pong").await.unwrap();
    server.flush().await.unwrap();
    client.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"pong");
}

/// Both ends take leave properly.
pub async fn part(mut server: Box<dyn Session>, mut client: Box<dyn Session>) {
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0, "the client took leave");
    server.shutdown().await.unwrap();
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0, "the server took leave");
}

/// Fails if it takes longer than anything here should.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("hangs")
}
