//! The connecting end.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use s2n_tls::config::{Builder, Config};
use s2n_tls::connection::Connection;
use s2n_tls::error::Error as S2nError;
use simplon_proto_tls_seam::client::ClientParts;
use simplon_proto_tls_seam::{
    BoxFuture, Certificate, ClientConfig, ConfigError, Connect, Error, Facts, Reason, Roots, ServerName, Session,
    Transport, Trust, Verify, Version, Whom,
};

use crate::leave::{Leave, MOST_SECONDS};
use crate::link::Link;
use crate::names::{Any, Expected};
use crate::server::established;
use crate::sessions::{Keep, Kept, Owner, Sessions};
use crate::{NAME, error, facts, ffi, lists, pem, policy};

/// The connecting end; what all of its connections share.
#[derive(Clone)]
pub(crate) struct Connecting(Arc<Shared>);

struct Shared {
    config: Config,
    settings: ClientConfig,
    trust: Option<Arc<Trust>>,
    /// `None` if nothing is resumed.
    sessions: Option<Arc<Sessions>>,
    own: Option<[u8; 32]>,
    leave: Leave,
}

impl Connecting {
    pub(crate) fn new(settings: &ClientConfig) -> Result<Self, ConfigError> {
        // No `..`: a new setting has to be placed here.
        let ClientParts {
            roots,
            verify,
            identity,
            alternative_names: _,
            alpn,
            versions: (oldest, newest),
            ciphers,
            groups,
            resume,
            key_log,
            fips,
        } = settings.parts();
        if fips && !policy::is_fips() {
            return Err(ConfigError::NotFips { backend: NAME });
        }
        let policy = policy::of(oldest, newest, ciphers, groups)?;
        let trust = match verify {
            Verify::Full | Verify::ChainAlone => Some(roots.load()?),
            Verify::Nothing => None,
        };
        let listed = trust.as_deref().map_or(Ok(None), lists::of)?;
        let chain = identity.map(|identity| pem::chain(identity)).transpose()?;
        let mut builder = Builder::new();
        let set = || -> Result<(), S2nError> {
            builder
                .with_system_certs(false)?
                .set_security_policy(&policy)?
                .set_application_protocol_preference(alpn)?
                .set_max_blinding_delay(MOST_SECONDS)?
                .set_verify_host_callback(Any)?;
            chain.map_or(Ok(()), |chain| builder.load_chain(chain).map(drop))?;
            if let (Some(trust), Some(listed)) = (&trust, &listed) {
                lists::ask(&mut builder, trust, listed)?;
            }
            if resume {
                builder.set_session_ticket_callback(Keep)?;
            }
            key_log.map_or(Ok(()), |log| ffi::log_keys(&mut builder, log.clone()))
        };
        set().map_err(|refused| error::config(&refused))?;
        match &trust {
            Some(trust) => add_roots(&mut builder, trust, roots)?,
            None => ffi::verify_nothing(&mut builder).map_err(|refused| error::config(&refused))?,
        }
        let config = builder.build().map_err(|refused| error::config(&refused))?;
        Ok(Self(Arc::new(Shared {
            config,
            settings: settings.clone(),
            trust,
            sessions: resume.then(Arc::default),
            own: identity.map(|identity| identity.certificate().fingerprint()),
            leave: Leave::within(Duration::MAX),
        })))
    }
}

/// One root of the system that the library cannot read does not keep it from trusting the others.
fn add_roots(builder: &mut Builder, trust: &Trust, roots: &Roots) -> Result<(), ConfigError> {
    for root in trust.roots() {
        match (builder.trust_pem(pem::certificate(root).as_bytes()), roots) {
            (Ok(_), _) => {}
            (Err(error), Roots::System) => {
                tracing::warn!(%error, ?root, "a trusted certificate of the system is left out")
            }
            (Err(refused), Roots::Only(_)) => return Err(error::config(&refused)),
        }
    }
    Ok(())
}

