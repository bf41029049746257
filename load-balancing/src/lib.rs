//! Backend sets, selection and health.
//!
//! **What it is.** A [`Balancer`] holds the current [`BackendSet`] as an atomic snapshot, picks from it for every request without
//! locking or allocating, and keeps what is known of each backend (health, requests in flight, failures) from one set to the
//! next. Two services feed it: [`HealthService`] looks at the backends, [`DiscoveryService`] brings new sets.
//!
//! **What it is not.** It knows nothing of proxying: what is picked is a [`simplon_core::connect::Peer`], whoever connects to it.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use simplon_load_balancing::{Balancer, BackendSet, HealthConfig, HealthService, Outcome, RoundRobin, TcpCheck};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let set = BackendSet::parse(["192.0.2.1:8080", "192.0.2.2:8080"])?;
//! let balancer = Arc::new(Balancer::new(set, RoundRobin::new()));
//! let every = HealthConfig::every(Duration::from_secs(2));
//! let health = HealthService::with_config(balancer.clone(), TcpCheck::new(), every);
//!
//! let first = balancer.pick_untried(b"", &[]).ok_or("none ready")?; // a proxy answers 503
//! balancer.report(&first, Outcome::Failed); // checked at once, not in two seconds
//! let tried = [first.peer().clone()];
//! let second = balancer.pick_untried(b"", &tried).ok_or("none left")?;
//! assert_ne!(first.id(), second.id());
//! # Ok(())
//! # }
//! ```
//!
//! | read on | about |
//! |---|---|
//! | [`Backend`], [`BackendSet`] | what there is to choose from, and what makes two backends the same |
//! | [`Balancer`] | readiness, picking, changing the set, panic threshold |
//! | [`select`] | [`RoundRobin`], [`Random`], and your own |
//! | [`health`] | [`TcpCheck`], [`HttpCheck`], thresholds, the service |
//! | [`Ejection`] | failures of requests that take a backend out |
//! | [`discovery`] | [`Dns`], [`Static`], and your own |
#![forbid(unsafe_code)]

mod backend;
mod balancer;
mod catch;
pub mod discovery;
pub mod health;
mod node;
mod random;
pub mod select;
mod set;
#[cfg(test)]
mod testing;

pub use backend::{Backend, BackendId, Enabled};
pub use balancer::{BackendStatus, Balancer, BalancerConfig, Ejection, Outcome, Pick, Update};
pub use discovery::{Discovery, DiscoveryConfig, DiscoveryError, DiscoveryService, Dns, Static};
pub use health::{
    Check, CheckError, CheckFieldError, Health, HealthChange, HealthConfig, HealthService, HttpCheck, TcpCheck,
    Thresholds,
};
pub use select::{Candidates, Random, RoundRobin, Select};
pub use set::BackendSet;
