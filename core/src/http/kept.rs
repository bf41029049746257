//! Upstream connections that belong to one client connection (RFC 4559 §6).

use std::time::Duration;

use http::Method;
use simplon_pool::{Limits, Pool};
use tokio::time::Instant;

use super::upstream::{Link, Upstream};
use crate::connect::{Peer, ReuseKey};
use crate::net::{AtRest, Probe};

/// A client that is authenticated at more origins than this, over one connection, authenticates again.
const MOST: usize = 4;

/// Upstream connections that one client connection used to authenticate, and that are for it alone. They are closed with it.
///
/// Few clients have any: until then this is a null pointer.
#[derive(Debug, Default)]
pub(super) struct Kept(Option<Box<Pool<ReuseKey, Box<Link>>>>);

impl Kept {
    pub(super) fn put(&mut self, upstream: Upstream, now: Instant) {
        let Some((pooled, peer)) = upstream.into_rest() else { return };
        let pool = self.0.get_or_insert_with(|| {
            // How long each may rest, its peer says.
            let limits = Limits { total: MOST, per_key: 1, idle_timeout: None::<Duration>, ..Limits::default() };
            Box::new(Pool::with_shards(limits, 1))
        });
        pool.put(peer.key(), pooled, now.into_std());
    }

    /// The one to this peer, if it is fit for a request with this method. Nothing is lost when an idempotent one meets a dead connection; any other
    /// is worth asking the kernel first.
    pub(super) fn take(&self, peer: &Peer, method: &Method, now: Instant) -> Option<Upstream> {
        let pooled = self.0.as_ref()?.take(peer.key(), now.into_std())?;
        let mut kept = Upstream::reused(pooled, peer.clone());
        let is_fit = method.is_idempotent() || kept.look(Probe::Socket) == AtRest::Quiet;
        is_fit.then_some(kept)
    }
}
