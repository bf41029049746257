//! Sees to it that every exchange leaves exactly one record, however it ends.

use simplon_core::http::Exchange;

use crate::observe::{Event, Observe, Record};

/// The state of one exchange. Tells the observer once, when it goes away: at the end, after a panic, or when the server is stopped hard.
pub(super) struct Recorder<'a, Ctx, O: Observe<Ctx>> {
    pub(super) cx: Ctx,
    pub(super) record: Record,
    observe: &'a O,
}

impl<'a, Ctx, O: Observe<Ctx>> Recorder<'a, Ctx, O> {
    pub(super) fn begin(exchange: &Exchange, cx: Ctx, observe: &'a O) -> Self {
        Self { cx, record: Record::begin(exchange), observe }
    }
}

impl<Ctx, O: Observe<Ctx>> Drop for Recorder<'_, Ctx, O> {
    fn drop(&mut self) {
        self.record.close();
        self.observe.on(&Event::Done(&self.record), &mut self.cx);
    }
}
