//! What all parts of a running server share.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::census::{Census, ConnectionLimits, Full};
use super::slots::{Sharded, Ticket};
use super::{Counters, DrainTrigger, Phase};

/// What the owner of a server asks for; only ever more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Command {
    Run,
    Drain,
    Stop,
}

pub(super) struct Hub {
    pub(super) trigger: DrainTrigger,
    pub(super) census: Census,
    pub(super) counters: Arc<Counters>,
    pub(super) command: watch::Sender<Command>,
    pub(super) phase: watch::Sender<Phase>,
    tasks: AtomicUsize,
    aborts: Sharded<AbortHandle>,
    cutting: AtomicBool,
    emptied: Notify,
}

impl Hub {
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self {
            trigger: DrainTrigger::new(),
            census: Census::new(limits),
            counters: Arc::default(),
            command: watch::Sender::new(Command::Run),
            phase: watch::Sender::new(Phase::Ready),
            tasks: AtomicUsize::new(0),
            aborts: Sharded::new(),
            cutting: AtomicBool::new(false),
            emptied: Notify::new(),
        })
    }

    /// Asks for more than was asked for before; less is not heard.
    pub(super) fn ask(&self, command: Command) {
        self.command.send_if_modified(|asked| {
            let more = command > *asked;
            *asked = command.max(*asked);
            more
        });
    }

    /// A place for a connection, or why there is none.
    pub(super) fn seat_connection(self: &Arc<Self>, ip: Option<IpAddr>) -> Result<Seat, Full> {
        self.census.enter(ip)?;
        Ok(self.seat(Guest::Connection(ip)))
    }

    /// A place for a task that drains wait for.
    pub(super) fn seat_task(self: &Arc<Self>) -> Seat {
        self.tasks.fetch_add(1, Ordering::AcqRel);
        self.seat(Guest::Task)
    }

    fn seat(self: &Arc<Self>, guest: Guest) -> Seat {
        Seat { hub: self.clone(), guest, ticket: self.aborts.reserve() }
    }

    /// Remembers how to cut a task off. To be called with the ticket of its seat once it is spawned.
    pub(super) fn remember(&self, ticket: Ticket, abort: AbortHandle) {
        // A task that ended meanwhile has left its seat; nothing is remembered of it.
        let _ = self.aborts.put(ticket, abort);
        if self.cutting.load(Ordering::Acquire) {
            self.cut();
        }
    }

    /// Cuts off all that still runs, and whatever comes after.
    pub(super) fn cut(&self) {
        self.cutting.store(true, Ordering::Release);
        self.aborts.take_all(|task| {
            self.counters.cut.add();
            task.abort();
        });
    }

    /// Whether no connection and no task is left. A connection may leave a task behind, not the other way round, so
    /// connections are looked at first.
    pub(super) fn is_empty(&self) -> bool {
        self.census.open() == 0 && self.tasks.load(Ordering::Acquire) == 0
    }

    /// Waits until nothing is left.
    pub(super) async fn emptied(&self) {
        loop {
            let mut emptied = std::pin::pin!(self.emptied.notified());
            emptied.as_mut().enable();
            if self.is_empty() {
                return;
            }
            emptied.await;
        }
    }
}

enum Guest {
    Connection(Option<IpAddr>),
    Task,
}

/// The place of one connection or task; given back when dropped, however the task ends.
pub(super) struct Seat {
    hub: Arc<Hub>,
    guest: Guest,
    ticket: Ticket,
}

impl Seat {
    pub(super) fn ticket(&self) -> Ticket {
        self.ticket
    }

    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if thread::panicking() {
            self.hub.counters.panics.add();
        }
        self.hub.aborts.leave(self.ticket);
        let left = match self.guest {
            Guest::Connection(ip) => self.hub.census.leave(ip),
            Guest::Task => self.hub.tasks.fetch_sub(1, Ordering::AcqRel) - 1,
        };
        if left == 0 {
            self.hub.emptied.notify_waiters();
        }
    }
}
