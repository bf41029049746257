//! What the tests of this crate share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::backend::{Backend, BackendId};
use crate::balancer::Balancer;
use crate::health::{Check, CheckError};
use crate::select::Select;
use crate::set::BackendSet;

/// Backends of these weights; the first has port 1, and so on.
pub(crate) fn set(weights: &[u32]) -> BackendSet {
    weights.iter().enumerate().map(|(place, weight)| backend(place).with_weight(*weight)).collect()
}

pub(crate) fn backend(place: usize) -> Backend {
    Backend::parse(&format!("192.0.2.1:{}", place + 1)).unwrap()
}

pub(crate) fn balancer<S: Select>(select: S, weights: &[u32]) -> Balancer<S> {
    Balancer::new(set(weights), select)
}

pub(crate) fn ids<S: Select>(balancer: &Balancer<S>) -> Vec<BackendId> {
    balancer.set().iter().map(|backend| backend.id().clone()).collect()
}

pub(crate) fn place(backend: &Backend) -> usize {
    usize::from(backend.peer().address().as_inet().unwrap().port()) - 1
}

/// So many picks, the first backend as `a`; `.` where there was none.
pub(crate) fn sequence<S: Select>(balancer: &Balancer<S>, picks: usize) -> String {
    (0..picks).map(|_| balancer.pick(b"", |_| true).map_or('.', |pick| letter(&pick))).collect()
}

fn letter(backend: &Backend) -> char {
    char::from(b'a' + u8::try_from(place(backend)).unwrap())
}

/// How many of so many picks each backend got.
pub(crate) fn counts<S: Select>(balancer: &Balancer<S>, picks: usize) -> Vec<usize> {
    let mut counts = vec![0; balancer.set().len()];
    for _ in 0..picks {
        counts[place(&balancer.pick(b"", |_| true).unwrap())] += 1;
    }
    counts
}

/// What a scripted check does at a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Works,
    Fails,
    Panics,
    Hangs,
    CannotTell,
}

/// A check that does as it is told, and counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scripted(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    scripts: HashMap<usize, Script>,
    looks: HashMap<usize, usize>,
    under_way: usize,
    most_under_way: usize,
}

impl Scripted {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn tell(&self, place: usize, script: Script) {
        self.0.lock().unwrap().scripts.insert(place, script);
    }

    pub(crate) fn looks(&self, place: usize) -> usize {
        self.0.lock().unwrap().looks.get(&place).copied().unwrap_or(0)
    }

    pub(crate) fn under_way(&self) -> usize {
        self.0.lock().unwrap().under_way
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.0.lock().unwrap().most_under_way
    }

    fn begin(&self, place: usize) -> (Script, Under) {
        let mut told = self.0.lock().unwrap();
        *told.looks.entry(place).or_default() += 1;
        told.under_way += 1;
        told.most_under_way = told.most_under_way.max(told.under_way);
        (told.scripts.get(&place).copied().unwrap_or(Script::Works), Under(self.clone()))
    }
}

/// Counts down, also when the check is given up or panics.
struct Under(Scripted);

impl Drop for Under {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().under_way -= 1;
    }
}

impl Check for Scripted {
    async fn check(&self, backend: &Backend) -> Result<(), CheckError> {
        let (script, _under) = self.begin(place(backend));
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        match script {
            Script::Works => Ok(()),
            Script::Fails => Err(CheckError::rejected("told to fail")),
            Script::Panics => panic!("told to panic"),
            Script::Hangs => std::future::pending().await,
            Script::CannotTell => Err(CheckError::Inconclusive("told not to tell".into())),
        }
    }
}
