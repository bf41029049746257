//! From frames to events, and the rules that hold for whatever the other end says.

use tokio::time::Instant;

use super::link::{End, Next};
use super::{Event, Peer, Role};
use crate::h2::code::Setting;
use crate::h2::frame::{END_HEADERS, END_STREAM, Frame, Kind, Payload};

impl Peer {
    /// Reads the next event and keeps it. False if none came in time.
    pub(in crate::h2) async fn hear(&mut self, until: Instant) -> bool {
        if self.is_closed() {
            return false;
        }
        loop {
            let event = match self.link.next(until).await {
                Next::Nothing => return false,
                Next::Frame(frame) => {
                    self.transcript.hear(&frame);
                    let event = self.frame(&frame);
                    self.react(&frame).await;
                    event
                }
                Next::Cut => {
                    self.keep(Event::Breach("the connection ended within a frame".to_owned()));
                    Some(Event::Closed { is_reset: false })
                }
                Next::End(end) => Some(Event::Closed { is_reset: end == End::Reset }),
            };
            if let Some(event) = event {
                self.keep(event);
                return true;
            }
        }
    }

    /// Hears what is there already.
    pub(in crate::h2) async fn glance(&mut self) {
        while self.hear(Instant::now()).await {}
    }

    /// Hears until such an event has come, or patience is over.
    pub(in crate::h2) async fn await_event(&mut self, is_wanted: impl Fn(&Event) -> bool) {
        let until = self.until();
        let mut looked_at = 0;
        while !self.backlog.iter().skip(looked_at).any(&is_wanted) {
            looked_at = self.backlog.len();
            if !self.hear(until).await {
                return;
            }
        }
    }

    /// Takes all that was heard and not expected. The end of the connection stays.
    pub(in crate::h2) fn drain(&mut self) -> Vec<Event> {
        let events: Vec<_> = self.backlog.drain(..).collect();
        self.backlog.extend(events.last().filter(|event| matches!(event, Event::Closed { .. })).cloned());
        events
    }

    /// Whether this was heard and not expected.
    pub(in crate::h2) fn has_heard(&self, wanted: &Event) -> bool {
        self.backlog.contains(wanted)
    }

    /// All octets that came.
    pub(in crate::h2) fn octets_heard(&self) -> u64 {
        self.link.octets_heard()
    }

    fn keep(&mut self, event: Event) {
        if matches!(event, Event::Closed { .. } | Event::Breach(_)) {
            self.transcript.note(&format!("← {event}"));
        }
        // What floods bring must not fill the memory.
        if !(event.is_idle_talk() && self.backlog.len() > 1000) {
            self.backlog.push_back(event);
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.backlog.back(), Some(Event::Closed { .. }))
    }

    /// What a frame means; `None` if that needs more of them.
    fn frame(&mut self, frame: &Frame) -> Option<Event> {
        self.rules(frame).unwrap_or_else(|rule| Some(Event::Breach(rule.to_owned())))
    }

