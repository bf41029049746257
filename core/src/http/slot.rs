//! Places in which exchanges run, used again and again.
//!
//! The state of an exchange is some kilobytes, and a kept-alive connection needs them only while an exchange runs. So they are not part of the
//! connection: a *worker* is a future that answers one exchange after the other, for whichever connection hands it one, and rests in its
//! thread's store in between. A steady stream of exchanges allocates nothing and moves nothing but pointers.

use std::any::Any;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use super::exchange::{Ended, Exchange};
use super::service::Serve;

/// How many resting workers of one kind a thread keeps.
const KEPT: usize = 256;

/// What a connection and the worker it borrowed hand to each other.
enum Hand<S> {
    Empty,
    Given(Arc<S>, Box<Exchange>),
    Done(Box<Exchange>, Ended),
}

type Hands<S> = Arc<Between<S>>;

/// Where they do it.
struct Between<S> {
    hand: Mutex<Hand<S>>,
    /// Whether something is done: looking at this costs less than the lock, and is done at every poll.
    is_done: AtomicBool,
}

struct Worker<S, F> {
    hands: Hands<S>,
    future: Pin<Box<F>>,
}

thread_local! {
    /// One `Vec<Worker<S, F>>` for each kind. A program has a handful of kinds of service, so a linear search finds it at once.
    static STORE: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Answers one exchange on a borrowed worker: the exchange comes back with what became of its connection.
pub(super) fn run<S: Serve>(
    app: &Arc<S>,
    exchange: Box<Exchange>,
) -> impl Future<Output = (Box<Exchange>, Ended)> + Send + use<S> {
    borrow(Arc::clone(app), exchange, work)
}

/// Names the worker's type, which nobody can write down.
fn borrow<S, F>(app: Arc<S>, exchange: Box<Exchange>, start: fn(Hands<S>) -> F) -> Borrowed<S, F>
where
    S: Serve,
    F: Future<Output = ()> + Send + 'static,
{
    let worker = with_kind(Vec::pop).flatten().unwrap_or_else(|| {
        let hands = Arc::new(Between { hand: Mutex::new(Hand::Empty), is_done: AtomicBool::new(false) });
        Worker { future: Box::pin(start(Arc::clone(&hands))), hands }
    });
    *lock(&worker.hands) = Hand::Given(app, exchange);
    Borrowed(Some(worker))
}

async fn work<S: Serve>(hands: Hands<S>) {
    loop {
        let (app, mut exchange) = poll_fn(|_| take_given(&hands)).await;
        app.serve(&mut exchange).await;
        let ended = exchange.finish().await;
        *lock(&hands) = Hand::Done(exchange, ended);
        hands.is_done.store(true, Ordering::Release);
    }
}

/// Pending when there is nothing: whoever hands something over polls the worker next.
fn take_given<S>(hands: &Hands<S>) -> Poll<(Arc<S>, Box<Exchange>)> {
    let mut hand = lock(hands);
    match std::mem::replace(&mut *hand, Hand::Empty) {
        Hand::Given(app, exchange) => Poll::Ready((app, exchange)),
        other => {
            *hand = other;
            Poll::Pending
        }
    }
}

/// A worker with an exchange in hand. Dropped before its exchange is over, it takes the worker with it.
struct Borrowed<S: 'static, F: 'static>(Option<Worker<S, F>>);

impl<S: Serve, F: Future<Output = ()> + Send + 'static> Future for Borrowed<S, F> {
    type Output = (Box<Exchange>, Ended);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Polled after it was ready, it has nothing left to give.
        let Some(mut worker) = self.0.take() else { return Poll::Pending };
        // A worker that panics is gone with the panic: it is not back in its place.
        let is_over = worker.future.as_mut().poll(cx).is_ready();
        debug_assert!(!is_over, "workers work for ever");
        if worker.hands.is_done.load(Ordering::Acquire) {
            worker.hands.is_done.store(false, Ordering::Relaxed);
            let hand = std::mem::replace(&mut *lock(&worker.hands), Hand::Empty);
            if let Hand::Done(exchange, ended) = hand {
                rest(worker);
                return Poll::Ready((exchange, ended));
            }
        }
        self.0 = Some(worker);
        Poll::Pending
    }
}

fn rest<S: Serve, F: Send + 'static>(worker: Worker<S, F>) {
    with_kind(|kept| {
        if kept.len() < KEPT {
            kept.push(worker);
        }
    });
}

fn lock<S>(hands: &Hands<S>) -> MutexGuard<'_, Hand<S>> {
    hands.hand.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `with` on this thread's store of one kind; `None` if the thread is ending or the store is in use further up the stack.
fn with_kind<S: 'static, F: 'static, T>(with: impl FnOnce(&mut Vec<Worker<S, F>>) -> T) -> Option<T> {
    STORE
        .try_with(|store| {
            let mut store = store.try_borrow_mut().ok()?;
            if let Some(kept) = store.iter_mut().find_map(|kind| kind.downcast_mut::<Vec<Worker<S, F>>>()) {
                return Some(with(kept));
            }
            store.push(Box::new(Vec::<Worker<S, F>>::with_capacity(KEPT)));
            store.last_mut()?.downcast_mut::<Vec<Worker<S, F>>>().map(with)
        })
        .ok()
        .flatten()
}
