//! A proxy between a client that speaks text and an origin.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use simplon_core::connect::{Peer, PeerBuilder, Versions};
use simplon_core::http::{Http, Origins};
use simplon_core::net::tcp;
use simplon_core::server::{Running, Server};
use simplon_proxy::{App, Retry, To};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a test waits for what should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// A proxy, with what a test asks it.
pub(crate) struct Stage {
    pub(crate) at: SocketAddr,
    pub(crate) origins: Arc<Origins>,
    pub(crate) peer: Peer,
    _running: Running,
}

impl Stage {
    /// In front of an origin that is known to speak HTTP/2.
    pub(crate) async fn before(origin: SocketAddr) -> Self {
        Self::with(Peer::builder(origin)).await
    }

    pub(crate) async fn with(peer: PeerBuilder) -> Self {
        Self::over(peer, Origins::default()).await
    }

    pub(crate) async fn over(peer: PeerBuilder, origins: Origins) -> Self {
        Self::to(peer.versions(Versions::Http2).build().unwrap(), origins).await
    }

    pub(crate) async fn to(peer: Peer, origins: Origins) -> Self {
        let app = App::new(To(peer.clone()));
        Self::of(app, peer, origins).await
    }

    /// In front of an origin of which each request is asked once, whatever comes of it.
    pub(crate) async fn once(peer: Peer) -> Self {
        let app = App::new(To(peer.clone())).retry(());
        Self::of(app, peer, Origins::default()).await
    }

    async fn of<Y: Retry<()> + 'static>(app: App<To, (), Y>, peer: Peer, origins: Origins) -> Self {
        let origins = Arc::new(origins);
        let app = app.origins(Arc::clone(&origins));
        let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app)).start().await.unwrap();
        Self { at: running.local_addrs()[0], origins, peer, _running: running }
    }

    pub(crate) async fn client(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }

    /// Sends this and reads until the proxy closes. The request should ask for that.
    pub(crate) async fn ask(&self, request: impl AsRef<[u8]>) -> String {
        let mut client = self.client().await;
        client.write_all(request.as_ref()).await.unwrap();
        let mut heard = Vec::new();
        soon("the whole answer", client.read_to_end(&mut heard)).await.unwrap();
        String::from_utf8_lossy(&heard).into_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")).await
    }

    pub(crate) async fn post(&self, content: &str) -> String {
        let length = content.len();
        let head =
            format!("POST / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        self.ask(head + content).await
    }
}

/// Waits until it holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let holding = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    soon(what, holding).await;
}
