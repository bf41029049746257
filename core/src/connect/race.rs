//! Several tries side by side, each a little after the one before, until one succeeds (RFC 8305 §5).

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use simplon_timeout::Timer;
use tokio::time::Instant;

use crate::net::descriptors::Extra;

/// How long one try is given before the next begins beside it (RFC 8305 §5: 250 ms recommended).
pub(super) const STAGGER: Duration = Duration::from_millis(250);

/// At most so many addresses of one name are tried; a name with more would only keep the client waiting.
const ADDRESSES: usize = 16;

/// The order in which addresses are tried: the families take turns, the one preferred by the resolver first (RFC 8305 §4).
pub(super) fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().map(SocketAddr::is_ipv6) else { return addresses };
    let (one, other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|addr| addr.is_ipv6() == first);
    let mut turns = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    loop {
        match (one.next(), other.next()) {
            (None, None) => break,
            pair => turns.extend([pair.0, pair.1].into_iter().flatten()),
        }
    }
    let mut seen = Vec::with_capacity(turns.len());
    turns.retain(|addr| {
        !seen.contains(addr) && {
            seen.push(*addr);
            true
        }
    });
    turns.truncate(ADDRESSES);
    turns
}

/// Runs `attempt` over the addresses until one succeeds; a failure begins the next at once.
///
/// Gives the last failure when all failed, and `None` when there was no address.
/// Cancel: all tries are dropped. Cost: no allocation for one address.
pub(super) async fn race<T, E, F, Fut>(addresses: &[SocketAddr], attempt: F) -> Option<Result<T, E>>
where
    F: Fn(SocketAddr) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    if let [only] = addresses {
        return Some(attempt(*only).await);
    }
    let mut race =
        Race { waiting: addresses, attempt, running: Vec::new(), timer: Timer::new(), next_at: None, failed: None };
    poll_fn(|cx| race.poll(cx)).await
}

struct Race<'a, F, Fut, E> {
    waiting: &'a [SocketAddr],
    attempt: F,
    /// Those after the first with what they take beside it.
    running: Vec<(Pin<Box<Fut>>, Option<Extra>)>,
    timer: Timer,
    next_at: Option<Instant>,
    failed: Option<E>,
}

impl<F, Fut, T, E> Race<'_, F, Fut, E>
where
    F: Fn(SocketAddr) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, E>>> {
        loop {
            if let Some(won) = self.poll_running(cx) {
                return Poll::Ready(Some(Ok(won)));
            }
            if self.running.is_empty() && self.waiting.is_empty() {
                return Poll::Ready(self.failed.take().map(Err));
            }
            if !self.running.is_empty() && !self.is_next_due(cx) {
                return Poll::Pending;
            }
            self.begin_next();
        }
    }

    /// Polls all that run; one that failed brings the next forward.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<T> {
        let mut at = 0;
        while at < self.running.len() {
            match self.running[at].0.as_mut().poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(Ok(won)) => return Some(won),
                Poll::Ready(Err(error)) => {
                    drop(self.running.swap_remove(at));
                    self.failed = Some(error);
                    self.next_at = Some(Instant::now());
                }
            }
        }
        None
    }

    fn is_next_due(&mut self, cx: &mut Context<'_>) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        match self.next_at {
            Some(at) if at <= Instant::now() => true,
            at => self.timer.poll_expired(cx, at).is_ready(),
        }
    }

    /// The next one, unless descriptors are short: then it begins after one of those that run.
    fn begin_next(&mut self) {
        self.next_at = Instant::now().checked_add(STAGGER);
        let extra = if self.running.is_empty() { None } else { Extra::socket() };
        if extra.is_none() && !self.running.is_empty() {
            return;
        }
        let Some((next, rest)) = self.waiting.split_first() else { return };
        self.waiting = rest;
        self.running.push((Box::pin((self.attempt)(*next)), extra));
    }
}

#[cfg(test)]
mod tests;
