//! A load balancer: several listeners, several origins, health checks, retries, an access log.
//!
//! `cargo run --release --example load_balancer` needs no other program: it brings three small origins along and says what to type.

#[path = "shared/certificates.rs"]
mod certificates;
#[path = "load_balancer/tls.rs"]
mod tls;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use http::StatusCode;
use simplon::core::background::Background;
use simplon::core::connect::{PeerBuilder, TcpConnector, Versions};
use simplon::core::http::{Origins, OriginsConfig};
use simplon::core::net::{ConnInfo, ListenConfig};
use simplon::core::runtime::Flavour;
use simplon::load_balancing::{
    Backend, BackendSet, Balancer, HealthConfig, HealthService, Outcome, RoundRobin, TcpCheck,
};
use simplon::pool::Sharing;
use simplon::prelude::*;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Spreads HTTP requests over origins. Without --upstream, three origins are started on free loopback ports.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Address to listen on, such as 0.0.0.0:80, [::]:80 or unix:/run/lb.sock; may be given several times.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: Vec<Address>,
    /// Address to listen on with TLS, for HTTP/2 and HTTP/1.1; may be given several times.
    #[arg(long, value_name = "ADDR")]
    tls_listen: Vec<Address>,
    /// Certificate chain in PEM, read again when it changes; without one, a self-signed one for localhost is made.
    #[arg(long, value_name = "PATH", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key in PEM.
    #[arg(long, value_name = "PATH", requires = "cert")]
    key: Option<PathBuf>,
    /// TLS library, one of those in this program.
    #[arg(long, value_name = "NAME", default_value = "rustls")]
    tls: String,
    /// Speak HTTP/2 with origins: what the TLS handshake agrees upon, or without asking where there is no TLS.
    #[arg(long)]
    upstream_h2: bool,
    /// Speak TLS with origins.
    #[arg(long)]
    upstream_tls: bool,
    /// Certificates in PEM of those who issue the origins' certificates, in place of those whom the system trusts.
    #[arg(long, value_name = "PATH", requires = "upstream_tls")]
    upstream_ca: Option<PathBuf>,
    /// Believe any certificate of an origin: for tests alone.
    #[arg(long, requires = "upstream_tls", conflicts_with = "upstream_ca")]
    upstream_insecure: bool,
    /// Origin to send requests to; may be given several times.
    #[arg(long, value_name = "HOST:PORT")]
    upstream: Vec<Address>,
    /// Worker threads; as many as there are cores by default.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// How workers share connections: by taking work from each other, or each with an accept queue and a runtime of its own.
    #[arg(long, value_enum, default_value_t = Workers::Stealing)]
    runtime: Workers,
    /// Seconds between health checks of each origin.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    health_interval: f64,
    /// Connections to origins that may be open at a time; by default as many as the descriptors of the process allow.
    #[arg(long, value_name = "N")]
    max_connections: Option<NonZeroUsize>,
    /// File to append one line of JSON to for each request; "-" is standard output.
    #[arg(long, value_name = "PATH|-")]
    access_log: Option<String>,
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.01..=86_400.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("expected between 0.01 and 86400 seconds".to_owned())
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Workers {
    Stealing,
    PerCore,
}

/// The next healthy origin that this request was not tried on, in round robin.
struct Spread(Arc<Balancer>);

impl Route for Spread {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let pick = self.0.pick_untried(b"", request.tried()).or_else(|| self.0.pick(b"", |_| true));
        let pick = pick.ok_or_else(|| Error::internal(Kind::NoUpstream))?;
        Ok(Target::Forward(pick.peer().clone()))
    }
}

/// Tells the balancer of failed attempts, so that an origin that is down is looked at again at once.
struct Watch(Arc<Balancer>);

impl<Ctx> Observe<Ctx> for Watch {
    fn on(&self, event: &Event<'_>, _cx: &mut Ctx) {
        if let Event::AttemptFailed { peer, error } = event
            && let Some(outcome) = Outcome::of(error)
        {
            self.0.report_peer(peer, outcome);
        }
    }
}

/// With one runtime for each core, an idle connection stays with the one that made it.
fn origins(workers: Workers, max_connections: Option<NonZeroUsize>) -> Origins {
    let mut config = OriginsConfig::default();
    config.connections.max_connections = max_connections;
    config.sharing = match workers {
        Workers::Stealing => Sharing::AcrossThreads,
        Workers::PerCore => Sharing::SameThread,
    };
    Origins::new(TcpConnector::new(), config)
}

fn main() -> ExitCode {
    let Err(failure) = run(Args::parse()) else { return ExitCode::SUCCESS };
    eprint!("load_balancer: {failure}");
    let mut cause = failure.source();
    while let Some(error) = cause {
        eprint!(": {error}");
        cause = error.source();
    }
    eprintln!();
    ExitCode::FAILURE
}

