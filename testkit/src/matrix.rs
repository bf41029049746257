//! One behaviour, one test for each pair of versions.
//!
//! [`Down`] is the client's leg, [`Up`] the origin's. Both speak in parts of messages, not in octets; what is particular to a version is said
//! by them, such as what it means that a leg was stopped. A version is added by a variant of [`Version`], its arms here, and its rows in
//! [`matrix!`](crate::matrix!).
//!
//! ```
//! simplon_testkit::matrix! {
//!     /// What the origin says, the client hears.
//!     async fn an_answer_passes(down: Down, up: Up) {
//!         down.send(simplon_testkit::get("/")).await;
//!         let request = up.request().await;
//!         assert_eq!(request.path(), "/");
//!         up.respond(simplon_testkit::ok("hello")).await;
//!         assert_eq!(down.response().await.text(), "hello");
//!     }
//! }
//! ```

use simplon_core::connect::Peer;
use simplon_core::http::Serve;
use simplon_proxy::{App, To};

use crate::message::{Message, Reply, Request, chunk};
use crate::network::{Network, Origin};
use crate::rig::Rig;
use crate::wire::{Closing, Cut, Wire};

/// A version of HTTP on one leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// HTTP/1.1.
    H1,
}

/// Makes one test of each pair of versions. See [`mod@crate::matrix`].
///
/// The application between the legs is [`plain`], unless another is named: `async fn name(down: Down, up: Up) using make { … }`, where `make`
/// takes the origin's [`Peer`] and the [`Network`].
#[macro_export]
macro_rules! matrix {
    ($($(#[$meta:meta])* async fn $name:ident($down:ident: Down, $up:ident: Up) $(using $app:ident)? $body:block)*) => { $(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a behaviour uses what it needs")]
            use super::*;

            async fn behaviour(mut $down: $crate::matrix::Down, mut $up: $crate::matrix::Up) {
                let (_, _) = (&mut $down, &mut $up);
                $body
            }

            $crate::matrix!(@row h1_to_h1, H1, H1 $(, $app)?);
        }
    )* };
    (@row $row:ident, $from:ident, $to:ident) => { $crate::matrix!(@row $row, $from, $to, $crate::matrix::plain); };
    (@row $row:ident, $from:ident, $to:ident, $app:path) => {
        #[test]
        fn $row() {
            $crate::matrix::run(async {
                use $crate::matrix::{Version, pair};
                let (down, up) = pair(Version::$from, Version::$to, $app);
                behaviour(down, up).await;
            });
        }
    };
}

/// Everything to one origin, nothing else.
pub fn plain(origin: Peer, network: &Network) -> impl Serve + use<> {
    App::new(To(origin)).origins(network.origins())
}

/// Runs a behaviour on a clock of its own.
pub fn run(behaviour: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(behaviour);
}

/// A client and an origin with an application between them.
pub fn pair<S: Serve>(down: Version, up: Version, make: impl FnOnce(Peer, &Network) -> S) -> (Down, Up) {
    let network = Network::new();
    let origin = network.origin();
    let rig = Rig::new(make(origin.peer(), &network));
    let Version::H1 = down;
    let down = Down::H1(rig.client());
    let Version::H1 = up;
    (down, Up::H1 { origin, wire: None })
}

/// The client's leg.
#[derive(Debug)]
#[non_exhaustive]
pub enum Down {
    /// Over HTTP/1.1.
    H1(Wire),
}

impl Down {
    /// Sends a whole request.
    pub async fn send(&mut self, request: Request) {
        let Self::H1(wire) = self;
        wire.send(request).await;
    }

    /// Sends the head of a request whose content follows piece by piece.
    pub async fn begin(&mut self, request: Request) {
        let Self::H1(wire) = self;
        wire.send(request.unframed().field("Transfer-Encoding", "chunked")).await;
    }

    /// Sends a piece of content; the error if it is not wanted any more.
    ///
    /// # Errors
    /// The proxy does not take it.
    pub async fn data(&mut self, octets: &[u8]) -> std::io::Result<()> {
        let Self::H1(wire) = self;
        wire.try_send(chunk(octets)).await
    }

    /// Ends the content.
    pub async fn end(&mut self) {
        let Self::H1(wire) = self;
        wire.send("0\r\n\r\n").await;
    }

    /// The response, with the informational heads before it.
    pub async fn response(&mut self) -> Message {
        let Self::H1(wire) = self;
        wire.response().await
    }

    /// The response, or why there is none.
    ///
    /// # Errors
    /// It was cut.
    pub async fn try_response(&mut self) -> Result<Message, Cut> {
        let Self::H1(wire) = self;
        wire.try_response().await
    }

    /// Gives the request up.
    pub fn cancel(self) {
        let Self::H1(wire) = self;
        wire.reset();
    }
}

/// The origin's leg.
#[derive(Debug)]
#[non_exhaustive]
pub enum Up {
    /// Over HTTP/1.1.
    #[non_exhaustive]
    H1 {
        /// What the proxy connects to.
        origin: Origin,
        /// The connection, once there is one.
        wire: Option<Wire>,
    },
}

impl Up {
    async fn wire(&mut self) -> &mut Wire {
        let Self::H1 { origin, wire } = self;
        if wire.is_none() {
            *wire = Some(origin.accept().await);
        }
        wire.as_mut().unwrap()
    }

    /// The next whole request.
    pub async fn request(&mut self) -> Message {
        self.wire().await.request().await
    }

    /// The next head; its content is left where it is.
    pub async fn head(&mut self) -> Message {
        self.wire().await.head().await.unwrap()
    }

    /// Sends a response, informational or final.
    pub async fn respond(&mut self, reply: Reply) {
        self.wire().await.send(reply).await;
    }

    /// Sends the head of a response whose content follows piece by piece.
    pub async fn begin(&mut self, reply: Reply) {
        self.respond(reply.unframed().field("Transfer-Encoding", "chunked")).await;
    }

    /// Sends a piece of content; the error if it is not wanted any more.
    ///
    /// # Errors
    /// The proxy does not take it.
    pub async fn data(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.wire().await.try_send(chunk(octets)).await
    }

    /// Ends the content.
    pub async fn end(&mut self) {
        self.wire().await.send("0\r\n\r\n").await;
    }

    /// Cuts the response: what was begun never ends.
    pub fn cut(&mut self) {
        let Self::H1 { wire, .. } = self;
        *wire = None;
    }

    /// Waits until the proxy says that it will not send more of the request: on HTTP/1 the connection ends.
    pub async fn stopped(&mut self) {
        let wire = self.wire().await;
        let ended = wire.rest().await;
        assert!(matches!(ended, Ok(_) | Err(Cut::Reset)), "{ended:?}");
    }

    /// Waits until the proxy has given the exchange up.
    pub async fn cancelled(&mut self) -> Closing {
        self.wire().await.closed().await
    }

    /// Asserts that the proxy connected no more than this once.
    pub async fn nobody_else_came(&mut self) {
        let Self::H1 { origin, .. } = self;
        origin.nobody_came().await;
    }
}
