//! Lookups that block, on threads of their own: one for each name at a time, and none that keeps the others from theirs.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::Resolve;
use crate::error::Kind;

/// Threads at most.
const THREADS: usize = 32;
/// How long a failure is kept.
const KEPT: Duration = Duration::from_secs(5);
/// Lookups that wait for a thread; more are refused.
const WAITING: usize = 1024;
/// Failures that are kept at a time, and names that are known to resolve.
const REMEMBERED: usize = 4096;
/// A thread without work ends after this.
const IDLE: Duration = Duration::from_secs(10);

type Lookup = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// A resolver made of a function that blocks, such as the system's.
///
/// One lookup is under way for each name, shared by all who wait for it, and goes on when they leave. Failures are kept for 5 s, successes are
/// not. The lookups have 32 threads of their own, started as they are needed. A quarter of those at most works for names of one domain (their
/// last two labels) that did not resolve before, and as many are kept for names that did: so names whose server is silent do not hold up the
/// others. Lookups
/// that nobody waits for any more, as a connect timeout has run out, are not begun.
///
/// ```
/// use std::io;
/// use simplon_core::connect::{BlockingResolver, TcpConnector};
///
/// let fixed = BlockingResolver::new(|name| match name {
///     "origin.test" => Ok(vec!["127.0.0.1:0".parse().map_err(io::Error::other)?]),
///     _ => Err(io::ErrorKind::NotFound.into()),
/// });
/// let connector = TcpConnector::with_resolver(fixed);
/// # drop(connector);
/// ```
#[derive(Clone)]
pub struct BlockingResolver(Arc<Lookups>);

struct Lookups {
    lookup: Box<Lookup>,
    threads: usize,
    kept: Duration,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    names: HashMap<Arc<str>, Entry>,
    /// Names that resolved the last time they were looked up.
    known: HashSet<Arc<str>>,
    waiting: VecDeque<Arc<Flight>>,
    /// Lookups under way, of names that are not known, and by domain: those of known names apart.
    unknown: usize,
    domains: HashMap<(bool, Box<str>), usize>,
    threads: usize,
    idle: usize,
}

enum Entry {
    UnderWay(Arc<Flight>),
    Failed(Failure, Instant),
}

/// One lookup, and those who wait for it.
struct Flight {
    name: Arc<str>,
    is_known: bool,
    landed: watch::Sender<Option<Outcome>>,
}

type Outcome = Result<Arc<[SocketAddr]>, Failure>;

/// A failure that can be told to several.
#[derive(Clone, Debug)]
struct Failure {
    code: Option<i32>,
    kind: ErrorKind,
    text: Arc<str>,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self { code: error.raw_os_error(), kind: error.kind(), text: error.to_string().into() }
    }
}

impl From<Failure> for io::Error {
    fn from(Failure { code, kind, text }: Failure) -> Self {
        code.map_or_else(|| Self::new(kind, &*text), Self::from_raw_os_error)
    }
}

impl BlockingResolver {
    /// With this function: all addresses of a name, in the order of preference. A port of 0 in an address means the port that is asked for.
    pub fn new(lookup: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Self::with(lookup, THREADS, KEPT)
    }

    pub(super) fn with(
        lookup: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
        threads: usize,
        kept: Duration,
    ) -> Self {
        let lookup = Box::new(lookup);
        Self(Arc::new(Lookups { lookup, threads, kept, state: Mutex::default(), work: Condvar::new() }))
    }

    /// Threads that exist now.
    #[cfg(test)]
    pub(super) fn threads(&self) -> usize {
        self.0.state().threads
    }

    /// The lookup of this name: the one that is under way, or a new one.
    fn ask(&self, host: &str) -> io::Result<watch::Receiver<Option<Outcome>>> {
        let name: Arc<str> = host.to_ascii_lowercase().into();
        let mut state = self.0.state();
        match state.names.get(&name) {
            Some(Entry::UnderWay(flight)) => return Ok(flight.landed.subscribe()),
            Some(Entry::Failed(failure, until)) if Instant::now() < *until => return Err(failure.clone().into()),
            Some(Entry::Failed(..)) | None => {}
        }
        state.make_room()?;
        self.0.have_thread(&mut state)?;
        let is_known = state.known.contains(&name);
        let (landed, receiver) = watch::channel(None);
        let flight = Arc::new(Flight { name: name.clone(), is_known, landed });
        state.names.insert(name, Entry::UnderWay(flight.clone()));
        state.waiting.push_back(flight);
        self.0.work.notify_one();
        Ok(receiver)
    }
}

impl Resolve for BlockingResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let mut receiver = self.ask(host)?;
        let landed =
            receiver.wait_for(Option::is_some).await.map_err(|_| io::Error::other("the lookup was dropped"))?;
        let mut addresses = match landed.as_ref() {
            Some(Ok(addresses)) => addresses.to_vec(),
            Some(Err(failure)) => return Err(failure.clone().into()),
            None => Vec::new(),
        };
        addresses.iter_mut().filter(|addr| addr.port() == 0).for_each(|addr| addr.set_port(port));
        Ok(addresses)
    }
}

