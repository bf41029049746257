//! Where a connection stands, whichever end it is.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::Method;

use super::buffers::{self, Size};
use super::config::Config;
use super::lines::Scan;
use super::outbox::Outbox;
use crate::fields::{Fields, Known};
use crate::framing::Framing;
use crate::rules::Rule;
use crate::syntax;
use crate::transfer::{Misuse, StreamError};

/// Everything about one connection.
pub(super) struct State {
    pub(super) config: Arc<Config>,
    pub(super) inbound: BytesMut,
    pub(super) out: Outbox,
    pub(super) read: Read,
    pub(super) write: Write,
    pub(super) notes: Notes,
    pub(super) scan: Scan,
    /// What `inbound` is a part of; its own capacity does not tell, when all of it was given away.
    pub(super) held: Option<Size>,
    pub(super) asked: Asked,
    pub(super) exchange: Exchange,
    /// This exchange is the last one.
    pub(super) close: bool,
    pub(super) eof: bool,
    /// The last read filled the buffer while a body came.
    pub(super) flows: bool,
    pub(super) octets_in: u64,
    pub(super) octets_out: u64,
    /// Content of the current messages.
    pub(super) content_in: u64,
    pub(super) content_out: u64,
}

/// What of a head is needed later. Mostly nothing is.
#[derive(Debug, Default)]
pub(super) enum Notes {
    #[default]
    Nothing,
    /// The protocols that the request offers to switch to.
    Offer(Bytes),
    /// The same with the key that an offer of WebSocket came with.
    OfferWithKey(Box<(Bytes, Bytes)>),
    /// What Connection named, in the head of a message that may have trailers.
    Names(Bytes),
    /// An offer, and those names.
    OfferAndNames(Box<(Bytes, Bytes)>),
}

impl Notes {
    /// An offer and its key, if there are any.
    pub(super) fn of(offered: Option<Bytes>, key: Option<Bytes>) -> Self {
        match (offered, key) {
            (Some(offered), Some(key)) => Self::OfferWithKey(Box::new((offered, key))),
            (Some(offered), None) => Self::Offer(offered),
            (None, _) => Self::Nothing,
        }
    }

    fn add_names(&mut self, names: Bytes) {
        *self = match std::mem::take(self) {
            Self::Offer(offered) => Self::OfferAndNames(Box::new((offered, names))),
            // Names come with a final head, after which no key is asked for.
            _ => Self::Names(names),
        };
    }

    fn offered(&self) -> Option<&[u8]> {
        match self {
            Self::Offer(offered) => Some(offered),
            Self::OfferWithKey(pair) | Self::OfferAndNames(pair) => Some(&pair.0),
            Self::Nothing | Self::Names(_) => None,
        }
    }

    pub(super) fn has_offer(&self) -> bool {
        self.offered().is_some()
    }

    pub(super) fn key(&self) -> Option<&[u8]> {
        if let Self::OfferWithKey(pair) = self { Some(&pair.1) } else { None }
    }

    pub(super) fn names(&self) -> Option<&[u8]> {
        match self {
            Self::Names(names) => Some(names),
            Self::OfferAndNames(pair) => Some(&pair.1),
            Self::Nothing | Self::Offer(_) | Self::OfferWithKey(_) => None,
        }
    }
}

/// The message being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Before its final head.
    Head,
    Length(u64),
    Chunked {
        at: Chunk,
        extensions: u32,
    },
    UntilClose,
    /// All of it was given.
    Ended,
    /// A tunnel.
    Raw,
    RawEnded,
    Failed(StreamError),
}

/// Where in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    Size,
    Data(u64),
    /// Before the CR LF after data.
    DataEnd,
    Trailers,
}

/// The message being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// Before its final head.
    Head,
    Length(u64),
    Chunked,
    UntilClose,
    /// Content is dropped: there cannot be any on the wire.
    Nothing,
    /// All of it was taken.
    Ended,
    /// A tunnel.
    Raw,
    RawEnded,
    Failed(Misuse),
}

/// What the method of the request means for framing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Asked {
    /// No request was read or written yet.
    #[default]
    Nothing,
    Head,
    Connect,
    Other,
}