impl Shared {
    /// A connection that resumes a session if there is one, and the certificates of that.
    fn connection(&self, whom: &Whom, expected: Option<&Expected>) -> Result<(Connection, Option<Kept>), S2nError> {
        let mut connection = Connection::new_client();
        if let ServerName::Dns(name) = &whom.name {
            connection.set_server_name(name)?;
        }
        if let Some(expected) = expected {
            connection.set_verify_host_callback(expected.clone())?;
        }
        Ok((connection, self.sessions.as_ref().and_then(|sessions| sessions.take(whom))))
    }

    async fn connect<IO: Transport>(&self, io: IO, whom: Whom) -> Result<Box<dyn Session>, Error> {
        let parts = self.settings.parts();
        let expected =
            (parts.verify == Verify::Full).then(|| Expected::new(whom.name.clone(), parts.alternative_names));
        let (connection, before) = self.connection(&whom, expected.as_ref()).map_err(|e| error::internal(&e))?;
        let mut link = Link::new(connection, self.config.clone(), io).map_err(|e| error::internal(&e))?;
        if let Some(sessions) = &self.sessions {
            let peer = before.as_ref().map(|kept| kept.peer.clone()).unwrap_or_default();
            let owner =
                Owner { sessions: sessions.clone(), whom: whom.clone(), trust: self.trust.clone(), before: peer };
            link.connection.set_application_context(owner);
            if let Some(kept) = &before {
                // One that has expired is refused, and the handshake is a full one.
                let _ = link.connection.set_session_ticket(&kept.ticket);
            }
        }
        if let Err(failed) = poll_fn(|cx| link.poll_negotiate(cx)).await {
            let error = error::handshake(link, &failed, &self.leave);
            return Err(name_first(error, expected.as_ref(), &failed));
        }
        let mut facts = facts::of(&link.connection).map_err(|e| error::internal(&e))?;
        facts.peer = match (facts.resumed, &before) {
            (true, Some(kept)) => kept.peer.clone(),
            _ => facts::peer(&link.connection, self.trust.as_deref()),
        };
        if let Some((reason, detail)) = objection(&facts, expected.as_ref(), parts.alpn) {
            return Err(self.leave.take(link, reason, detail));
        }
        if let (Some(kept), Some(sessions), true, Version::Tls12) =
            (before, &self.sessions, facts.resumed, facts.version)
        {
            // Of these, one serves many connections.
            sessions.put(&whom, kept);
        }
        facts.server_name = match whom.name {
            ServerName::Dns(name) => Some(name),
            _ => None,
        };
        facts.own = self.own.filter(|_| link.connection.client_cert_used());
        Ok(established(link, facts))
    }
}

/// The library gives up on names in ways that it calls untrusted too; what it has not come across is not for us.
fn name_first(error: Error, expected: Option<&Expected>, failed: &S2nError) -> Error {
    let is_name = error.reason() == Reason::UnknownIssuer && expected.is_some_and(|expected| !expected.were_seen());
    if is_name { Error::new(NAME, Reason::WrongName).with_detail(failed) } else { error }
}

/// What the library does not look at.
fn objection(facts: &Facts, expected: Option<&Expected>, alpn: &[Vec<u8>]) -> Option<(Reason, &'static str)> {
    let leaf: Option<&Certificate> = facts.peer_certificate();
    let is_proved = facts.resumed || expected.is_none_or(|expected| expected.are_proved_by(leaf));
    let is_offered = facts.alpn.as_deref().is_none_or(|chosen| alpn.iter().any(|offered| offered == chosen));
    match (is_proved, is_offered) {
        (false, _) => Some((Reason::WrongName, "the name is in no alternative name of its kind")),
        (true, false) => Some((Reason::Malformed, "an application protocol that was not offered")),
        (true, true) => None,
    }
}

impl<IO: Transport> Connect<IO> for Connecting {
    fn connect(&self, io: IO, whom: Whom) -> BoxFuture<'static, Result<Box<dyn Session>, Error>> {
        let shared = self.0.clone();
        Box::pin(async move { shared.connect(io, whom.clone()).await.map_err(|error| error.with_peer(&whom.name)) })
    }

    fn is_fips(&self) -> bool {
        policy::is_fips()
    }

    fn backend(&self) -> &'static str {
        NAME
    }
}