impl Lookups {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another thread if all are busy and there may be more.
    ///
    /// # Errors
    /// The system gives none, and there is none yet.
    fn have_thread(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        if state.idle > state.waiting.len() || state.threads >= self.threads {
            return Ok(());
        }
        let lookups = Arc::clone(self);
        match thread::Builder::new().name("simplon-resolve".to_owned()).spawn(move || lookups.work()) {
            Ok(_) => state.threads += 1,
            Err(error) if state.threads == 0 => return Err(error),
            Err(error) => tracing::warn!(%error, threads = state.threads, "no other thread for name lookups"),
        }
        Ok(())
    }

    /// What each thread does.
    fn work(&self) {
        let mut state = self.state();
        loop {
            if let Some(flight) = state.next(self.threads) {
                drop(state);
                let outcome = self.look_up(&flight.name);
                state = self.state();
                state.landed(&flight, &outcome, self.kept);
                // Who waits looks at it without the lock.
                flight.landed.send_replace(Some(outcome));
                continue;
            }
            state.idle += 1;
            let (back, waited) = self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = back;
            state.idle -= 1;
            if waited.timed_out() && state.waiting.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }

    fn look_up(&self, name: &str) -> Outcome {
        match catch_unwind(AssertUnwindSafe(|| (self.lookup)(name))) {
            Ok(Ok(addresses)) => Ok(addresses.into()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(io::Error::other("the lookup panicked").into()),
        }
    }
}

impl State {
    /// A place among those who wait, and for what may have to be remembered.
    fn make_room(&mut self) -> io::Result<()> {
        if self.waiting.len() >= WAITING {
            self.drop_abandoned();
        }
        if self.waiting.len() >= WAITING {
            return Err(io::Error::new(ErrorKind::ResourceBusy, "too many name lookups wait"));
        }
        if self.names.len() >= REMEMBERED {
            let now = Instant::now();
            self.names.retain(|_, entry| !matches!(entry, Entry::Failed(_, until) if *until <= now));
        }
        if self.names.len() >= REMEMBERED {
            self.names.retain(|_, entry| matches!(entry, Entry::UnderWay(_)));
        }
        Ok(())
    }

    /// Those that nobody waits for any more. Under the lock nobody can come back to one of them.
    fn drop_abandoned(&mut self) {
        let Self { waiting, names, .. } = self;
        waiting.retain(|flight| {
            let is_awaited = flight.landed.receiver_count() > 0;
            if !is_awaited {
                names.remove(&flight.name);
            }
            is_awaited
        });
    }

    /// The first that may begin now.
    fn next(&mut self, threads: usize) -> Option<Arc<Flight>> {
        if self.waiting.is_empty() {
            return None;
        }
        self.drop_abandoned();
        let share = threads.div_ceil(4);
        let has_room = self.unknown < threads - share.min(threads - 1);
        let may_begin = |flight: &Arc<Flight>| {
            let busy = self.domains.get(&flight.domain()).copied().unwrap_or(0);
            busy < share && (flight.is_known || has_room)
        };
        let at = self.waiting.iter().position(may_begin)?;
        let flight = self.waiting.remove(at)?;
        *self.domains.entry(flight.domain()).or_default() += 1;
        self.unknown += usize::from(!flight.is_known);
        Some(flight)
    }

    fn landed(&mut self, flight: &Flight, outcome: &Outcome, kept: Duration) {
        let domain = flight.domain();
        if let Some(busy) = self.domains.get_mut(&domain) {
            *busy -= 1;
            if *busy == 0 {
                self.domains.remove(&domain);
            }
        }
        self.unknown -= usize::from(!flight.is_known);
        self.names.remove(&flight.name);
        match outcome {
            Ok(addresses) if !addresses.is_empty() => {
                if self.known.len() >= REMEMBERED {
                    self.known.clear();
                }
                self.known.insert(flight.name.clone());
            }
            Ok(_) => {}
            // That we had no descriptors says nothing of the name.
            Err(failure) if failure.code.is_some_and(|code| Kind::is_want(&io::Error::from_raw_os_error(code))) => {}
            Err(failure) => {
                self.known.remove(&flight.name);
                self.names.insert(flight.name.clone(), Entry::Failed(failure.clone(), Instant::now() + kept));
            }
        }
    }
}

impl Flight {
    fn domain(&self) -> (bool, Box<str>) {
        (self.is_known, domain(&self.name).into())
    }
}

/// The last two labels of a name: what one server is likely to answer for. Names of one label are a domain, too: that of this host.
fn domain(name: &str) -> &str {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
    match (dots.next(), dots.next()) {
        (None, _) => "",
        (Some(_), None) => name,
        (Some(_), Some(at)) => &name[at + 1..],
    }
}

impl fmt::Debug for BlockingResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state();
        f.debug_struct("BlockingResolver")
            .field("threads", &state.threads)
            .field("waiting", &state.waiting.len())
            .finish_non_exhaustive()
    }
}
