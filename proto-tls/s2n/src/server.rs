//! The accepting end.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use s2n_tls::cert_chain::CertificateChain;
use s2n_tls::config::{Builder, Config};
use s2n_tls::connection::Connection;
use s2n_tls::enums::ClientAuthType;
use s2n_tls::error::Error as S2nError;
use s2n_tls::security::Policy;
use simplon_proto_tls_seam::revocation::Lists;
use simplon_proto_tls_seam::site::{Chosen, Maker};
use simplon_proto_tls_seam::tickets::TicketKey;
use simplon_proto_tls_seam::{
    Accept, BoxFuture, ClientAuth, ClientHello, ConfigError, Error, Facts, Reason, Rewound, ServerConfig, Session,
    Site, Transport, Trust,
};
use tokio::io::AsyncWriteExt as _;

use crate::leave::{Leave, MOST_SECONDS, alert};
use crate::link::Link;
use crate::names::Any;
use crate::stream::Stream;
use crate::{NAME, error, facts, ffi, lists, pem, policy, tickets};

/// The accepting end. What it makes of a site is kept there, and made again when the ticket keys have changed.
pub(crate) struct Accepting {
    maker: Maker,
    config: ServerConfig,
    policy: Policy,
    leave: Leave,
}

/// What is made of a site.
struct Prepared {
    chain: CertificateChain<'static>,
    trust: Option<Arc<Trust>>,
    lists: Option<Arc<Lists>>,
    own: [u8; 32],
    made: Mutex<Made>,
}

/// A configuration of the library, and the keys that are in it.
struct Made {
    config: Config,
    keys: Option<Arc<Vec<TicketKey>>>,
}

impl Accepting {
    pub(crate) fn new(config: &ServerConfig) -> Result<Self, ConfigError> {
        let policy = policy::of(config.oldest, config.newest, config.ciphers.as_deref(), config.groups.as_deref())?;
        lists_of(&config.client_auth)?;
        let leave = Leave::within(config.deadline);
        Ok(Self { maker: Maker::unique(), config: config.clone(), policy, leave })
    }

    fn prepared(&self, site: &Site) -> Result<(Arc<Prepared>, Config), ConfigError> {
        // The keys of now: whoever holds them sees by the pointer whether they are others.
        let keys = self.config.tickets.as_ref().map(|tickets| tickets.all());
        let prepared = site.prepared(self.maker, || {
            let chain = pem::chain(site.identity())?;
            let auth = self.config.client_auth_of(site);
            let (trust, lists) = (trust_of(auth).cloned(), lists_of(auth)?);
            let own = site.identity().certificate().fingerprint();
            let config = self.make(site, &chain, lists.as_ref(), keys.as_deref())?;
            Ok(Prepared { chain, trust, lists, own, made: Mutex::new(Made { config, keys: keys.clone() }) })
        })?;
        let mut made = prepared.made.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = match (&made.keys, &keys) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !is_same {
            made.config = self.make(site, &prepared.chain, prepared.lists.as_ref(), keys.as_deref())?;
            made.keys = keys;
        }
        let config = made.config.clone();
        drop(made);
        Ok((prepared, config))
    }

