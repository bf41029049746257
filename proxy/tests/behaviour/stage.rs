//! A client, the proxy, and an origin or several.

use simplon_core::connect::Peer;
use simplon_core::http::{HttpConfig, OriginsConfig, Serve};
use simplon_proxy::{App, Filter, Observe, Rescue, Retry, Route, To};
use simplon_testkit::{Network, Origin, Records, Rig, Wire};

/// One origin behind an application that keeps its records.
pub(crate) struct Stage<S> {
    pub(crate) rig: Rig<S>,
    pub(crate) origin: Origin,
    pub(crate) records: Records,
}

/// Everything goes to one origin; nothing is filtered.
pub(crate) fn plain() -> Stage<impl Serve> {
    with(|origin| App::new(To(origin)))
}

/// An application that is made for one origin.
pub(crate) fn with<R, F, Y, S, O, C>(make: impl FnOnce(Peer) -> App<R, F, Y, S, O, C>) -> Stage<impl Serve>
where
    R: Route,
    F: Filter<R::Ctx>,
    Y: Retry<R::Ctx>,
    S: Rescue<R::Ctx>,
    O: Observe<R::Ctx>,
{
    on(Network::new(), HttpConfig::default(), OriginsConfig::default(), make)
}

/// Everything goes to one origin, through one filter.
pub(crate) fn filtered<F: Filter<()>>(filter: F) -> Stage<impl Serve> {
    with(|origin| App::new(To(origin)).filter(filter))
}

/// The same with all that can be set.
pub(crate) fn on<R, F, Y, S, O, C>(
    network: Network,
    config: HttpConfig,
    origins: OriginsConfig,
    make: impl FnOnce(Peer) -> App<R, F, Y, S, O, C>,
) -> Stage<impl Serve>
where
    R: Route,
    F: Filter<R::Ctx>,
    Y: Retry<R::Ctx>,
    S: Rescue<R::Ctx>,
    O: Observe<R::Ctx>,
{
    let origin = network.origin();
    let records = Records::new();
    let app = make(origin.peer()).origins(network.origins_with(origins)).observe(records.clone());
    Stage { rig: Rig::with_config(app, config), origin, records }
}

impl<S: Serve> Stage<S> {
    /// A client that has sent these octets, and the connection on which the proxy passed them on.
    pub(crate) async fn pass(&mut self, octets: impl Into<Vec<u8>>) -> (Wire, Wire) {
        let mut client = self.rig.client();
        client.send(octets).await;
        let origin = self.origin.accept().await;
        (client, origin)
    }
}
