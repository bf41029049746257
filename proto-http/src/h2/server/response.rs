//! The response as it goes out: what was pushed, and what waits for a window.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{Asked, Expects, Read, ServerStream, Write};
use crate::fields::{Fields, Known};
use crate::h2::{failure, response_out, trailers};
use crate::head::ResponseHead;
use crate::rules::Rule;
use crate::syntax;
use crate::transfer::{Last, Misuse, StreamError};

/// What was pushed and waits for a window.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pieces: VecDeque<Bytes>,
    pub(super) octets: usize,
    pub(super) end: End,
}

#[derive(Debug, Default)]
pub(super) enum End {
    #[default]
    Open,
    /// END_STREAM with the last piece, or alone.
    Due,
    Trailers(Box<HeaderMap>),
    Sent,
}

impl ServerStream {
    pub(super) fn write_head(&mut self, head: &ResponseHead, last: Last) -> Result<(), StreamError> {
        let response = response_out::response(head).map_err(StreamError::Misuse)?;
        if head.is_interim() {
            return self.interim(response);
        }
        let write = self.plan(head, last).map_err(StreamError::Misuse)?;
        let is_over = match write {
            Write::Ended | Write::Nothing => true,
            Write::Length(_) | Write::Open | Write::Raw => false,
            Write::Head | Write::RawEnded | Write::Failed(_) | Write::Cut => {
                return Err(StreamError::Misuse(Misuse::OutOfOrder));
            }
        };
        let send = self.respond.send_response(response, is_over).map_err(|error| failure::of(&error))?;
        self.send = Some(send);
        self.write = write;
        self.expects = Expects::Nothing;
        if is_over {
            self.outbox.end = End::Sent;
        }
        if write == Write::Raw {
            self.read = Read::Raw;
        }
        Ok(())
    }

    /// 100 only to those that wait for it.
    fn interim(&mut self, response: http::Response<()>) -> Result<(), StreamError> {
        if response.status() == StatusCode::CONTINUE {
            if !self.awaits_continue() {
                return Ok(());
            }
            self.expects = Expects::Nothing;
        }
        self.interims = self.interims.saturating_add(1);
        if self.interims > self.config.limits.interim_heads {
            return Err(StreamError::Misuse(Misuse::Head(Rule::TooManyInterims)));
        }
        self.respond.send_informational(response).map_err(|error| failure::of(&error))
    }

