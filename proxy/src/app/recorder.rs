//! Sees to it that every exchange leaves exactly one record, however it ends.

use simplon_core::http::Exchange;
use tokio::time::Instant;

use crate::observe::{Event, Observe, Record};

/// The state of one exchange. Tells the observer once, when it goes away: at the end, after a panic, or when the server is stopped hard.
pub(super) struct Recorder<'a, Ctx, O: Observe<Ctx>> {
    pub(super) cx: Ctx,
    pub(super) record: Record,
    observe: &'a O,
    is_told: bool,
}

impl<'a, Ctx, O: Observe<Ctx>> Recorder<'a, Ctx, O> {
    pub(super) fn begin(exchange: &Exchange, cx: Ctx, observe: &'a O) -> Self {
        Self { cx, record: Record::begin(exchange), observe, is_told: false }
    }

    /// The end, before this goes away; says when it was.
    pub(super) fn end(&mut self) -> Instant {
        self.tell()
    }

    fn tell(&mut self) -> Instant {
        self.is_told = true;
        let now = self.record.close();
        self.observe.on(&Event::Done(&self.record), &mut self.cx);
        now
    }
}

impl<Ctx, O: Observe<Ctx>> Drop for Recorder<'_, Ctx, O> {
    fn drop(&mut self) {
        if !self.is_told {
            self.tell();
        }
    }
}
