//! Picks backends from the current set and keeps what is known of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use arc_swap::ArcSwap;
use simplon_core::connect::Peer;
use tokio::sync::Notify;

use crate::backend::{Backend, BackendId, Enabled};
use crate::health::{CheckError, Health, Thresholds};
use crate::node::{Clock, Gate, Millis, Mode, Node, State};
use crate::select::{Candidates, RoundRobin, Select};
use crate::set::BackendSet;

mod eject;
mod pick;
mod status;

pub(crate) use eject::Ejections;
pub use eject::{Ejection, Outcome};
pub use pick::Pick;
pub use status::{BackendStatus, Update};

/// What may be chosen about a [`Balancer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BalancerConfig {
    /// What is believed of a backend that was never checked. Default healthy: without health checks nothing else would make sense.
    /// With unhealthy, it gets its first request after its first successful check.
    pub initial: Health,
    /// When fewer than this percentage of the enabled backends (with a weight) are ready, health and ejection are ignored:
    /// rather spread requests over backends that may work than crush the few that do. That includes the time before the first checks if
    /// `initial` is unhealthy. Default `None`: only ready ones are picked.
    pub panic_below_percent: Option<u8>,
    /// How failures of requests take a backend out. Default `None`: they do not.
    pub ejection: Option<Ejection>,
}

impl Default for BalancerConfig {
    fn default() -> Self {
        Self { initial: Health::Healthy, panic_below_percent: None, ejection: None }
    }
}

/// Picks backends from the current set and keeps what is known of them: health, in-flight requests, failures, by identity, from one set to
/// the next.
///
/// A backend is *ready* when its weight is not 0, it is enabled, believed healthy, and not ejected. Picking neither locks
/// nor allocates; everything else (a new set, a change of health) does so off the request path.
///
/// ```
/// use simplon_load_balancing::{Balancer, BackendSet, RoundRobin};
///
/// let balancer = Balancer::new(BackendSet::parse(["192.0.2.1:80", "192.0.2.2:80"])?, RoundRobin::new());
/// let first = balancer.pick(b"", |_| true).ok_or("none ready")?;
/// let second = balancer.pick(b"", |backend| !backend.is_reached_by(first.peer())).ok_or("none ready")?;
/// assert_eq!(second.id().to_string(), "192.0.2.2:80");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Balancer<S: Select = RoundRobin> {
    select: S,
    config: BalancerConfig,
    current: ArcSwap<Generation<S::Plan>>,
    panic: Panic,
    clock: Clock,
    /// Held by whoever changes anything but counters.
    writer: Mutex<()>,
    /// How many sets there were.
    version: AtomicU64,
    /// Wakes the health service: a new set, or a suspect.
    nudge: Notify,
}

/// One set with its plan and the states of its backends.
pub(crate) struct Generation<P> {
    set: BackendSet,
    plan: P,
    pub(crate) nodes: Box<[Arc<Node>]>,
    places: HashMap<BackendId, usize>,
}

impl<P> Generation<P> {
    fn find(&self, id: &BackendId) -> Option<&Arc<Node>> {
        self.places.get(id).and_then(|place| self.nodes.get(*place))
    }

    /// Whether this very state is in use; a backend that left and came back has another one.
    fn holds(&self, node: &Node) -> bool {
        self.find(node.backend.id()).is_some_and(|found| Arc::ptr_eq(&found.state, &node.state))
    }
}

impl<S: Select> Balancer<S> {
    /// A balancer over this set, all else by default.
    #[must_use]
    pub fn new(set: BackendSet, select: S) -> Self {
        Self::with_config(set, select, BalancerConfig::default())
    }

    /// A balancer over this set.
    #[must_use]
    pub fn with_config(set: BackendSet, select: S, config: BalancerConfig) -> Self {
        let initial = config.initial;
        let first = generation(&select, set, |backend| Arc::new(State::new(initial, backend.enabled())));
        let balancer = Self {
            select,
            config,
            current: ArcSwap::from_pointee(first),
            panic: Panic::default(),
            clock: Clock::start(),
            writer: Mutex::new(()),
            version: AtomicU64::new(1),
            nudge: Notify::new(),
        };
        balancer.settle(&balancer.current.load());
        balancer
    }

