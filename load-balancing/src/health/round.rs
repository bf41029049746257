//! Who is to be looked at, and when.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::CheckError;
use crate::backend::BackendId;
use crate::node::Node;

/// The result of one look.
pub(super) type Looked = Result<(), CheckError>;

/// Everybody's next look, and the looks under way. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Round {
    watched: HashMap<BackendId, Watched>,
    /// Whose look a task is. The node, not the identity alone: who left and came back is somebody else.
    under_way: HashMap<Id, Arc<Node>>,
    tasks: JoinSet<Looked>,
    parallel: usize,
    /// Between two looks at a suspect, at least.
    apart: Duration,
}

#[derive(Debug)]
struct Watched {
    node: Arc<Node>,
    due: Instant,
    looked_at: Option<Instant>,
    task: Option<AbortHandle>,
}

impl Watched {
    /// When its next look begins: earlier than planned if a request failed since the last one.
    fn due(&self, apart: Duration) -> Instant {
        match self.looked_at {
            Some(before) if self.node.state.is_suspect() => self.due.min(before + apart),
            _ => self.due,
        }
    }
}

impl Round {
    pub(super) fn new(parallel: usize, apart: Duration) -> Self {
        Self { watched: HashMap::new(), under_way: HashMap::new(), tasks: JoinSet::new(), parallel, apart }
    }

    /// Takes over the current set: who is new is due now, who left is forgotten and a look at them given up.
    pub(super) fn follow(&mut self, nodes: &[Arc<Node>], now: Instant) {
        let mut before = std::mem::take(&mut self.watched);
        for node in nodes {
            let fresh = || Watched { node: Arc::clone(node), due: now, looked_at: None, task: None };
            let watched = match before.remove(node.backend.id()) {
                Some(old) if Arc::ptr_eq(&old.node.state, &node.state) => Watched { node: Arc::clone(node), ..old },
                Some(old) => {
                    give_up(old);
                    fresh()
                }
                None => fresh(),
            };
            self.watched.insert(node.backend.id().clone(), watched);
        }
        before.into_values().for_each(give_up);
    }

    /// Those whose look begins now, as many as there is room for, those first that are due the longest.
    pub(super) fn due(&self, now: Instant) -> Vec<Arc<Node>> {
        let room = self.parallel.saturating_sub(self.tasks.len());
        let idle = self.watched.values().filter(|watched| watched.task.is_none());
        let mut due: Vec<_> = idle.map(|watched| (watched.due(self.apart), watched)).collect();
        due.retain(|(at, _)| *at <= now);
        due.sort_by_key(|(at, _)| *at);
        due.into_iter().take(room).map(|(_, watched)| Arc::clone(&watched.node)).collect()
    }

    /// A look begins.
    pub(super) fn begin(&mut self, node: Arc<Node>, look: impl Future<Output = Looked> + Send + 'static) {
        let task = self.tasks.spawn(look);
        node.state.clear_suspicion();
        if let Some(watched) = self.watched.get_mut(node.backend.id()) {
            watched.task = Some(task.clone());
        }
        self.under_way.insert(task.id(), node);
    }

    /// The next look that ended, of somebody who is still there; pending while none is under way.
    ///
    /// Cancel: nothing is lost.
    pub(super) async fn ended(&mut self) -> (Arc<Node>, Looked) {
        loop {
            let Some(joined) = self.tasks.join_next_with_id().await else { return std::future::pending().await };
            if let Some(ended) = self.sort_out(joined) {
                return ended;
            }
        }
    }

    fn sort_out(&mut self, joined: Result<(Id, Looked), JoinError>) -> Option<(Arc<Node>, Looked)> {
        let (id, looked) = match joined {
            Ok((id, looked)) => (id, Some(looked)),
            Err(error) => (error.id(), error.is_panic().then_some(Err(CheckError::Panicked))),
        };
        let node = self.under_way.remove(&id)?;
        let watched = self.watched.get_mut(node.backend.id())?;
        if !Arc::ptr_eq(&watched.node.state, &node.state) {
            return None;
        }
        watched.task = None;
        looked.map(|looked| (Arc::clone(&watched.node), looked))
    }

    /// The look that ended is followed by another one after this time.
    pub(super) fn again(&mut self, node: &Node, now: Instant, wait: Duration) {
        if let Some(watched) = self.watched.get_mut(node.backend.id()) {
            watched.looked_at = Some(now);
            watched.due = now + wait;
        }
    }

    /// Whether everybody was looked at.
    pub(super) fn is_complete(&self) -> bool {
        self.watched.values().all(|watched| watched.looked_at.is_some())
    }

    /// When the next look begins; `None` while there is nobody to look at or no room.
    pub(super) fn next_due(&self) -> Option<Instant> {
        if self.tasks.len() >= self.parallel {
            return None;
        }
        let idle = self.watched.values().filter(|watched| watched.task.is_none());
        idle.map(|watched| watched.due(self.apart)).min()
    }
}

fn give_up(watched: Watched) {
    if let Some(task) = watched.task {
        task.abort();
    }
}
