//! A load balancer: several listeners, several origins, health checks, retries, an access log.
//!
//! `cargo run --release --example load_balancer` needs no other program: it brings three small origins along and says what to type.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use http::StatusCode;
use simplon::core::net::ConnInfo;
use simplon::core::runtime::{Flavour, Runtime};
use simplon::load_balancing::{Backend, Balancer, BackendSet, HealthService, RoundRobin, TcpCheck};
use simplon::prelude::*;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Spreads HTTP requests over origins. Without --upstream, three origins are started on free loopback ports.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Address to listen on, such as 0.0.0.0:80, [::]:80 or unix:/run/lb.sock; may be given several times.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: Vec<String>,
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
    /// File to append one line of JSON to for each request; "-" is standard output.
    #[arg(long, value_name = "PATH|-")]
    access_log: Option<String>,
}