    fn rules(&mut self, frame: &Frame) -> Result<Option<Event>, &'static str> {
        if !self.ledger.admits(frame.payload.len()) {
            return Err("a frame above SETTINGS_MAX_FRAME_SIZE (§4.2)");
        }
        let is_first = !std::mem::replace(&mut self.has_heard_settings, true);
        let payload = frame.payload()?;
        if is_first && !matches!(payload, Payload::Settings(_)) {
            return Err("the first frame is not SETTINGS (§3.4)");
        }
        if self.block.is_some() && frame.kind != Kind::CONTINUATION {
            return Err("another frame within a field block (§6.10)");
        }
        let (stream, is_last) = (frame.stream, frame.has(END_STREAM));
        Ok(Some(match payload {
            Payload::Headers(block) => return self.begin(frame, None, block),
            Payload::PushPromise(promised, block) => return self.promise(frame, promised, block),
            Payload::Continuation(block) => return self.go_on(frame, &block),
            Payload::Data(octets) => {
                self.ledger.take(stream, frame.payload.len())?;
                Event::Data { stream, octets, is_last }
            }
            Payload::Reset(code) => Event::Reset { stream, code },
            Payload::Settings(settings) => self.settings(settings)?,
            Payload::SettingsAck => {
                let table = self.ledger.acknowledged()?;
                self.decoder.limit(table);
                Event::SettingsAck
            }
            Payload::Ping(octets) => Event::Ping(octets),
            Payload::PingAck(octets) => Event::PingAck(octets),
            Payload::GoAway(last, code, _) => Event::GoAway { last, code },
            Payload::WindowUpdate(0) => return Err("WINDOW_UPDATE of 0 (§6.9)"),
            Payload::WindowUpdate(octets) => {
                self.room.grant(stream, octets);
                Event::WindowUpdate { stream, octets }
            }
            Payload::Priority(..) | Payload::PriorityUpdate(..) | Payload::Unknown(_) => Event::Other,
        }))
    }

    fn promise(&mut self, frame: &Frame, promised: u32, block: Vec<u8>) -> Result<Option<Event>, &'static str> {
        match (self.role, self.ledger.may_push()) {
            (Role::Server, _) => Err("PUSH_PROMISE by a client (§8.4)"),
            (Role::Client, false) => Err("PUSH_PROMISE though ENABLE_PUSH is 0 (§6.6)"),
            (Role::Client, true) => self.begin(frame, Some(promised), block),
        }
    }

    fn begin(&mut self, frame: &Frame, promised: Option<u32>, block: Vec<u8>) -> Result<Option<Event>, &'static str> {
        self.block = Some((frame.stream, promised, frame.kind == Kind::HEADERS && frame.has(END_STREAM), block));
        self.finish(frame)
    }

    fn go_on(&mut self, frame: &Frame, more: &[u8]) -> Result<Option<Event>, &'static str> {
        match &mut self.block {
            Some((stream, _, _, block)) if *stream == frame.stream => block.extend_from_slice(more),
            _ => return Err("CONTINUATION of nothing (§6.10)"),
        }
        self.finish(frame)
    }

    fn finish(&mut self, frame: &Frame) -> Result<Option<Event>, &'static str> {
        let Some((stream, promised, is_last, block)) = self.block.take_if(|_| frame.has(END_HEADERS)) else {
            return Ok(None);
        };
        let fields = self.decoder.decode(&block)?;
        Ok(Some(match promised {
            Some(promised) => Event::Promise { promised },
            None => Event::Fields { stream, fields, is_last },
        }))
    }

    fn settings(&mut self, settings: Vec<(Setting, u32)>) -> Result<Event, &'static str> {
        for (setting, value) in &settings {
            match (*setting, *value) {
                (Setting::INITIAL_WINDOW_SIZE, octets @ ..0x8000_0000) => self.room.initial(octets),
                (Setting::ENABLE_PUSH, 1) if self.role == Role::Client => {
                    return Err("ENABLE_PUSH 1 by a server (§6.5.2)");
                }
                (Setting::ENABLE_PUSH, 2..) => return Err("ENABLE_PUSH is neither 0 nor 1 (§6.5.2)"),
                (Setting::INITIAL_WINDOW_SIZE, 0x8000_0000..) => {
                    return Err("INITIAL_WINDOW_SIZE is too large (§6.5.2)");
                }
                (Setting::MAX_FRAME_SIZE, ..16_384 | 0x100_0000..) => {
                    return Err("MAX_FRAME_SIZE is out of range (§6.5.2)");
                }
                (Setting::ENABLE_CONNECT_PROTOCOL, 2..) => {
                    return Err("ENABLE_CONNECT_PROTOCOL is neither 0 nor 1 (RFC 8441 §3)");
                }
                _ => {}
            }
        }
        self.theirs.extend(settings.iter().copied());
        Ok(Event::Settings(settings))
    }
}
