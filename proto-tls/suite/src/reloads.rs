//! Certificates and configurations that are exchanged again and again: what is not in force any more is gone, also inside of the library.

use std::sync::Arc;

use simplon_proto_tls_seam::site::{Exchangeable, Names};
use simplon_proto_tls_seam::{Backend, ClientConfig, ServerConfig, Site};

use crate::lab::meet;
use crate::pki::{Authority, Key, Leaf};
use crate::{Lab, Wire};

/// What may be added to memory after the first tenth, for all that happens beside: of 10,000 times, a leak of 120 octets each time is more.
const MOST_ADDED: usize = 1 << 20;

/// Exchanges certificates so many times, with a new configuration and a handshake every hundredth time, and panics if memory grows with it.
/// To be run where nothing else is, as it looks at the memory of the process.
pub fn leak_nothing(backend: Arc<dyn Backend<Wire>>, times: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(reload(&Lab::new(backend.clone(), backend), times));
}

async fn reload(lab: &Lab, times: usize) {
    let authority = Authority::new("root");
    let leaf = |key| authority.issue(&Leaf::of(&["a.test"]).key(key));
    let (quick, slow) = ([leaf(Key::Ecdsa), leaf(Key::Ecdsa)], leaf(Key::Rsa));
    let sites = Arc::new(Exchangeable::new(Names::new()));
    let server = lab.server(ServerConfig::new(sites.clone()));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let mut at_first = None;
    for round in 0..times {
        // Libraries take their time to check keys of RSA.
        let identity = if round % 100 == 50 { &slow } else { &quick[round % quick.len()] };
        let site = Site::new(identity.clone());
        server.prepare(&site).unwrap();
        sites.replace(Names::new().site("a.test", site));
        if round % 100 == 0 {
            server.reload(ServerConfig::new(sites.clone())).unwrap();
            let _ = meet(&server, &*client, "a.test").await.facts().await;
        }
        // Everything that is kept on purpose is there.
        if round == times / 10 {
            at_first = resident();
        }
    }
    // Only Linux tells.
    if let (Some(before), Some(after)) = (at_first, resident()) {
        let added = after.saturating_sub(before);
        assert!(added < MOST_ADDED, "{added} octets more than {before} after {times} reloads");
    }
}

/// Octets of memory that this process holds.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: usize = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes << 10)
}
