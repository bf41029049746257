//! An observer that keeps what it is told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use simplon_proxy::observe::Event;
use simplon_proxy::{Observe, Record};

/// Keeps every record, and the events before it by name. A clone is the same keeper.
#[derive(Clone, Debug, Default)]
pub struct Records(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    records: Vec<Record>,
    events: Vec<String>,
}

impl Records {
    /// Nothing kept yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All records, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Record> {
        self.lock().records.clone()
    }

    /// The only record there is.
    #[must_use]
    pub fn only(&self) -> Record {
        let records = self.all();
        assert_eq!(records.len(), 1, "one record was expected: {records:#?}");
        records[0].clone()
    }

    /// All events, oldest first, by their variant's name.
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        self.lock().events.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Ctx> Observe<Ctx> for Records {
    fn on(&self, event: &Event<'_>, _cx: &mut Ctx) {
        let mut kept = self.lock();
        kept.events.push(name(event).to_owned());
        if let Event::Done(record) = event {
            kept.records.push((*record).clone());
        }
    }
}

fn name(event: &Event<'_>) -> &'static str {
    match event {
        Event::Connected { .. } => "Connected",
        Event::Reused { .. } => "Reused",
        Event::AttemptFailed { .. } => "AttemptFailed",
        Event::ReplayOverflowed => "ReplayOverflowed",
        Event::Done(_) => "Done",
        _ => "Other",
    }
}
