//! Files of certificates, looked after beside the connections.

use std::sync::Arc;
use std::time::Duration;

use simplon_proto_tls::watch::FileSite;

use crate::background::{BackgroundService, Ready};
use crate::error::BoxError;
use crate::server::Drain;
use crate::tls::TlsServer;

/// Looks after the files of a site, as a background service: a change is noticed within the period. What cannot be read, or what the end of TLS
/// would not take (a key that belongs to another certificate, because only one of both is written yet), leaves the last good one in force and is
/// said in the log.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # fn backend() -> Arc<dyn simplon_core::tls::Backend> { unimplemented!() }
/// use simplon_core::background::Background;
/// use simplon_core::proto_tls::ServerConfig;
/// use simplon_core::proto_tls::watch::FileSite;
/// use simplon_core::tls::{TlsServer, WatchFiles};
///
/// let site = Arc::new(FileSite::new("cert.pem", "key.pem")?);
/// let end = Arc::new(TlsServer::new(backend(), ServerConfig::new(Arc::clone(&site)))?);
/// let watch = Background::new("certificates", WatchFiles::new(site, &end, Duration::from_secs(10)));
/// # drop(watch);
/// # Ok::<(), simplon_core::proto_tls::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct WatchFiles {
    site: Arc<FileSite>,
    end: Arc<TlsServer>,
    period: Duration,
}

impl WatchFiles {
    /// Looks once in a period, for this end of TLS.
    #[must_use]
    pub fn new(site: Arc<FileSite>, end: &Arc<TlsServer>, period: Duration) -> Self {
        Self { site, end: Arc::clone(end), period }
    }
}

impl BackgroundService for WatchFiles {
    /// The certificate was read when the site was made, so that it is ready at once.
    async fn run(&self, ready: Ready, mut drain: Drain) -> Result<(), BoxError> {
        ready.ready();
        tokio::select! {
            () = drain.draining() => {}
            () = self.site.watch(self.period, |site| self.end.prepare(site)) => {}
        }
        Ok(())
    }
}
