//! Files of certificates, looked after beside the connections.

use std::sync::Arc;
use std::time::Duration;

use simplon_proto_tls::watch::FileSite;

use crate::background::{BackgroundService, Ready};
use crate::error::BoxError;
use crate::server::Drain;

/// Looks after the files of a site, as a background service: a change is noticed within the period, a bad file leaves the last good one in
/// force and is said in the log.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// use simplon_core::background::Background;
/// use simplon_core::proto_tls::ServerConfig;
/// use simplon_core::proto_tls::watch::FileSite;
/// use simplon_core::tls::WatchFiles;
///
/// let site = Arc::new(FileSite::new("cert.pem", "key.pem")?);
/// let config = ServerConfig::new(Arc::clone(&site));
/// let watch = Background::new("certificates", WatchFiles::new(site, Duration::from_secs(10)));
/// # drop((config, watch));
/// # Ok::<(), simplon_core::proto_tls::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct WatchFiles {
    site: Arc<FileSite>,
    period: Duration,
}

impl WatchFiles {
    /// Looks once in a period.
    #[must_use]
    pub fn new(site: Arc<FileSite>, period: Duration) -> Self {
        Self { site, period }
    }
}

impl BackgroundService for WatchFiles {
    /// The certificate was read when the site was made, so that it is ready at once.
    async fn run(&self, ready: Ready, mut drain: Drain) -> Result<(), BoxError> {
        ready.ready();
        tokio::select! {
            () = drain.draining() => {}
            () = self.site.watch(self.period) => {}
        }
        Ok(())
    }
}
