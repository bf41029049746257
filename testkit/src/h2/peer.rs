//! One end of a connection that speaks raw frames.
//!
//! Sending never fails: if the other end does not take octets any more, the next expectation says so. Expecting reads until what is expected
//! has come; what else came meanwhile is kept for later expectations. What the other end may never do, whatever is expected, is looked for
//! in all that it says, and is an [`Event::Breach`].

mod event;
mod expect;
mod hear;
mod ledger;
mod link;
mod miss;
mod room;
mod transcript;

use std::collections::VecDeque;
use std::time::Duration;

use super::code::Setting;
use super::frame::{ACK, Frame, Kind, PADDED, PRIORITY};
use super::hpack::{Decoder, Field};
use ledger::Ledger;
use link::Link;
use room::Room;
use transcript::Transcript;

pub use event::Event;
pub use link::Transport;
pub use miss::Miss;

/// What a client says before its first frame.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Who this peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It asks.
    Client,
    /// It answers.
    Server,
}

/// What a peer does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Acknowledges SETTINGS.
    pub acknowledges: bool,
    /// Answers PING.
    pub answers_pings: bool,
    /// Gives back the window that content took, as soon as it is heard.
    pub returns_window: bool,
    /// Begins its first field block by confirming that the other end keeps a smaller table than it might (RFC 7541 §4.2).
    pub confirms_table: bool,
}

impl Default for Habits {
    /// All of them.
    fn default() -> Self {
        Self { acknowledges: true, answers_pings: true, returns_window: true, confirms_table: true }
    }
}

/// A response with all that belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The fields after `:status`.
    pub fields: Vec<Field>,
    /// The content.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: Vec<Field>,
    /// The status codes of informational responses before it.
    pub interim: Vec<u16>,
}

/// A request with all that belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// Its stream.
    pub stream: u32,
    /// All fields, pseudo-header fields too.
    pub fields: Vec<Field>,
    /// The content.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: Vec<Field>,
}

impl Asked {
    /// The value of the first field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// One end of a connection that speaks raw frames. See [the module](self).
#[derive(Debug)]
pub struct Peer {
    /// What it does by itself.
    pub habits: Habits,
    /// How long an expectation waits. Default: two seconds, by the runtime's clock.
    pub patience: Duration,
    role: Role,
    link: Link,
    decoder: Decoder,
    ledger: Ledger,
    room: Room,
    transcript: Transcript,
    /// What was heard and not expected yet.
    backlog: VecDeque<Event>,
    /// A field block that goes on: its stream, the promised one if it is pushed, whether the stream ends with it, and its octets.
    block: Option<(u32, Option<u32>, bool, Vec<u8>)>,
    /// The settings of the other end.
    theirs: Vec<(Setting, u32)>,
    has_heard_settings: bool,
    next_stream: u32,
    /// A request that waits for an answer.
    pub(super) asked: Option<Asked>,
    /// A stream whose message was begun.
    pub(super) begun: Option<u32>,
}

impl Peer {
    /// A client. Nothing is sent yet.
    #[must_use]
    pub fn client(io: impl Transport + 'static) -> Self {
        Self::new(Role::Client, io)
    }

    /// A server. Nothing is sent yet.
    #[must_use]
    pub fn server(io: impl Transport + 'static) -> Self {
        Self::new(Role::Server, io)
    }

    fn new(role: Role, io: impl Transport + 'static) -> Self {
        Self {
            habits: Habits::default(),
            patience: Duration::from_secs(2),
            role,
            link: Link::new(io),
            decoder: Decoder::default(),
            ledger: Ledger::default(),
            room: Room::default(),
            transcript: Transcript::default(),
            backlog: VecDeque::new(),
            block: None,
            theirs: Vec::new(),
            has_heard_settings: false,
            next_stream: if role == Role::Client { 1 } else { 2 },
            asked: None,
            begun: None,
        }
    }

    /// Who this peer is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// What the other end set, or what holds if it did not.
    #[must_use]
    pub fn theirs(&self, setting: Setting) -> Option<u32> {
        let set = self.theirs.iter().rev().find(|(name, _)| *name == setting).map(|(_, value)| *value);
        set.or(match setting {
            Setting::HEADER_TABLE_SIZE => Some(4096),
            Setting::ENABLE_PUSH => Some(1),
            Setting::INITIAL_WINDOW_SIZE => Some(65_535),
            Setting::MAX_FRAME_SIZE => Some(16_384),
            _ => None,
        })
    }

    /// A stream identifier that was not used yet.
    pub fn fresh(&mut self) -> u32 {
        let stream = self.next_stream;
        self.next_stream += 2;
        stream
    }

    /// Says that streams up to this one are used.
    pub fn used(&mut self, stream: u32) {
        self.next_stream = self.next_stream.max(stream + 2);
    }

    /// Sends one frame.
    pub async fn send(&mut self, frame: Frame) {
        self.send_all([frame]).await;
    }

    /// Sends frames in one piece.
    pub async fn send_all(&mut self, frames: impl IntoIterator<Item = Frame>) {
        let mut wire = Vec::new();
        for mut frame in frames {
            self.confirm(&mut frame);
            self.transcript.say(&frame);
            self.note(&frame);
            wire.extend(frame.encode());
        }
        self.link.write(&wire, self.patience).await;
    }