    /// The first candidate that is ready and that `accept` takes; `None` if there is none, which a proxy answers with 503.
    ///
    /// `key` is for selections that tell requests apart. `accept` may be asked more than once about the same backend.
    ///
    /// Cost: no lock, no allocation. In the common case a handful of atomic operations; with nobody to accept, one look at each turn.
    pub fn pick(&self, key: &[u8], mut accept: impl FnMut(&Backend) -> bool) -> Option<Pick> {
        let current = self.current.load();
        let gate = Gate::new(self.mode(), self.clock);
        let place = self.select.select(&current.plan, key, &mut Candidates::new(&current.nodes, &gate, &mut accept))?;
        current.nodes.get(place).map(|node| Pick::new(Arc::clone(node)))
    }

    /// As [`Balancer::pick`], but none of those that these peers lead to: the attempts that were made before.
    pub fn pick_untried(&self, key: &[u8], tried: &[Peer]) -> Option<Pick> {
        self.pick(key, |backend| !tried.iter().any(|peer| backend.is_reached_by(peer)))
    }

    /// The current set.
    #[must_use]
    pub fn set(&self) -> BackendSet {
        self.current.load().set.clone()
    }

    /// Puts another set in place of the current one, and tells what that changed.
    ///
    /// Backends that stay, by identity, keep their health, ejection and in-flight requests. They also keep what
    /// [`Balancer::set_enabled`] said, unless the new set says something else of them than the old one did. Requests to backends that
    /// leave go on. The plan is computed before the set becomes visible.
    pub fn update(&self, set: BackendSet) -> Update {
        let writing = self.write();
        let before = self.current.load_full();
        let mut kept = 0;
        let next = generation(&self.select, set, |backend| match before.find(backend.id()) {
            Some(node) => {
                kept += 1;
                keep(node, backend)
            }
            None => Arc::new(State::new(self.config.initial, backend.enabled())),
        });
        let update = Update { added: next.nodes.len() - kept, removed: before.nodes.len() - kept, kept };
        self.current.store(Arc::new(next));
        self.settle(&self.current.load());
        self.version.fetch_add(1, Ordering::Release);
        drop(writing);
        self.nudge.notify_one();
        update
    }

    /// Lets a backend be picked, or not. `None` if it is not in the set; otherwise what held before.
    pub fn set_enabled(&self, id: &BackendId, enabled: Enabled) -> Option<Enabled> {
        let _writing = self.write();
        let current = self.current.load();
        let node = current.find(id)?;
        let before = node.state.enabled();
        node.state.set_enabled(enabled);
        self.settle(&current);
        Some(before)
    }

    /// Says what is to be believed of a backend, for those who know it from elsewhere. `None` if it is not in the set; otherwise what was
    /// believed before. A check that comes later may say otherwise.
    pub fn set_health(&self, id: &BackendId, health: Health) -> Option<Health> {
        let _writing = self.write();
        let current = self.current.load();
        let node = current.find(id)?;
        let before = node.state.health();
        let flip = node.state.ledger().streak.overrule(health);
        self.apply(&current, node, flip, None);
        Some(before)
    }

    /// Takes the result of one check; the new verdict if that changes it. Of a backend that left the set meanwhile, nothing comes.
    pub(crate) fn observe(
        &self,
        node: &Node,
        thresholds: Thresholds,
        result: Result<(), &CheckError>,
    ) -> Option<Health> {
        let _writing = self.write();
        let current = self.current.load();
        if !current.holds(node) {
            return None;
        }
        let observed = if result.is_ok() { Health::Healthy } else { Health::Unhealthy };
        let reason = result.err();
        let flip = {
            let mut ledger = node.state.ledger();
            if let Some(reason) = reason {
                ledger.last_failure = Some(reason.to_string().into());
            }
            ledger.streak.observe(observed, thresholds)
        };
        self.apply(&current, node, flip, reason);
        flip
    }