impl Asked {
    pub(super) fn of(method: &Method) -> Self {
        match *method {
            Method::HEAD => Self::Head,
            Method::CONNECT => Self::Connect,
            _ => Self::Other,
        }
    }

    /// A method with the same meaning for framing.
    pub(super) const fn method(self) -> Method {
        match self {
            Self::Head => Method::HEAD,
            Self::Connect => Method::CONNECT,
            Self::Nothing | Self::Other => Method::GET,
        }
    }
}

/// Facts about the current exchange.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exchange {
    /// Both messages allow another one after them.
    pub(super) persists: bool,
    /// The peer speaks version 1.0.
    pub(super) is_old: bool,
    /// The request asked for 100 (Continue), and none was sent.
    pub(super) expects: bool,
    /// The request said that trailers are taken.
    pub(super) takes_trailers: bool,
    /// Content of the message being read has come.
    pub(super) has_content: bool,
    /// Informational heads read.
    pub(super) interims: u8,
    /// Empty lines skipped before the request.
    pub(super) empty_lines: u8,
}

/// Below this much room a buffer is exchanged or reclaimed before it is read into.
const ROOM: usize = 2 << 10;
/// The same while a body keeps coming.
const ROOM_FLOWING: usize = 16 << 10;

impl State {
    pub(super) const fn new(config: Arc<Config>, inbound: BytesMut, out: Outbox) -> Self {
        Self {
            config,
            inbound,
            out,
            read: Read::Head,
            write: Write::Head,
            notes: Notes::Nothing,
            scan: Scan { line_at: 0, searched: 0, lines: 0 },
            held: None,
            asked: Asked::Nothing,
            exchange: Exchange {
                persists: true,
                is_old: false,
                expects: false,
                takes_trailers: false,
                has_content: false,
                interims: 0,
                empty_lines: 0,
            },
            close: false,
            eof: false,
            flows: false,
            octets_in: 0,
            octets_out: 0,
            content_in: 0,
            content_out: 0,
        }
    }

    /// Makes sure that there is room to read into.
    pub(super) fn make_room(&mut self) {
        let room = self.inbound.capacity() - self.inbound.len();
        let enough = if self.flows { ROOM_FLOWING } else { ROOM };
        if room >= enough {
            return;
        }
        let length = self.inbound.len();
        let is_long = self.flows || length > Size::Small.octets() / 2;
        let wanted = if is_long { Size::Large } else { self.held.unwrap_or_default() };
        if self.held == Some(wanted) && self.inbound.try_reclaim(wanted.octets().saturating_sub(length)) {
            // All of the buffer is ours again.
        } else if room == 0 || self.flows || length == 0 {
            self.exchange_buffer(wanted);
        }
        if self.inbound.capacity() == self.inbound.len() {
            self.inbound.reserve(self.inbound.len().max(ROOM));
        }
    }

    fn exchange_buffer(&mut self, size: Size) {
        let mut fresh = buffers::take(size);
        if !self.inbound.is_empty() {
            fresh.extend_from_slice(&self.inbound);
        }
        let old = std::mem::replace(&mut self.inbound, fresh);
        if let Some(size) = self.held.replace(size) {
            buffers::give_back(old, size);
        }
    }

    /// `n` octets were appended.
    pub(super) fn received(&mut self, n: usize) {
        if n == 0 {
            self.eof = true;
        }
        self.octets_in += n as u64;
        if self.inbound.len() == self.inbound.capacity() && !matches!(self.read, Read::Head | Read::Ended) {
            self.flows = true;
        }
    }

    pub(super) fn release(&mut self) {
        // While others read from the buffer, giving it away would free nothing.
        if let Some(size) = self.held
            && self.inbound.is_empty()
            && self.inbound.try_reclaim(size.octets())
        {
            self.held = None;
            buffers::give_back_free(std::mem::take(&mut self.inbound), size);
        }
        self.out.release();
    }

    /// Reading failed for good.
    pub(super) fn fail(&mut self, error: StreamError) -> StreamError {
        self.read = Read::Failed(error);
        self.close = true;
        error
    }

