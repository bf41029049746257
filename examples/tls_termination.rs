//! TLS ends here: a certificate for each name, read again when its files change, by a library of choice.
//!
//! `cargo run --example tls_termination -- --site 'www.example=www.pem,www.key' --site '*.example=wild.pem,wild.key'`
//!
//! Without `--site`, a self-signed certificate for localhost is made.

#[path = "shared/certificates.rs"]
mod certificates;
#[path = "shared/shared.rs"]
mod shared;

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use http::StatusCode;
use simplon::core::background::Background;
use simplon::core::tls::WatchFiles;
use simplon::prelude::*;
use simplon::proto_tls::backends;
use simplon::proto_tls::site::{Names, Site};
use simplon::proto_tls::watch::FileSite;

#[derive(Debug, Parser)]
#[group(skip)]
struct Args {
    #[command(flatten)]
    common: shared::Args,
    /// Server name, certificate chain and private key (PEM); may be given several times.
    #[arg(long, value_name = "NAME=CERT,KEY")]
    site: Vec<String>,
    /// TLS library, one of those in this program.
    #[arg(long, value_name = "NAME", default_value = "rustls")]
    backend: String,
}

/// The sites by name, and those that stand in files.
fn sites(args: &[String]) -> std::result::Result<(Names, Vec<Arc<FileSite>>), shared::Failure> {
    let (mut names, mut all) = (Names::new(), Vec::new());
    for arg in args {
        let parts = arg.split_once('=').and_then(|(name, files)| Some((name, files.split_once(',')?)));
        let (name, (cert, key)) = parts.ok_or_else(|| format!("--site {arg}: expected NAME=CERT,KEY"))?;
        let files = Arc::new(FileSite::new(cert, key).map_err(|error| format!("--site {arg}: {error}"))?);
        all.push(Arc::clone(&files));
        names = names.site(name, files);
    }
    if args.is_empty() {
        names = names.otherwise(Site::new(certificates::self_signed(&["localhost", "127.0.0.1"])?));
    }
    Ok((names, all))
}

#[tokio::main]
async fn main() -> std::result::Result<(), shared::Failure> {
    let args = Args::parse();
    let backend = backends().into_iter().find(|backend| backend.name() == args.backend);
    let backend = backend.ok_or_else(|| format!("--backend {}: not in this program", args.backend))?;
    let origin = match args.common.upstream {
        Some(origin) => origin,
        None => shared::origin(answer(|_| Response::text(StatusCode::OK, "in the clear behind TLS\n"))).await?.into(),
    };
    let (names, files) = sites(&args.site)?;
    let end = Arc::new(TlsServer::new(backend, ServerConfig::new(names))?);
    let app = App::new(To(Peer::new(origin))).filter(HostMatchesSni::new());
    let mut server =
        Server::new().drain_on_term().listen(tcp(&args.common.listen)?.tls(Arc::clone(&end)), Http::new(app));
    for site in files {
        end.prepare(&site.current())?;
        server = server.background(Background::new("certificate", WatchFiles::new(site, &end, Duration::from_secs(2))));
    }
    let running = server.start().await?;
    println!("listening on https://{}", running.local_addrs()[0]);
    running.wait().await?;
    Ok(())
}