    fn apply(&self, current: &Generation<S::Plan>, node: &Node, flip: Option<Health>, reason: Option<&CheckError>) {
        let Some(health) = flip else { return };
        node.state.set_health(health);
        self.settle(current);
        match (health, reason) {
            (Health::Healthy, _) => tracing::info!(backend = %node.backend, "backend is healthy"),
            (Health::Unhealthy, Some(reason)) => {
                tracing::warn!(backend = %node.backend, %reason, "backend is unhealthy")
            }
            (Health::Unhealthy, None) => tracing::warn!(backend = %node.backend, "backend is set unhealthy"),
        }
    }

    /// Another number for every set. Read before [`Balancer::nodes`], so that no set is missed.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn nodes(&self) -> Box<[Arc<Node>]> {
        self.current.load().nodes.clone()
    }

    /// Resolves when the set changed or a backend became suspect since the last time.
    pub(crate) async fn nudged(&self) {
        self.nudge.notified().await;
    }

    /// Nothing is half done when this is released, so a panic elsewhere does not spoil it.
    fn write(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After any change: brings ejections within their bound, then decides the mode.
    fn settle(&self, current: &Generation<S::Plan>) {
        let now = self.clock.now();
        self.lift_excess(current, now);
        self.weigh(current, now);
    }

    fn mode(&self) -> Mode {
        if !self.panic.on.load(Ordering::Acquire) {
            return Mode::Normal;
        }
        // An ejection that lapses changes the count, and nobody is told. Who finds somebody at work leaves it to them.
        let now = self.clock.now();
        if now < self.panic.recount_at.load(Ordering::Acquire) {
            return Mode::Panic;
        }
        match self.writer.try_lock() {
            Err(TryLockError::WouldBlock) => Mode::Panic,
            Ok(_) | Err(TryLockError::Poisoned(_)) => self.weigh(&self.current.load(), now),
        }
    }

    /// Only while writing, so that the last word is about the last state.
    fn weigh(&self, current: &Generation<S::Plan>, now: Millis) -> Mode {
        let Some(threshold) = self.config.panic_below_percent else { return Mode::Normal };
        let eligible = current.nodes.iter().filter(|node| node.is_eligible());
        let (mut all, mut ready, mut lapse) = (0_u64, 0_u64, Millis::MAX);
        for node in eligible {
            all += 1;
            ready += u64::from(node.is_ready(now));
            lapse = lapse.min(node.state.ejected_until(now).unwrap_or(Millis::MAX));
        }
        let mode = if ready * 100 < all * u64::from(threshold.min(100)) { Mode::Panic } else { Mode::Normal };
        self.panic.set(mode, lapse);
        mode
    }
}

/// Whether health is ignored, and when to count again if it is.
#[derive(Debug, Default)]
struct Panic {
    on: AtomicBool,
    recount_at: AtomicU64,
}

impl Panic {
    fn set(&self, mode: Mode, recount_at: Millis) {
        let on = mode == Mode::Panic;
        self.recount_at.store(recount_at, Ordering::Release);
        if self.on.swap(on, Ordering::AcqRel) != on {
            match mode {
                Mode::Panic => tracing::warn!("too few backends are ready: health is ignored"),
                Mode::Normal => tracing::info!("enough backends are ready: health counts again"),
            }
        }
    }
}

fn generation<S: Select>(
    select: &S,
    set: BackendSet,
    mut state: impl FnMut(&Backend) -> Arc<State>,
) -> Generation<S::Plan> {
    let plan = select.plan(&set);
    let nodes =
        set.iter().map(|backend| Arc::new(Node { backend: Arc::clone(backend), state: state(backend) })).collect();
    let places = set.iter().enumerate().map(|(place, backend)| (backend.id().clone(), place)).collect();
    Generation { set, plan, nodes, places }
}

/// The state of a backend that stays, told what the new set says of it if that is news.
fn keep(node: &Node, backend: &Backend) -> Arc<State> {
    if node.backend.enabled() != backend.enabled() {
        node.state.set_enabled(backend.enabled());
    }
    Arc::clone(&node.state)
}

impl<S: Select> fmt::Debug for Balancer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balancer")
            .field("config", &self.config)
            .field("nodes", &self.current.load().nodes)
            .field("panic", &self.panic)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