    /// Both directions carry raw octets from here on.
    pub(super) fn open_tunnel(&mut self) {
        self.read = Read::Raw;
        self.write = Write::Raw;
        self.close = true;
    }

    /// Ready for the next exchange.
    pub(super) fn reset(&mut self) {
        self.read = Read::Head;
        self.write = Write::Head;
        self.notes = Notes::Nothing;
        self.scan = Scan::default();
        self.asked = Asked::Nothing;
        self.exchange = Exchange { persists: true, ..Exchange::default() };
        self.flows = false;
        self.content_in = 0;
        self.content_out = 0;
    }

    /// Remembers what Connection named, until the trailer section is read.
    pub(super) fn remember_names(&mut self, options: Options, framing: Framing, fields: &Fields) {
        if options.names && framing == Framing::Chunked {
            let alone = fields.all(Known::Connection).nth(1).is_none();
            let names = fields.shared(Known::Connection).filter(|_| alone);
            let joined = || fields.all(Known::Connection).collect::<Vec<_>>().join(&b", "[..]).into();
            self.notes.add_names(names.unwrap_or_else(joined));
        }
    }

    /// Whether a protocol is among those that were offered (RFC 9110 §7.8).
    pub(super) fn is_offered(&self, protocol: &[u8]) -> bool {
        let same = |offer: &[u8]| offer.eq_ignore_ascii_case(protocol);
        self.notes.offered().is_some_and(|offers| syntax::list(offers).any(same))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(size) = self.held.take() {
            buffers::give_back(std::mem::take(&mut self.inbound), size);
        }
        self.out.release();
    }
}

impl std::fmt::Debug for State {
    /// Without octets: they may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("read", &self.read)
            .field("write", &self.write)
            .field("asked", &self.asked)
            .field("exchange", &self.exchange)
            .field("close", &self.close)
            .field("eof", &self.eof)
            .field("buffered", &self.inbound.len())
            .field("pending", &self.out.pending())
            .finish_non_exhaustive()
    }
}

/// What a Connection field says about the connection itself (RFC 9112 §9.3, RFC 9110 §7.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) close: bool,
    pub(super) keep_alive: bool,
    pub(super) upgrade: bool,
    /// There are others, which may name fields.
    pub(super) names: bool,
}

impl Options {
    /// All Connection fields count, and all their options.
    pub(super) fn of(fields: &Fields) -> Self {
        let mut options = Self::default();
        if let Some(value) = fields.only(Known::Connection) {
            options.add(value);
        } else if fields.contains(Known::Connection) {
            fields.all(Known::Connection).for_each(|value| options.add(value));
        }
        options
    }

    fn add(&mut self, value: &[u8]) {
        if value == b"keep-alive" || value.eq_ignore_ascii_case(b"keep-alive") {
            self.keep_alive = true;
            return;
        }
        for option in syntax::list(value) {
            let close = option.eq_ignore_ascii_case(b"close");
            let keep_alive = option.eq_ignore_ascii_case(b"keep-alive");
            let upgrade = option.eq_ignore_ascii_case(b"upgrade");
            self.close |= close;
            self.keep_alive |= keep_alive;
            self.upgrade |= upgrade;
            self.names |= !(close | keep_alive | upgrade);
        }
    }

    /// Whether the sender is willing to go on after this message.
    pub(super) const fn persists(self, is_old: bool) -> bool {
        !self.close && (!is_old || self.keep_alive)
    }
}

/// The protocols of all Upgrade fields as one list; nothing if there are none.
pub(super) fn protocols(fields: &Fields) -> Result<Option<Bytes>, Rule> {
    let Some(first) = fields.shared(Known::Upgrade) else { return Ok(None) };
    let list = if fields.all(Known::Upgrade).nth(1).is_none() {
        first
    } else {
        Bytes::from(fields.all(Known::Upgrade).collect::<Vec<_>>().join(&b", "[..]))
    };
    if list.is_empty() {
        return Ok(None);
    }
    if syntax::list(&list).all(syntax::is_protocol) { Ok(Some(list)) } else { Err(Rule::UpgradeMalformed) }
}
