//! Clients show certificates: who they are is told to the origin, and decides what they may do.
//!
//! `cargo run --example mtls` makes an authority and two clients of it, and says where their certificates are.

#[path = "shared/certificates.rs"]
mod certificates;
#[path = "shared/shared.rs"]
mod shared;

use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use http::StatusCode;
use simplon::prelude::*;
use simplon::proto_tls::backends;
use simplon::proto_tls::certificate::AltName;
use simplon::proxy::Tell;

/// Below /admin only the client of this name may ask.
struct OnlyAdmin(&'static str);

impl<Ctx: Send> Filter<Ctx> for OnlyAdmin {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
        let shown = request.info().tls().and_then(|facts| facts.peer_certificate());
        let names = shown.map(|certificate| certificate.alt_names()).unwrap_or_default();
        let is_admin = names.contains(&AltName::Dns(self.0.into()));
        match request.target.normal_path(Slashes::Merged).starts_with(b"/admin") && !is_admin {
            true => Ok(Response::text(StatusCode::FORBIDDEN, format!("{names:?} is not {}\n", self.0)).into()),
            false => Ok(Verdict::Continue),
        }
    }
}

/// A folder that was not there before, for nobody else to read: keys are in it.
fn own_folder() -> std::io::Result<PathBuf> {
    let stem = format!("simplon-mtls-{}", std::process::id());
    for n in 0..100 {
        let folder = std::env::temp_dir().join(format!("{stem}-{n}"));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            // Of an earlier process, or put there by somebody.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[tokio::main]
async fn main() -> std::result::Result<(), shared::Failure> {
    let args = shared::Args::parse();
    let origin = match args.upstream {
        Some(origin) => origin,
        None => shared::origin(answer(|request| {
            let shown = request.fields.text("client-cert").unwrap_or("no certificate");
            Response::text(StatusCode::OK, format!("{shown}\n"))
        }))
        .await?
        .into(),
    };
    let authority = certificates::Authority::new()?;
    let folder = own_folder()?;
    for name in ["admin", "guest"] {
        let (certificate, key) = authority.issue(name)?;
        let mut file =
            File::options().write(true).create_new(true).mode(0o600).open(folder.join(format!("{name}.pem")))?;
        file.write_all((certificate + &key).as_bytes())?;
    }
    let (certificate, key) = authority.issue("localhost")?;
    let identity = Identity::of_pem(certificate.as_bytes(), key.as_bytes())?;
    let auth = ClientAuth::Required(Arc::new(authority.trust()?));
    let backend = backends().into_iter().next().ok_or("no TLS library in this program")?;
    let end = TlsServer::new(backend, ServerConfig::of(identity).client_auth(auth))?;

    let forwarding = Forwarding::default().client_cert(Tell::Yes);
    let app = App::new(To(Peer::new(origin))).filter(OnlyAdmin("admin")).forwarding(forwarding);
    let running = Server::new().drain_on_term().listen(tcp(&args.listen)?.tls(end), Http::new(app)).start().await?;
    let addr = running.local_addrs()[0];
    println!("listening on https://{addr}");
    println!("try: curl -k --cert {} https://{addr}/admin", folder.join("admin.pem").display());
    running.wait().await?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