    /// How the content of a final response goes out.
    fn plan(&self, head: &ResponseHead, last: Last) -> Result<Write, Misuse> {
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return self.switch(head);
        }
        match &self.asked {
            Asked::Connect if head.status.is_success() => return Ok(Write::Raw),
            // The client would take it for an agreement (RFC 8441 §5).
            Asked::Upgrade(_) if head.status.is_success() => return Err(Misuse::UpgradeNotAsked),
            _ => {}
        }
        let length = self.length(&head.fields).map_err(Misuse::Head)?;
        let is_empty = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        match (length, last) {
            (_, Last::Yes) if is_empty || matches!(self.asked, Asked::Head) => Ok(Write::Ended),
            (_, Last::No) if is_empty || matches!(self.asked, Asked::Head) => Ok(Write::Nothing),
            (Some(1..), Last::Yes) => Err(Misuse::TooShort),
            (_, Last::Yes) => Ok(Write::Ended),
            (Some(length), Last::No) => Ok(Write::Length(length)),
            (None, Last::No) => Ok(Write::Open),
        }
    }

    /// 101: only if the request asked for that protocol.
    fn switch(&self, head: &ResponseHead) -> Result<Write, Misuse> {
        let protocol = head.upgrade.as_deref().or_else(|| head.fields.get(Known::Upgrade));
        match (&self.asked, protocol) {
            (Asked::Upgrade(asked), Some(given)) if syntax::list(given).any(|p| p.eq_ignore_ascii_case(asked)) => {
                Ok(Write::Raw)
            }
            _ => Err(Misuse::UpgradeNotAsked),
        }
    }

    pub(super) fn write_data(&mut self, octets: Bytes, last: Last) -> Result<(), Misuse> {
        let n = octets.len() as u64;
        let next = match (self.write, last) {
            (Write::Length(left), _) if n > left => return Err(Misuse::TooLong),
            (Write::Length(left), Last::Yes) if n < left => return Err(Misuse::TooShort),
            (Write::Length(left), Last::No) => Write::Length(left - n),
            (Write::Length(_) | Write::Open, Last::Yes) => Write::Ended,
            (Write::Open, Last::No) => Write::Open,
            (Write::Raw, Last::No) => Write::Raw,
            (Write::Raw, Last::Yes) => Write::RawEnded,
            (Write::Nothing, Last::No) => return Ok(()),
            (Write::Nothing, Last::Yes) => {
                self.write = Write::Ended;
                return Ok(());
            }
            (Write::Failed(misuse), _) => return Err(misuse),
            (Write::Head | Write::Ended | Write::RawEnded | Write::Cut, _) => return Err(Misuse::OutOfOrder),
        };
        self.write = next;
        self.content_out += n;
        self.outbox.push(octets);
        if last == Last::Yes {
            self.outbox.end = End::Due;
        }
        Ok(())
    }

    pub(super) fn write_trailers(&mut self, fields: &Fields) -> Result<(), Misuse> {
        match self.write {
            Write::Length(1..) => return Err(Misuse::TooShort),
            Write::Length(0) | Write::Open => {}
            Write::Nothing => {
                self.write = Write::Ended;
                return Ok(());
            }
            Write::Failed(misuse) => return Err(misuse),
            Write::Head | Write::Ended | Write::Raw | Write::RawEnded | Write::Cut => return Err(Misuse::OutOfOrder),
        }
        let map = trailers::to_send(fields)?;
        self.outbox.end = if map.is_empty() { End::Due } else { End::Trailers(Box::new(map)) };
        self.write = Write::Ended;
        Ok(())
    }

    /// Whatever cannot be sent ends the message: its peer sees a cut, not a shorter message.
    pub(super) fn refuse(&mut self, misuse: Misuse) -> StreamError {
        if matches!(self.write, Write::Length(_) | Write::Open) {
            self.write = Write::Failed(misuse);
        }
        StreamError::Misuse(misuse)
    }

    /// Hands over what the client granted a window for.
    pub(super) fn poll_hand_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let Some(send) = &mut self.send else { return Poll::Ready(Ok(())) };
        while let Some(first) = self.outbox.pieces.front_mut() {
            send.reserve_capacity(self.outbox.octets);
            let granted = match send.capacity() {
                0 => match ready!(send.poll_capacity(cx)) {
                    Some(granted) => granted.map_err(|error| failure::of(&error))?,
                    None => return Poll::Ready(Err(StreamError::Reset)),
                },
                granted => granted,
            };
            let n = granted.min(first.len());
            if n == 0 {
                continue;
            }
            let octets = first.split_to(n);
            let is_end = n == self.outbox.octets && matches!(self.outbox.end, End::Due);
            if first.is_empty() {
                self.outbox.pieces.pop_front();
            }
            self.outbox.octets -= n;
            self.handed_over += n as u64;
            if is_end {
                self.outbox.end = End::Sent;
            }
            send.send_data(octets, is_end).map_err(|error| failure::of(&error))?;
        }
        let sent = match std::mem::take(&mut self.outbox.end) {
            End::Open => return Poll::Ready(Ok(())),
            End::Sent => Ok(()),
            End::Due => send.send_data(Bytes::new(), true),
            End::Trailers(map) => send.send_trailers(*map),
        };
        self.outbox.end = End::Sent;
        Poll::Ready(sent.map_err(|error| failure::of(&error)))
    }
}

impl Outbox {
    fn push(&mut self, octets: Bytes) {
        if !octets.is_empty() {
            self.octets += octets.len();
            self.pieces.push_back(octets);
        }
    }
}
