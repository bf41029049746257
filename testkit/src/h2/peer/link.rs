//! The octets of a connection: reads while it writes, so that two ends that both write do not wait for each other.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout, timeout_at};

use super::Frame;

/// Any byte stream.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

pub(super) struct Link {
    io: Box<dyn Transport>,
    heard: Vec<u8>,
    at: usize,
    scratch: Box<[u8]>,
    end: Option<End>,
    is_deaf: bool,
    octets_heard: u64,
}

/// How the other end stopped talking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Clean,
    Reset,
}

/// What is next.
pub(super) enum Next {
    Frame(Frame),
    End(End),
    /// A frame was begun, and then the stream ended.
    Cut,
    /// Time was over.
    Nothing,
}

impl Link {
    pub(super) fn new(io: impl Transport + 'static) -> Self {
        Self {
            io: Box::new(io),
            heard: Vec::new(),
            at: 0,
            scratch: vec![0; 16 << 10].into(),
            end: None,
            is_deaf: false,
            octets_heard: 0,
        }
    }

    /// Whether the other end does not take octets, or has ended.
    pub(super) fn is_broken(&self) -> bool {
        self.is_deaf || self.end.is_some()
    }

    /// All octets that came.
    pub(super) fn octets_heard(&self) -> u64 {
        self.octets_heard
    }

    /// Writes all octets, unless the other end does not take them in time.
    pub(super) async fn write(&mut self, mut octets: &[u8], patience: Duration) {
        if self.is_deaf {
            return;
        }
        let written = poll_fn(|cx| {
            while !octets.is_empty() {
                match Pin::new(&mut self.io).poll_write(cx, octets) {
                    Poll::Ready(Ok(n)) if n > 0 => octets = &octets[n..],
                    Poll::Ready(_) => return Poll::Ready(false),
                    Poll::Pending => {
                        while self.end.is_none() && self.poll_fill(cx).is_ready() {}
                        return Poll::Pending;
                    }
                }
            }
            Pin::new(&mut self.io).poll_flush(cx).map(|flushed| flushed.is_ok())
        });
        let is_written = matches!(timeout(patience, written).await, Ok(true));
        self.is_deaf |= !is_written;
    }

    pub(super) async fn shut(&mut self) {
        self.is_deaf |= self.io.shutdown().await.is_err();
    }

    /// The next octets, exactly so many; `None` if they do not come in time.
    pub(super) async fn exactly(&mut self, octets: usize, until: Instant) -> Option<Vec<u8>> {
        while self.heard.len() - self.at < octets {
            if self.end.is_some() || timeout_at(until, poll_fn(|cx| self.poll_fill(cx))).await.is_err() {
                return None;
            }
        }
        let taken = self.heard[self.at..self.at + octets].to_vec();
        self.at += octets;
        Some(taken)
    }

    pub(super) async fn next(&mut self, until: Instant) -> Next {
        loop {
            if let Some((frame, octets)) = Frame::decode(&self.heard[self.at..]) {
                self.at += octets;
                return Next::Frame(frame);
            }
            self.heard.drain(..std::mem::take(&mut self.at));
            match self.end {
                Some(End::Clean) if !self.heard.is_empty() => return Next::Cut,
                Some(end) => return Next::End(end),
                None => {}
            }
            if timeout_at(until, poll_fn(|cx| self.poll_fill(cx))).await.is_err() {
                return Next::Nothing;
            }
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = ReadBuf::new(&mut self.scratch);
        let read: io::Result<()> = match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
            Poll::Ready(read) => read,
            Poll::Pending => return Poll::Pending,
        };
        match read {
            Ok(()) if buffer.filled().is_empty() => self.end = Some(End::Clean),
            Ok(()) => {
                self.octets_heard += buffer.filled().len() as u64;
                self.heard.extend_from_slice(buffer.filled());
            }
            Err(_) => self.end = Some(End::Reset),
        }
        Poll::Ready(())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("end", &self.end).field("is_deaf", &self.is_deaf).finish_non_exhaustive()
    }
}
