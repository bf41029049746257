//! The accepting end: one prepared context for each site.

use std::sync::Arc;

use boring::ssl::{
    AlpnError, SslContext, SslContextBuilder, SslOptions, SslSessionCacheMode, SslStream, SslVerifyMode,
};
use simplon_proto_tls_seam::resumption::ScopedKeys;
use simplon_proto_tls_seam::site::{Chosen, Maker, Site};
use simplon_proto_tls_seam::{
    Accept, BoxFuture, ClientAuth, ClientHello, ConfigError, Error, Reason, Rewound, ServerConfig, Session, Transport,
    Trust, alpn, hello, path, resumption,
};

use crate::context::{self, Common};
use crate::failure::library;
use crate::stream::{Stream, handshake};
use crate::{NAME, ffi, identity, outcome, trust};

/// Accepts with one configuration.
pub(crate) struct Acceptor(Arc<Inner>);

struct Inner {
    config: ServerConfig,
    maker: Maker,
    is_fips: bool,
}

/// What is made of a site.
struct Prepared {
    context: SslContext,
    own: [u8; 32],
}

impl Acceptor {
    /// Of a configuration, all of which is tried out here.
    pub(crate) fn new(config: &ServerConfig) -> Result<Self, ConfigError> {
        let is_fips = boring::fips::enabled();
        let inner = Inner { config: config.clone(), maker: Maker::unique(), is_fips };
        inner.context(&config.client_auth, config.usual_alpn())?;
        Ok(Self(Arc::new(inner)))
    }
}

impl<IO: Transport> Accept<IO> for Acceptor {
    fn accept(
        &self,
        io: Rewound<IO>,
        hello: ClientHello,
        site: Chosen,
    ) -> BoxFuture<'static, Result<Box<dyn Session>, Error>> {
        let inner = self.0.clone();
        Box::pin(async move { inner.accept(io, &hello, site).await })
    }

    fn prepare(&self, site: &Site) -> Result<(), ConfigError> {
        self.0.prepared(site).map(drop)
    }

    fn is_fips(&self) -> bool {
        self.0.is_fips
    }

    fn backend(&self) -> &'static str {
        NAME
    }
}

impl Inner {
    async fn accept<IO: Transport>(
        &self,
        io: Rewound<IO>,
        hello: &ClientHello,
        site: Chosen,
    ) -> Result<Box<dyn Session>, Error> {
        let prepared = match self.prepared(&site) {
            Ok(prepared) => prepared,
            Err(error) => {
                let (_, mut io) = io.into_parts();
                hello::refuse(&mut io, Reason::Library).await;
                return Err(Error::new(NAME, Reason::Library).with_detail(error));
            }
        };
        let tls = handshake(&prepared.context, io, SslStream::accept, |ssl| {
            // Clients that do not ask for it do not get it.
            site.identity().staple().map_or(Ok(()), |staple| ssl.set_ocsp_status(staple))
        })
        .await?;
        let mut facts = outcome::facts(tls.ssl())?;
        facts.server_name = hello.server_name().map(Into::into);
        facts.own = Some(prepared.own);
        let asked = self.config.client_auth_of(&site);
        facts.peer = path::verified(facts.peer, asked, |signed| trust::has_signed(signed.issuer, signed.whole));
        facts.site = Some(site);
        Ok(Box::new(Stream::new(tls, facts)))
    }

    fn prepared(&self, site: &Site) -> Result<Arc<Prepared>, ConfigError> {
        site.prepared(self.maker, || {
            let mut context = self.context(self.config.client_auth_of(site), self.config.alpn_of(site))?;
            identity::show(&mut context, site.identity())?;
            Ok(Prepared { context: context.build(), own: site.identity().certificate().fingerprint() })
        })
    }

    /// All but the identity.
    fn context(&self, auth: &ClientAuth, protocols: &[Vec<u8>]) -> Result<SslContextBuilder, ConfigError> {
        let ServerConfig { oldest, newest, ciphers, groups, key_log, .. } = &self.config;
        let mut context = context::builder(&Common {
            versions: (*oldest, *newest),
            ciphers: ciphers.as_deref(),
            groups: groups.as_deref(),
            key_log: key_log.as_ref(),
        })?;
        context.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
        // Resumption is by tickets alone: nothing is stored here for each client.
        context.set_session_cache_mode(SslSessionCacheMode::OFF);
        let scope = resumption::context(NAME, auth);
        context.set_session_id_context(&scope).map_err(library)?;
        match self.config.tickets.clone() {
            Some(keys) => ffi::issue_tickets(&mut context, ScopedKeys::new(keys, scope)),
            None => drop(context.set_options(SslOptions::NO_TICKET)),
        }
        choose_protocol(&mut context, protocols)?;
        ask_clients(&mut context, auth)?;
        Ok(context)
    }
}

/// By the server's preference; without a common one the client gets the alert `no_application_protocol` (RFC 7301 §3.2). Clients that offer
/// none never come here.
fn choose_protocol(context: &mut SslContextBuilder, protocols: &[Vec<u8>]) -> Result<(), ConfigError> {
    alpn::encode(protocols)?;
    if !protocols.is_empty() {
        let protocols = protocols.to_vec();
        context.set_alpn_select_callback(move |_, offered| {
            alpn::select(&protocols, offered).ok_or(AlpnError::ALERT_FATAL)
        });
    }
    Ok(())
}

fn ask_clients(context: &mut SslContextBuilder, auth: &ClientAuth) -> Result<(), ConfigError> {
    let (whom, mode): (&Trust, _) = match auth {
        ClientAuth::None => return Ok(()),
        ClientAuth::Optional(whom) => (whom, SslVerifyMode::PEER),
        ClientAuth::Required(whom) => (whom, SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT),
    };
    context.set_cert_store_builder(trust::store(whom)?);
    for root in trust::certificates(whom)? {
        context.add_client_ca(&root).map_err(library)?;
    }
    context.set_verify_callback(mode, trust::judge(Vec::new(), trust::lists(whom)?));
    Ok(())
}
