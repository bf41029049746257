use super::super::Ready;
use super::*;
use crate::server::Drain;

/// Services `a`, `b`, …, and which waits for which.
fn services(count: usize, waits: &[(usize, usize)]) -> Vec<Background> {
    let idle = |ready: Ready, _: Drain| async move {
        ready.ready();
        Ok(())
    };
    let name = |n: usize| ["a", "b", "c", "d"][n];
    let mut all: Vec<Option<Background>> = (0..count).map(|n| Some(Background::new(name(n), idle))).collect();
    let ids: Vec<ServiceId> = all.iter().flatten().map(Background::id).collect();
    for (from, to) in waits {
        all[*from] = all[*from].take().map(|service| service.after(ids[*to].clone()));
    }
    all.into_iter().flatten().collect()
}

fn cycle(names: &[&str]) -> Result<Vec<Vec<usize>>, DependencyError> {
    Err(DependencyError::Cycle(names.iter().map(|name| Arc::from(*name)).collect()))
}

#[test]
fn chain_and_diamond_are_met() {
    assert_eq!(resolve(&services(3, &[(0, 1), (1, 2)])), Ok(vec![vec![1], vec![2], vec![]]));
    let diamond = [(0, 1), (0, 2), (1, 3), (2, 3)];
    assert_eq!(resolve(&services(4, &diamond)), Ok(vec![vec![1, 2], vec![3], vec![3], vec![]]));
}

#[test]
fn service_that_depends_upon_itself_is_refused() {
    assert_eq!(resolve(&services(2, &[(1, 1)])), Err(DependencyError::Itself("b".into())));
}

#[test]
fn cycles_of_two_and_three_are_refused() {
    assert_eq!(resolve(&services(2, &[(0, 1), (1, 0)])), cycle(&["a", "b", "a"]));
    assert_eq!(resolve(&services(4, &[(0, 1), (1, 2), (2, 3), (3, 1)])), cycle(&["b", "c", "d", "b"]));
}

#[test]
fn missing_service_is_named() {
    let missing = services(1, &[]).remove(0);
    let mut list = services(2, &[]);
    let last = list.pop().unwrap().after(missing.id());
    list.push(last);
    let error = resolve(&list).unwrap_err();
    assert_eq!(error, DependencyError::Unknown { service: "b".into(), on: "a".into() });
    assert_eq!(error.to_string(), "`b` depends upon `a`, which the server does not have");
}
