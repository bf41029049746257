//! The threads of one pool.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::runtime::Handle;

use super::super::random;
use crate::error::Result;
use crate::runtime::{Flavour, Runtime};

/// Threads that start when they are first needed.
#[derive(Debug)]
pub(super) struct Pool {
    name: String,
    threads: OnceLock<Arc<Runtime>>,
    /// Held while they start, so that they do once.
    starting: Mutex<()>,
}

impl Pool {
    pub(super) fn new(number: usize) -> Self {
        Self { name: format!("connect-{number}"), threads: OnceLock::new(), starting: Mutex::new(()) }
    }

    /// Its threads, which are so many if they have to be started.
    ///
    /// # Errors
    /// Internal: the system gives no threads or descriptors. The next call tries again.
    pub(super) fn started(&self, number: NonZeroUsize) -> Result<Arc<Runtime>> {
        if let Some(threads) = self.threads.get() {
            return Ok(Arc::clone(threads));
        }
        let _alone = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(threads) = self.threads.get() {
            return Ok(Arc::clone(threads));
        }
        let threads = Arc::new(Runtime::new(Flavour::PerCore, number.get(), &self.name)?);
        Ok(Arc::clone(self.threads.get_or_init(|| threads)))
    }

    #[cfg(test)]
    pub(super) fn has_started(&self) -> bool {
        self.threads.get().is_some()
    }
}

/// One of the threads, at random.
pub(super) fn any(threads: &Runtime) -> &Handle {
    let workers = threads.workers();
    &workers[random::below(workers.len())]
}