fn run(args: Args) -> std::result::Result<(), Failure> {
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let flavour = match args.runtime {
        Workers::Stealing => Flavour::Stealing,
        Workers::PerCore => Flavour::PerCore,
    };
    let library = tls::backend(&args.tls)?;
    let log = args.access_log.as_deref().map(access_log).transpose()?;
    // The control tasks (signals, health checks, the origins it brings along) have a runtime of their own beside the workers'.
    let control = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    control.block_on(async {
        let brought = args.upstream.is_empty();
        let upstreams = if brought { three_origins().await? } else { args.upstream };
        let upstream_tls = match args.upstream_tls {
            true => Some(tls::client(&library, args.upstream_ca.as_deref(), args.upstream_insecure)?),
            false => None,
        };
        let versions = match (args.upstream_h2, args.upstream_tls) {
            (false, _) => Versions::Http1,
            (true, true) => Versions::Auto,
            (true, false) => Versions::Http2,
        };
        let peer = |upstream: &Address| {
            let peer = Peer::builder(upstream.clone()).versions(versions);
            upstream_tls.iter().cloned().fold(peer, PeerBuilder::tls).build()
        };
        let set =
            upstreams.iter().map(|upstream| peer(upstream).map(Backend::new)).collect::<Result<BackendSet, _>>()?;
        let balancer = Arc::new(Balancer::new(set, RoundRobin::new()));
        let health = HealthConfig::every(Duration::from_secs_f64(args.health_interval));
        let health = HealthService::with_config(Arc::clone(&balancer), TcpCheck::new(), health)
            .on_change(|change| say(format_args!("origin {} is now {:?}", change.backend, change.health)));
        let app = App::new(Spread(Arc::clone(&balancer)))
            .origins(Arc::new(origins(args.runtime, args.max_connections)))
            // Until its health is known to be gone, an origin that died gets its share of the requests: all of them find another one.
            .retry(Budget::default().share(2_000, 1_000))
            .observe(Watch(Arc::clone(&balancer)));
        let app = Http::new(app.observe(log));
        let mut server =
            Server::new().runtime(flavour, threads).drain_on_term().background(Background::new("health", health));
        let plain = args.listen.len();
        for listen in args.listen {
            server = server.listen(ListenConfig::new(listen), app.clone());
        }
        if !args.tls_listen.is_empty() {
            let (end, watch) = tls::server(&library, args.cert.as_deref(), args.key.as_deref())?;
            for listen in args.tls_listen {
                server = server.listen(ListenConfig::new(listen).tls(Arc::clone(&end)), app.clone());
            }
            server = watch.into_iter().fold(server, Server::background);
        }
        let running = server.start().await?;
        greet(running.local_addrs(), plain, &upstreams, brought);
        let report = running.wait().await?;
        say(format_args!("stopped: {report}"));
        Ok(())
    })
}

/// Says what is there and what to type to see it work.
fn greet(listening: &[SocketAddr], plain: usize, upstreams: &[Address], brought: bool) {
    let Some(first) = listening.first() else { return };
    for (number, addr) in listening.iter().enumerate() {
        let scheme = if number < plain { "http" } else { "https" };
        say(format_args!("listening on {scheme}://{addr}"));
    }
    let names: Vec<String> = upstreams.iter().map(Address::to_string).collect();
    let whose = if brought { " (brought along; --upstream HOST:PORT names others)" } else { "" };
    say(format_args!("origins: {}{whose}", names.join(", ")));
    say(format_args!("\ntry:\n  curl http://{first}/        # again and again: the origins take turns"));
    say(format_args!("  curl -v http://{first}/     # with the fields that go over the wire\n"));
}

/// Tells whoever reads standard output. When nobody does any more, that is no reason to stop.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Three origins that say which one they are.
async fn three_origins() -> std::result::Result<Vec<Address>, Failure> {
    let mut origins = Vec::new();
    for number in 1..=3 {
        let origin = answer(move |request| {
            let path = String::from_utf8_lossy(request.target.path()).into_owned();
            Response::text(StatusCode::OK, format!("hello from origin {number}: {} {path}\n", request.method))
        });
        let running = Server::new().listen(tcp("127.0.0.1:0")?, Http::new(App::new(origin))).start().await?;
        origins.push(running.local_addrs()[0].into());
        tokio::spawn(running.wait());
    }
    Ok(origins)
}

fn access_log(target: &str) -> io::Result<AccessLog> {
    let out: Box<dyn Write + Send> = match target {
        "-" => Box::new(io::stdout()),
        path => {
            let opened = OpenOptions::new().append(true).create(true).open(path);
            Box::new(opened.map_err(|error| io::Error::new(error.kind(), format!("--access-log {path}: {error}")))?)
        }
    };
    AccessLog::to(out)
}
