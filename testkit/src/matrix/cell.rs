//! A pair of versions, and how a stage is built in it.

use simplon_core::connect::{Peer, Versions};
use simplon_core::http::{HttpConfig, OriginsConfig, Serve};
use simplon_proxy::{App, Filter, Observe, Rescue, Retry, Route, To};

use super::down::Down;
use super::octets::Octets;
use super::stage::Stage;
use super::up::Up;
use crate::network::Network;
use crate::pipe::PipeConfig;
use crate::records::Records;
use crate::rig::Rig;

/// A version of HTTP on one leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// HTTP/1.1.
    H1,
    /// HTTP/2.
    H2,
}

impl Version {
    /// As `Via` names it (RFC 9110 §7.6.3).
    #[must_use]
    pub fn via(self) -> &'static str {
        match self {
            Self::H1 => "1.1",
            Self::H2 => "2",
        }
    }
}

/// What carries both legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Over {
    /// Octets as they are. HTTP/2 is spoken without asking.
    Clear,
    /// TLS, in which ALPN agrees upon the version.
    #[cfg(feature = "tls")]
    Tls,
}

impl Over {
    pub(super) fn scheme(self) -> &'static str {
        match self {
            Self::Clear => "http",
            #[cfg(feature = "tls")]
            Self::Tls => "https",
        }
    }
}

/// A cell of the matrix: a version on each leg, what carries them, and what can be set before a stage is built.
#[derive(Clone, Debug)]
pub struct Cell {
    down: Version,
    up: Version,
    over: Over,
    http: HttpConfig,
    origins: OriginsConfig,
    pipes: PipeConfig,
}

impl Cell {
    /// These versions, carried by this.
    #[must_use]
    pub fn of(down: Version, up: Version, over: Over) -> Self {
        let (http, origins) = (HttpConfig::default(), OriginsConfig::default());
        Self { down, up, over, http, origins, pipes: PipeConfig::default() }
    }

    /// The version of the client's leg.
    #[must_use]
    pub fn down(&self) -> Version {
        self.down
    }

    /// The version of the origin's leg.
    #[must_use]
    pub fn up(&self) -> Version {
        self.up
    }

    /// The scheme of what clients ask for.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.over.scheme()
    }

    /// With limits and timeouts for clients.
    #[must_use]
    pub fn http(&self, config: HttpConfig) -> Self {
        Self { http: config, ..self.clone() }
    }

    /// With limits for origins.
    #[must_use]
    pub fn origins(&self, config: OriginsConfig) -> Self {
        Self { origins: config, ..self.clone() }
    }

    /// With connections of this kind on both sides.
    #[must_use]
    pub fn pipes(&self, config: PipeConfig) -> Self {
        Self { pipes: config, ..self.clone() }
    }

    /// Both legs of an application that passes everything to one origin.
    pub async fn legs(&self) -> (Down, Up) {
        let Stage { rig, origins, .. } = self.plain();
        let down = Down::open(&rig, self.down, self.over).await;
        (down, origins.into_iter().next().unwrap())
    }

    /// Everything to one origin; nothing is filtered.
    #[must_use]
    pub fn plain(&self) -> Stage<impl Serve + use<>> {
        self.with(|origin| App::new(To(origin)))
    }

    /// Everything to one origin, through one filter.
    #[must_use]
    pub fn filtered<F: Filter<()>>(&self, filter: F) -> Stage<impl Serve + use<F>> {
        self.with(|origin| App::new(To(origin)).filter(filter))
    }

    /// An application that is made for one origin.
    #[must_use]
    pub fn with<M, R, F, Y, S, O, C>(&self, make: M) -> Stage<impl Serve + use<M, R, F, Y, S, O, C>>
    where
        M: FnOnce(Peer) -> App<R, F, Y, S, O, C>,
        R: Route,
        F: Filter<R::Ctx>,
        Y: Retry<R::Ctx>,
        S: Rescue<R::Ctx>,
        O: Observe<R::Ctx>,
    {
        self.among(1, |peers| make(peers.into_iter().next().unwrap()))
    }

    /// An application that is made for so many origins.
    #[must_use]
    pub fn among<M, R, F, Y, S, O, C>(&self, origins: usize, make: M) -> Stage<impl Serve + use<M, R, F, Y, S, O, C>>
    where
        M: FnOnce(Vec<Peer>) -> App<R, F, Y, S, O, C>,
        R: Route,
        F: Filter<R::Ctx>,
        Y: Retry<R::Ctx>,
        S: Rescue<R::Ctx>,
        O: Observe<R::Ctx>,
    {
        let network = Network::with_pipes(self.pipes);
        let origins: Vec<Up> =
            (0..origins).map(|_| network.origin()).map(|origin| Up::new(origin, self.up, self.over)).collect();
        let records = Records::new();
        let peers = origins.iter().map(|origin| self.peer(origin)).collect();
        let app = make(peers).origins(network.origins_with(self.origins.clone())).observe(records.clone());
        let rig = Rig::with_config(app, self.http.clone()).with_pipes(self.pipes);
        Stage { rig: Octets::serve(rig, self.over), origins, records, down: self.down, over: self.over }
    }

    /// An origin as the application knows it.
    fn peer(&self, origin: &Up) -> Peer {
        let builder = origin.peer().to_builder();
        let builder = match (self.over, self.up) {
            (Over::Clear, Version::H1) => builder,
            (Over::Clear, Version::H2) => builder.versions(Versions::Http2),
            #[cfg(feature = "tls")]
            (Over::Tls, _) => builder.versions(Versions::Auto).tls(super::tls::to_origins()),
        };
        builder.build().expect("what TLS offers follows from the versions")
    }
}