    fn make(
        &self,
        site: &Site,
        chain: &CertificateChain<'static>,
        lists: Option<&Arc<Lists>>,
        keys: Option<&Vec<TicketKey>>,
    ) -> Result<Config, ConfigError> {
        let make = || -> Result<Config, S2nError> {
            let mut builder = Builder::new();
            builder
                .with_system_certs(false)?
                .set_security_policy(&self.policy)?
                .load_chain(chain.clone())?
                .set_application_protocol_preference(self.config.alpn_of(site))?
                .set_max_blinding_delay(MOST_SECONDS)?;
            let (asked, trust) = match self.config.client_auth_of(site) {
                ClientAuth::None => (ClientAuthType::None, None),
                ClientAuth::Optional(trust) => (ClientAuthType::Optional, Some(trust)),
                ClientAuth::Required(trust) => (ClientAuthType::Required, Some(trust)),
            };
            builder.set_client_auth_type(asked)?;
            match trust {
                None => {}
                Some(trust) => {
                    builder.set_verify_host_callback(Any)?;
                    for root in trust.roots() {
                        builder.trust_pem(pem::certificate(root).as_bytes())?;
                    }
                    lists.map_or(Ok(()), |lists| lists::ask(&mut builder, trust, lists))?;
                }
            }
            match (trust, keys) {
                // Tickets hold no certificates: whoever resumed would be nobody.
                (None, Some(keys)) => tickets::set(&mut builder, keys)?,
                _ => drop(builder.enable_session_tickets(false)?),
            }
            if let Some(log) = &self.config.key_log {
                ffi::log_keys(&mut builder, log.clone())?;
            }
            builder.build()
        };
        make().map_err(|refused| error::config(&refused))
    }

    /// Why a client cannot be served, if the ClientHello says so: the library would not tell.
    fn refusal(&self, hello: &ClientHello, site: &Site) -> Option<Reason> {
        let ours = self.config.alpn_of(site);
        let mut theirs = hello.alpn().peekable();
        let is_about_alpn = !ours.is_empty() && theirs.peek().is_some();
        if is_about_alpn && !theirs.any(|name| ours.iter().any(|ours| ours == name)) {
            return Some(Reason::NoSharedProtocol);
        }
        None
    }
}

/// Whom clients have to be certified by.
fn trust_of(auth: &ClientAuth) -> Option<&Arc<Trust>> {
    match auth {
        ClientAuth::None => None,
        ClientAuth::Optional(trust) | ClientAuth::Required(trust) => Some(trust),
    }
}

/// The revocation lists that clients may not be on.
fn lists_of(auth: &ClientAuth) -> Result<Option<Arc<Lists>>, ConfigError> {
    trust_of(auth).map_or(Ok(None), |trust| lists::of(trust))
}

impl<IO: Transport> Accept<IO> for Accepting {
    fn accept(
        &self,
        io: Rewound<IO>,
        hello: ClientHello,
        site: Chosen,
    ) -> BoxFuture<'static, Result<Box<dyn Session>, Error>> {
        if let Some(reason) = self.refusal(&hello, &site) {
            return Box::pin(refuse(io, Error::new(NAME, reason)));
        }
        let (prepared, config) = match self.prepared(&site) {
            Ok(prepared) => prepared,
            Err(error) => return Box::pin(refuse(io, Error::new(NAME, Reason::Library).with_detail(error))),
        };
        let leave = self.leave.clone();
        Box::pin(async move {
            let mut link = Link::new(Connection::new_server(), config, io).map_err(|e| error::internal(&e))?;
            if let Err(failed) = poll_fn(|cx| link.poll_negotiate(cx)).await {
                return Err(error::handshake(link, &failed, &leave));
            }
            let mut facts = facts::of(&link.connection).map_err(|e| error::internal(&e))?;
            facts.server_name = hello.server_name().map(Into::into);
            facts.peer = facts::peer(&link.connection, prepared.trust.as_deref());
            facts.own = Some(prepared.own);
            facts.site = Some(site);
            Ok(established(link, facts))
        })
    }

    fn prepare(&self, site: &Site) -> Result<(), ConfigError> {
        self.prepared(site).map(drop)
    }

    fn is_fips(&self) -> bool {
        policy::is_fips()
    }

    fn backend(&self) -> &'static str {
        NAME
    }
}

pub(crate) fn established<IO: Transport>(link: Link<IO>, facts: Facts) -> Box<dyn Session> {
    Box::new(Stream::new(link, facts))
}

async fn refuse<IO: Transport>(mut io: Rewound<IO>, error: Error) -> Result<Box<dyn Session>, Error> {
    // Whether it arrives does not matter.
    let _ = io.write_all(&[21, 3, 3, 0, 2, 2, alert(error.reason())]).await;
    let _ = io.shutdown().await;
    Err(error)
}
