//! The ends of TLS that the load balancer's arguments ask for.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use simplon::core::background::Background;
use simplon::core::net::Stream;
use simplon::core::tls::WatchFiles;
use simplon::prelude::*;
use simplon::proto_tls;
use simplon::proto_tls::session::Backend;
use simplon::proto_tls::watch::FileSite;

use super::{Failure, certificates};

/// How often certificate files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// The library of this name, if this program was built with it.
pub(crate) fn backend(name: &str) -> Result<Arc<dyn Backend<Stream>>, Failure> {
    let all = proto_tls::backends::<Stream>();
    let names: Vec<&str> = all.iter().map(|backend| backend.name()).collect();
    let known = names.join(", ");
    all.into_iter()
        .find(|backend| backend.name() == name)
        .ok_or_else(|| format!("--tls {name}: not in this program, which has {known}").into())
}

/// The accepting end, and what looks after its files.
pub(crate) fn server(
    backend: &Arc<dyn Backend<Stream>>,
    cert: Option<&Path>,
    key: Option<&Path>,
) -> Result<(Arc<TlsServer>, Option<Background>), Failure> {
    let end = |config| TlsServer::new(Arc::clone(backend), config).map(Arc::new);
    let (Some(cert), Some(key)) = (cert, key) else {
        let identity = certificates::self_signed(&["localhost", "127.0.0.1"])?;
        return Ok((end(ServerConfig::of(identity))?, None));
    };
    let site = Arc::new(FileSite::new(cert, key).map_err(of_files(cert, key))?);
    let end = end(ServerConfig::new(Arc::clone(&site))).map_err(of_files(cert, key))?;
    end.prepare(&site.current()).map_err(of_files(cert, key))?;
    let watch = Background::new("certificates", WatchFiles::new(site, &end, LOOK));
    Ok((end, Some(watch)))
}

/// The connecting end.
pub(crate) fn client(
    backend: &Arc<dyn Backend<Stream>>,
    ca: Option<&Path>,
    insecure: bool,
) -> Result<TlsClient, Failure> {
    let mut config = ClientConfig::new();
    if let Some(path) = ca {
        let pem = std::fs::read(path).map_err(|error| format!("--upstream-ca {}: {error}", path.display()))?;
        config = config.trust(Trust::of_pem(&pem)?);
    }
    if insecure {
        config = config.danger_accept_anyone();
    }
    Ok(TlsClient::new(&**backend, config)?)
}

fn of_files(cert: &Path, key: &Path) -> impl FnOnce(proto_tls::ConfigError) -> Failure {
    let names = format!("--cert {} --key {}", cert.display(), key.display());
    move |error| format!("{names}: {error}").into()
}
