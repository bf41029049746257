//! A route, filters, and what happens when things go wrong, put together into something that answers exchanges.

mod attempt;
mod duplex;
mod recorder;
mod run;
mod stay;

use std::sync::Arc;
use std::time::Duration;

use simplon_core::connect::TcpConnector;
use simplon_core::http::Origins;

use crate::connect_policy::ConnectPolicy;
use crate::filter::{Filter, Stack};
use crate::flow::Gone;
use crate::forwarding::Forwarding;
use crate::observe::Observe;
use crate::paths::Paths;
use crate::rescue::{PlainErrors, Rescue};
use crate::retry::{Budget, Retry};
use crate::route::Route;
use crate::upgrade_policy::UpgradePolicy;

/// What every exchange of an app shares besides its parts.
#[derive(Clone, Debug)]
struct Settings {
    gone: Gone,
    replay_octets: usize,
    expect: Duration,
    within: Duration,
    forwarding: Forwarding,
    connect: ConnectPolicy,
    upgrades: UpgradePolicy,
    paths: Paths,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            gone: Gone::default(),
            replay_octets: 64 << 10,
            expect: Duration::from_secs(1),
            within: Duration::MAX,
            forwarding: Forwarding::default(),
            connect: ConnectPolicy::default(),
            upgrades: UpgradePolicy::default(),
            paths: Paths::default(),
        }
    }
}

/// A proxy application: give it to [`simplon_core::http::Http`] and that to a server.
///
/// ```
/// use simplon_core::connect::Peer;
/// use simplon_core::net::Address;
/// use simplon_proxy::{App, To};
///
/// let origin = Peer::new(Address::parse("127.0.0.1:8080")?);
/// let app = App::new(To(origin));
/// # Ok::<(), simplon_core::net::AddressError>(())
/// ```
#[derive(Debug)]
pub struct App<R, F = (), Y = Budget, S = PlainErrors, O = (), C = TcpConnector> {
    route: R,
    filters: F,
    retry: Y,
    rescue: S,
    observe: O,
    origins: Arc<Origins<C>>,
    settings: Settings,
}

impl<R: Route> App<R> {
    /// An app that routes so, filters nothing, retries within [`Budget`] and answers errors with [`PlainErrors`].
    pub fn new(route: R) -> Self {
        Self {
            route,
            filters: (),
            retry: Budget::default(),
            rescue: PlainErrors,
            observe: (),
            origins: Arc::new(Origins::default()),
            settings: Settings::default(),
        }
    }
}

impl<R: Route, F, Y, S, O, C> App<R, F, Y, S, O, C> {
    /// One more filter, nearer to the origin than those before.
    pub fn filter<N: Filter<R::Ctx>>(self, next: N) -> App<R, Stack<F, N>, Y, S, O, C>
    where
        F: Filter<R::Ctx>,
    {
        let Self { route, filters, retry, rescue, observe, origins, settings } = self;
        App { route, filters: Stack(filters, next), retry, rescue, observe, origins, settings }
    }

    /// Another retry policy; `()` for none.
    pub fn retry<N: Retry<R::Ctx>>(self, retry: N) -> App<R, F, N, S, O, C> {
        let Self { route, filters, retry: _, rescue, observe, origins, settings } = self;
        App { route, filters, retry, rescue, observe, origins, settings }
    }

    /// Other error responses.
    pub fn rescue<N: Rescue<R::Ctx>>(self, rescue: N) -> App<R, F, Y, N, O, C> {
        let Self { route, filters, retry, rescue: _, observe, origins, settings } = self;
        App { route, filters, retry, rescue, observe, origins, settings }
    }

    /// One more observer, told after those before.
    pub fn observe<N: Observe<R::Ctx>>(self, next: N) -> App<R, F, Y, S, (O, N), C> {
        let Self { route, filters, retry, rescue, observe, origins, settings } = self;
        App { route, filters, retry, rescue, observe: (observe, next), origins, settings }
    }

    /// Upstream connections from elsewhere: another connector, other limits of the pool, a pool shared with another app.
    pub fn origins<N>(self, origins: Arc<Origins<N>>) -> App<R, F, Y, S, O, N> {
        let Self { route, filters, retry, rescue, observe, origins: _, settings } = self;
        App { route, filters, retry, rescue, observe, origins, settings }
    }

    /// What is told to origins about clients, and which peers are believed.
    #[must_use]
    pub fn forwarding(mut self, forwarding: Forwarding) -> Self {
        self.settings.forwarding = forwarding;
        self
    }

    /// What happens when a client leaves before its answer is complete. Default [`Gone::Abort`].
    #[must_use]
    pub fn client_gone(mut self, gone: Gone) -> Self {
        self.settings.gone = gone;
        self
    }

    /// How many octets of request content are kept so that they can be sent again. A request with more is sent once. However
    /// small the pieces are in which they come, they take at most twice as much memory. Default 64 KiB.
    #[must_use]
    pub fn replay_octets(mut self, octets: usize) -> Self {
        self.settings.replay_octets = octets;
        self
    }

    /// How long a client that waits for 100 (Continue) waits for the origin to say so before we do. Default 1 s.
    #[must_use]
    pub fn expect_wait(mut self, wait: Duration) -> Self {
        self.settings.expect = wait;
        self
    }

    /// How long an exchange may take as a whole: from the first octet of its request to the last of its response, with all that filters, routes,
    /// retries and pauses between them wait for. A tunnel is free of it once it is open.
    ///
    /// Default: for ever (`Duration::MAX`), since each wait is bounded and a download may rightly take hours. [`crate::Request::exchange_within`]
    /// sets it for one request.
    ///
    /// Wire:    while no response has begun, 408 if it is the client that is waited for, else 504; after that the response is cut.
    #[must_use]
    pub fn exchange_within(mut self, limit: Duration) -> Self {
        self.settings.within = limit;
        self
    }

    /// What is done with paths that are not in normal form, such as `/x/../admin`, before filters and routes see them. Default
    /// [`Paths::AsReceived`]: they go on as they came, and rules on paths have to look at `Target::normal_path`.
    #[must_use]
    pub fn paths(mut self, paths: Paths) -> Self {
        self.settings.paths = paths;
        self
    }

    /// Which CONNECT requests get through at all. Default: none.
    #[must_use]
    pub fn connect(mut self, policy: ConnectPolicy) -> Self {
        self.settings.connect = policy;
        self
    }

    /// Which protocols clients may switch to. Default: `websocket` alone. [`crate::Request::upgrades`] sets it for one request.
    #[must_use]
    pub fn upgrades(mut self, policy: UpgradePolicy) -> Self {
        self.settings.upgrades = policy;
        self
    }
}