    /// Sends frames octet by octet; after each the other tasks have a turn.
    pub async fn send_slowly(&mut self, frames: impl IntoIterator<Item = Frame>) {
        for mut frame in frames {
            self.confirm(&mut frame);
            self.transcript.say(&frame);
            self.note(&frame);
            for octet in frame.encode() {
                self.link.write(&[octet], self.patience).await;
                tokio::task::yield_now().await;
            }
        }
    }

    /// Sends so many octets of DATA, padding included, as the windows allow. `make` makes a frame of at most so many octets.
    ///
    /// # Errors
    /// The window was not given back.
    pub async fn send_within(&mut self, stream: u32, octets: usize, make: impl Fn(usize) -> Frame) -> Result<(), Miss> {
        let mut rest = octets;
        while rest > 0 {
            let room = self.room(stream).min(self.theirs(Setting::MAX_FRAME_SIZE).unwrap_or(0) as usize).min(rest);
            let frame = make(room);
            if room > 0 && frame.payload.len() <= self.room(stream) {
                rest = rest.saturating_sub(frame.payload.len());
                self.send(frame).await;
            } else if !self.hear(self.until()).await {
                return Err(self.miss("the window to be given back"));
            }
        }
        Ok(())
    }

    /// How many octets of content may be sent on this stream; on 0, on the connection as a whole.
    #[must_use]
    pub fn room(&self, stream: u32) -> usize {
        match stream {
            0 => self.room.of_connection(),
            stream => self.room.of(stream),
        }
    }

    /// Sends octets as they are.
    pub async fn send_raw(&mut self, octets: &[u8]) {
        self.transcript.note(&format!("→ {} octets: {}", octets.len(), brief(octets)));
        self.link.write(octets, self.patience).await;
    }

    /// Sends a block in HEADERS and as many CONTINUATION as there are further pieces.
    pub async fn send_split(&mut self, head: Frame, pieces: &[&[u8]]) {
        let (stream, last) = (head.stream, pieces.len().saturating_sub(1));
        let further = pieces.iter().enumerate().map(|(at, piece)| {
            let frame = Frame::continuation(stream, piece);
            if at == last { frame } else { frame.unfinished() }
        });
        let frames: Vec<_> =
            std::iter::once(if pieces.is_empty() { head } else { head.unfinished() }).chain(further).collect();
        self.send_all(frames).await;
    }

    /// Sends many frames that are not worth a line each. Says whether the other end still takes them.
    pub async fn send_many(&mut self, what: &str, wire: &[u8]) -> bool {
        self.transcript.repeat(what);
        self.link.write(wire, self.patience).await;
        !self.link.is_broken()
    }

    /// Ends this side; still reads.
    pub async fn half_close(&mut self) {
        self.transcript.note("→ end of stream");
        self.link.shut().await;
    }

    /// Confirms a smaller table in the first field block.
    fn confirm(&mut self, frame: &mut Frame) {
        let table = self.theirs(Setting::HEADER_TABLE_SIZE).unwrap_or(4096);
        if table >= 4096 || frame.kind != Kind::HEADERS || !std::mem::take(&mut self.habits.confirms_table) {
            return;
        }
        let before = usize::from(frame.has(PADDED)) + 5 * usize::from(frame.has(PRIORITY));
        if before <= frame.payload.len() {
            let update = super::Block::new().table_size(u64::from(table));
            frame.payload.splice(before..before, update.as_ref().iter().copied());
        }
    }

    /// Remembers what frames mean for what the other end may send.
    pub(super) fn note(&mut self, frame: &Frame) {
        if frame.kind == Kind::DATA {
            self.room.take(frame.stream, frame.payload.len());
        }
        match frame.payload() {
            Ok(super::Payload::WindowUpdate(octets)) => self.ledger.grant(frame.stream, octets),
            Ok(super::Payload::Settings(settings)) => self.ledger.set(&settings),
            _ => {}
        }
        if frame.kind == Kind::HEADERS && self.role == Role::Client && frame.stream % 2 == 1 && frame.stream < 1 << 30 {
            self.used(frame.stream);
        }
    }

    /// What was said and heard, line by line.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.transcript.to_string()
    }

    /// Answers what habits say is answered.
    async fn react(&mut self, frame: &Frame) {
        match frame.kind {
            Kind::SETTINGS if !frame.has(ACK) && self.habits.acknowledges => self.send(Frame::settings_ack()).await,
            Kind::PING if !frame.has(ACK) && self.habits.answers_pings => {
                self.send(Frame::new(Kind::PING, 0, &frame.payload).with(ACK)).await;
            }
            Kind::DATA if self.habits.returns_window && !frame.payload.is_empty() => {
                let octets = frame.payload.len() as u32;
                let mut frames = vec![Frame::window_update(0, octets)];
                if !frame.has(super::frame::END_STREAM) {
                    frames.push(Frame::window_update(frame.stream, octets));
                }
                self.send_all(frames).await;
            }
            _ => {}
        }
    }
}

fn brief(octets: &[u8]) -> String {
    let shown = octets[..octets.len().min(64)].escape_ascii().to_string();
    if octets.len() > 64 { shown + "…" } else { shown }
}

#[cfg(test)]
mod tests;
