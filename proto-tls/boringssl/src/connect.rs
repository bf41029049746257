//! The connecting end: one context, and the sessions that were made with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use boring::error::ErrorStack;
use boring::ex_data::Index;
use boring::ssl::{
    Ssl, SslContext, SslInfoCallbackMode, SslRef, SslSession, SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion,
};
use simplon_proto_tls_seam::client::ClientParts;
use simplon_proto_tls_seam::resumption::{Offer, Sessions};
use simplon_proto_tls_seam::revocation::Lists;
use simplon_proto_tls_seam::{
    BoxFuture, ClientConfig, ConfigError, Connect, Error, ServerName, Session, Transport, Verify, Whom, alpn,
};

use crate::context::{self, Common};
use crate::failure::library;
use crate::stream::{Stream, handshake};
use crate::{NAME, ffi, identity, outcome, trust};

/// Connects with one configuration.
pub(crate) struct Connector(Arc<Inner>);

struct Inner {
    context: SslContext,
    verify: Verify,
    alternative_names: Vec<ServerName>,
    lists: Option<Arc<Lists>>,
    sessions: Arc<Sessions<SslSession>>,
    own: Option<[u8; 32]>,
    is_fips: bool,
}

impl Connector {
    /// Of a configuration.
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, ConfigError> {
        let ClientParts {
            roots,
            verify,
            identity,
            alternative_names,
            alpn: protocols,
            versions,
            ciphers,
            groups,
            resume,
            key_log,
            fips,
        } = config.parts();
        let is_fips = boring::fips::enabled();
        if fips && !is_fips {
            return Err(ConfigError::NotFips { backend: NAME });
        }
        let mut context = context::builder(&Common { versions, ciphers, groups, key_log })?;
        let mut lists = None;
        if verify != Verify::Nothing {
            let trust = roots.load()?;
            lists = Some(trust::lists(&trust)?);
            context.set_cert_store_builder(trust::store(&trust)?);
        }
        if !protocols.is_empty() {
            context.set_alpn_protos(&alpn::encode(protocols)?).map_err(library)?;
        }
        if let Some(identity) = identity {
            identity::show(&mut context, identity)?;
        }
        // The library tells only now whether it signed.
        context.set_info_callback(|ssl, mode, _| {
            if mode == SslInfoCallbackMode::HANDSHAKE_DONE
                && ssl.signature_algorithm_used().is_some()
                && let Some(about) = about(ssl)
            {
                about.has_signed.store(true, Ordering::Relaxed);
            }
        });
        let sessions = Arc::new(Sessions::default());
        if resume {
            context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
            let sessions = sessions.clone();
            context.set_new_session_callback(move |ssl, session| keep(&sessions, ssl, session));
        } else {
            context.set_session_cache_mode(SslSessionCacheMode::OFF);
        }
        Ok(Self(Arc::new(Inner {
            context: context.build(),
            verify,
            alternative_names: alternative_names.to_vec(),
            lists,
            sessions,
            own: identity.map(|identity| identity.certificate().fingerprint()),
            is_fips,
        })))
    }
}

impl<IO: Transport> Connect<IO> for Connector {
    fn connect(&self, io: IO, whom: Whom) -> BoxFuture<'static, Result<Box<dyn Session>, Error>> {
        let inner = self.0.clone();
        Box::pin(async move { inner.connect(io, &whom).await.map_err(|error| error.with_peer(&whom.name)) })
    }

    fn is_fips(&self) -> bool {
        self.0.is_fips
    }

    fn backend(&self) -> &'static str {
        NAME
    }
}

impl Inner {
    async fn connect<IO: Transport>(&self, io: IO, whom: &Whom) -> Result<Box<dyn Session>, Error> {
        let tls = handshake(&self.context, io, SslStream::connect, |ssl| self.expect(ssl, whom)).await?;
        let mut facts = outcome::facts(tls.ssl())?;
        if let ServerName::Dns(name) = &whom.name {
            facts.server_name = Some(name.clone());
        }
        facts.own = self.own.filter(|_| about(tls.ssl()).is_some_and(|about| about.has_signed.load(Ordering::Relaxed)));
        Ok(Box::new(Stream::new(tls, facts)))
    }

    /// Sets what this one connection is about.
    fn expect(&self, ssl: &mut SslRef, whom: &Whom) -> Result<(), ErrorStack> {
        let name = &whom.name;
        if let ServerName::Dns(name) = name {
            ssl.set_hostname(name)?;
        }
        let Some(lists) = self.lists.clone() else {
            ssl.set_verify(SslVerifyMode::NONE);
            return self.remember(ssl, whom);
        };
        // One name the library looks for by itself.
        let names = match self.verify {
            Verify::Full if self.alternative_names.is_empty() => {
                trust::expect_name(ssl, name)?;
                Vec::new()
            }
            Verify::Full => std::iter::once(name).chain(&self.alternative_names).cloned().collect(),
            Verify::ChainAlone | Verify::Nothing => Vec::new(),
        };
        ssl.set_verify_callback(SslVerifyMode::PEER, trust::judge(names, lists));
        self.remember(ssl, whom)
    }

    /// Notes whom a connection is for, and offers a session of it.
    fn remember(&self, ssl: &mut SslRef, whom: &Whom) -> Result<(), ErrorStack> {
        let index = index()?;
        ssl.set_ex_data(index, About { whom: whom.clone(), has_signed: AtomicBool::new(false) });
        if let Some(session) = self.sessions.take(whom) {
            ffi::resume(ssl, &session)?;
        }
        Ok(())
    }
}

/// What a connection remembers.
struct About {
    /// For sessions that come later.
    whom: Whom,
    /// Whether our certificate was shown.
    has_signed: AtomicBool,
}

/// Where it does.
fn index() -> Result<Index<Ssl, About>, ErrorStack> {
    static INDEX: OnceLock<Index<Ssl, About>> = OnceLock::new();
    match INDEX.get() {
        Some(index) => Ok(*index),
        None => {
            let index = Ssl::new_ex_index()?;
            Ok(*INDEX.get_or_init(|| index))
        }
    }
}

fn about(ssl: &SslRef) -> Option<&About> {
    index().ok().and_then(|index| ssl.ex_data(index))
}

fn keep(sessions: &Sessions<SslSession>, ssl: &SslRef, session: SslSession) {
    let Some(about) = about(ssl) else { return };
    let offer = if session.protocol_version() == SslVersion::TLS1_3 { Offer::Once } else { Offer::Often };
    sessions.put(&about.whom, session, offer);
}
