//! Whether the declared dependencies can be met.

use std::fmt;
use std::sync::Arc;

use super::{Background, ServiceId};

/// Dependencies that cannot be met.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DependencyError {
    /// A service that depends upon itself.
    Itself(Arc<str>),
    /// A service that depends upon one which the server does not have.
    Unknown {
        /// The service.
        service: Arc<str>,
        /// What it depends upon.
        on: Arc<str>,
    },
    /// Services that wait for each other, in the order of waiting.
    Cycle(Vec<Arc<str>>),
}

impl fmt::Display for DependencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Itself(name) => write!(f, "`{name}` depends upon itself"),
            Self::Unknown { service, on } => {
                write!(f, "`{service}` depends upon `{on}`, which the server does not have")
            }
            Self::Cycle(names) => write!(f, "services that wait for each other: {}", names.join(" -> ")),
        }
    }
}

impl std::error::Error for DependencyError {}

/// For each service, which others it waits for, as numbers in the list.
pub(super) fn resolve(services: &[Background]) -> Result<Vec<Vec<usize>>, DependencyError> {
    let number = |id: &ServiceId| services.iter().position(|service| service.id == *id);
    let mut edges = Vec::with_capacity(services.len());
    for service in services {
        let mut waits_for = Vec::with_capacity(service.after.len());
        for id in &service.after {
            if *id == service.id {
                return Err(DependencyError::Itself(id.name.clone()));
            }
            let unknown = || DependencyError::Unknown { service: service.id.name.clone(), on: id.name.clone() };
            waits_for.push(number(id).ok_or_else(unknown)?);
        }
        edges.push(waits_for);
    }
    match find_cycle(&edges) {
        None => Ok(edges),
        Some(cycle) => Err(DependencyError::Cycle(cycle.into_iter().map(|n| services[n].id.name.clone()).collect())),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    OnPath,
    Done,
}

fn find_cycle(edges: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut marks = vec![Mark::New; edges.len()];
    (0..edges.len()).find_map(|from| walk(from, edges, &mut marks, &mut Vec::new()))
}

/// Depth first; meeting one that is on the path closes a cycle.
fn walk(at: usize, edges: &[Vec<usize>], marks: &mut [Mark], path: &mut Vec<usize>) -> Option<Vec<usize>> {
    match marks[at] {
        Mark::Done => return None,
        Mark::OnPath => {
            let begin = path.iter().position(|n| *n == at)?;
            return Some(path[begin..].iter().copied().chain([at]).collect());
        }
        Mark::New => {}
    }
    marks[at] = Mark::OnPath;
    path.push(at);
    let found = edges[at].iter().find_map(|next| walk(*next, edges, marks, path));
    path.pop();
    marks[at] = Mark::Done;
    found
}

#[cfg(test)]
mod tests;
