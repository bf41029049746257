//! TLS passes through: the name in the ClientHello chooses the origin, and nothing is decrypted here.
//!
//! `cargo run --example sni_passthrough -- --route a.example=127.0.0.1:8443 --route b.example=127.0.0.1:9443`
//!
//! Without `--route`, two origins are started, and it says what to type.

#[path = "shared/certificates.rs"]
mod certificates;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use http::StatusCode;
use simplon::core::connect::{Connect, TcpConnector};
use simplon::core::net::{ConnInfo, Stream};
use simplon::core::server::Drain;
use simplon::prelude::*;
use simplon::proto_tls::{Reason, backends, hello};
use tokio::io::copy_bidirectional;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// From a client's connection to its ClientHello.
const PATIENCE: Duration = Duration::from_secs(10);
/// When the server drains: how long a client that has said nothing may still begin, as its ClientHello may be on the way.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Debug, Parser)]
struct Args {
    /// Address to listen on; port 0 takes any free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: String,
    /// Server name and origin; may be given several times.
    #[arg(long, value_name = "NAME=HOST:PORT")]
    route: Vec<String>,
}

async fn pass(down: Stream, from: Arc<ConnInfo>, mut drain: Drain, routes: Arc<HashMap<String, Peer>>) {
    let leave = async {
        drain.draining().await;
        tokio::time::sleep(GRACE).await;
    };
    let reading = hello::read_unless(down, hello::HELLO_OCTETS, leave);
    let reading = tokio::time::timeout(PATIENCE, reading);
    // Of what is no ClientHello it takes leave with an alert by itself.
    let Ok(Ok((hello, mut down))) = reading.await else { return eprintln!("{:?}: no ClientHello", from.peer()) };
    let name = hello.server_name().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let Some(peer) = routes.get(&name) else {
        eprintln!("{:?}: no route to `{name}`", from.peer());
        return hello::refuse(&mut down, Reason::UnknownName).await;
    };
    match TcpConnector::new().connect(peer).await {
        // The ClientHello that was read goes first: nobody sees that it was looked at.
        Ok(mut up) => drop(copy_bidirectional(&mut down, &mut up.stream).await),
        Err(error) => {
            eprintln!("{:?} -> {peer}: {error}", from.peer());
            hello::refuse(&mut down, Reason::Library).await;
        }
    }
}

/// An origin that ends TLS for this name.
async fn origin(name: &'static str) -> std::result::Result<Peer, Failure> {
    let backend = backends().into_iter().next().ok_or("no TLS library in this program")?;
    let end = TlsServer::new(backend, ServerConfig::of(certificates::self_signed(&[name])?))?;
    let app = App::new(answer(move |_| Response::text(StatusCode::OK, format!("this is {name}\n"))));
    let running = Server::new().listen(tcp("127.0.0.1:0")?.tls(end), Http::new(app)).start().await?;
    let addr = running.local_addrs()[0];
    tokio::spawn(running.wait());
    Ok(Peer::new(addr))
}

#[tokio::main]
async fn main() -> std::result::Result<(), Failure> {
    let args = Args::parse();
    let mut routes = HashMap::new();
    for route in &args.route {
        let (name, address) =
            route.split_once('=').ok_or_else(|| format!("--route {route}: expected NAME=HOST:PORT"))?;
        routes.insert(name.to_ascii_lowercase(), Peer::new(address.parse::<Address>()?));
    }
    if routes.is_empty() {
        for name in ["a.example", "b.example"] {
            routes.insert(name.to_owned(), origin(name).await?);
        }
    }
    let routes = Arc::new(routes);
    let service =
        move |stream: Stream, from: Arc<ConnInfo>, drain: Drain| pass(stream, from, drain, Arc::clone(&routes));
    let running = Server::new().drain_on_term().listen(tcp(&args.listen)?, service).start().await?;
    let port = running.local_addrs()[0].port();
    println!("listening on {}", running.local_addrs()[0]);
    println!("try: curl -k --connect-to ::127.0.0.1:{port} https://a.example/");
    running.wait().await?;
    Ok(())
}
