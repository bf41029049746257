//! Sends wave after wave, and listens between them.

use std::time::Duration;

use tokio::time::Instant;

use super::wave::{Pace, Wave};
use super::{Effort, End, Flood, Flooded};
use crate::h2::code::Code;
use crate::h2::frame::Frame;
use crate::h2::peer::{Event, Miss, Peer};

pub(super) async fn run(flood: Flood, peer: &mut Peer, effort: Effort) -> Result<Flooded, Miss> {
    peer.start().await?;
    let mut tally = Tally::new(effort);
    let mut wave = Wave::new(flood, peer).await?;
    while tally.goes_on() && tally.listen(peer).await {
        let (frames, pace) = wave.next(peer);
        tally.send(peer, &flood.to_string(), &frames).await;
        match pace {
            Pace::Burst => {}
            Pace::Answered(stream) => answered(peer, stream).await,
            Pace::Room if frames.is_empty() => more_room(peer).await,
            Pace::Room => tokio::task::yield_now().await,
        }
    }
    let sign = match flood {
        Flood::Continuation | Flood::EmptyContinuation => Sign::Silence,
        _ => Sign::Ping,
    };
    Ok(tally.end(peer, sign).await)
}

/// What shows at the end that the other end is there.
#[derive(Clone, Copy)]
pub(super) enum Sign {
    /// That it answers PING.
    Ping,
    /// That it does not end the connection: within a field block it cannot be asked.
    Silence,
}

/// What was sent and heard so far.
pub(super) struct Tally {
    effort: Effort,
    since: (Instant, std::time::Instant),
    frames: u64,
    octets: u64,
    resets: u64,
    end: Option<End>,
}

impl Tally {
    pub(super) fn new(effort: Effort) -> Self {
        let since = (Instant::now(), std::time::Instant::now());
        Self { effort, since, frames: 0, octets: 0, resets: 0, end: None }
    }

    /// Whether there is effort left to make.
    pub(super) fn goes_on(&self) -> bool {
        let elapsed = self.since.0.elapsed().max(self.since.1.elapsed());
        self.end.is_none() && self.frames < self.effort.frames && elapsed < self.effort.duration
    }

    pub(super) async fn send(&mut self, peer: &mut Peer, what: &str, frames: &[Frame]) {
        let wire: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        self.frames += frames.len() as u64;
        self.octets += wire.len() as u64;
        if !wire.is_empty() && !peer.send_many(what, &wire).await {
            self.hear_end(peer).await;
        }
    }

    /// Hears what has come. False if that is the end.
    pub(super) async fn listen(&mut self, peer: &mut Peer) -> bool {
        // The other end must have its turn, also if it shares a thread with this one.
        tokio::task::yield_now().await;
        peer.glance().await;
        self.count(peer);
        self.end.is_none()
    }

    /// Hears until so much time has passed. False if the end came.
    pub(super) async fn listen_for(&mut self, peer: &mut Peer, duration: Duration) -> bool {
        let until = Instant::now() + duration;
        while self.end.is_none() && peer.hear(until).await {
            self.count(peer);
        }
        self.end.is_none()
    }

    fn count(&mut self, peer: &mut Peer) {
        for event in peer.drain() {
            match event {
                Event::Reset { .. } => self.resets += 1,
                Event::GoAway { code, .. } if code != Code::NO_ERROR => self.end = Some(End::GoAway(code)),
                Event::Closed { .. } if self.end.is_none() => self.end = Some(End::Closed),
                _ => {}
            }
        }
    }

    /// The other end does not take octets any more: hears why.
    async fn hear_end(&mut self, peer: &mut Peer) {
        if self.listen_for(peer, peer.patience).await {
            self.end = Some(End::Silent);
        }
    }

    /// Looks for a sign of life, and gives the account.
    pub(super) async fn end(mut self, peer: &mut Peer, sign: Sign) -> Flooded {
        let took = self.since.1.elapsed();
        let end = match (self.end, sign) {
            (Some(end), _) => end,
            (None, Sign::Ping) => self.life(peer).await,
            (None, Sign::Silence) => {
                self.listen_for(peer, peer.patience).await;
                self.end.unwrap_or(End::Survived)
            }
        };
        Flooded { end, frames: self.frames, octets: self.octets, heard: peer.octets_heard(), resets: self.resets, took }
    }

    async fn life(&mut self, peer: &mut Peer) -> End {
        peer.send(Frame::ping(*b"alive???")).await;
        let until = Instant::now() + peer.patience;
        while peer.hear(until).await {
            let is_alive = peer.has_heard(&Event::PingAck(*b"alive???"));
            self.count(peer);
            match self.end {
                Some(end) => return end,
                None if is_alive => return End::Survived,
                None => {}
            }
        }
        self.count(peer);
        self.end.unwrap_or(End::Silent)
    }
}

/// Waits until a stream has ended, or the connection.
async fn answered(peer: &mut Peer, stream: u32) {
    let ended = peer.await_event(|event| match event {
        Event::Fields { stream: on, is_last, .. } | Event::Data { stream: on, is_last, .. } => {
            *on == stream && *is_last
        }
        Event::Reset { stream: on, .. } => *on == stream,
        Event::Closed { .. } | Event::GoAway { .. } => true,
        _ => false,
    });
    ended.await;
}

async fn more_room(peer: &mut Peer) {
    let room = |event: &Event| {
        matches!(event, Event::WindowUpdate { .. } | Event::Closed { .. } | Event::GoAway { .. } | Event::Reset { .. })
    };
    peer.await_event(room).await;
}
