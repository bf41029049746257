//! The request as it comes in: its head, its content, its trailers.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Method, request};

use super::{Asked, Expects, Read, ServerStream};
use crate::fields::{Fields, Known};
use crate::framing::{self, Framing};
use crate::h2::{failure, request_in};
use crate::head::RequestHead;
use crate::rules::{Leniency, Rule};
use crate::transfer::{Last, Part, StreamError};

impl ServerStream {
    pub(super) fn head(&mut self, parts: request::Parts) -> Result<Part<RequestHead>, StreamError> {
        let asked = parts.method.clone();
        let head = request_in::request_head(parts, &self.config).map_err(StreamError::Malformed)?;
        let length = self.length(&head.fields).map_err(StreamError::Malformed)?;
        let is_over = self.recv.is_end_stream();
        self.announced = length;
        self.asked = match (asked, &head.upgrade) {
            (_, Some(protocol)) => Asked::Upgrade(protocol.clone()),
            (Method::CONNECT, None) if length > Some(0) => return Err(StreamError::Malformed(Rule::ConnectContent)),
            (Method::CONNECT, None) => Asked::Connect,
            (Method::HEAD, None) => Asked::Head,
            _ => Asked::Other,
        };
        self.read = match self.asked {
            Asked::Upgrade(_) | Asked::Connect => Read::Held,
            _ if is_over && length > Some(0) => return Err(StreamError::Malformed(Rule::LengthMismatch)),
            _ if is_over => Read::Ended,
            _ => Read::Content,
        };
        let last = if self.is_read() { Last::Yes } else { Last::No };
        if last == Last::No && head.expects_continue() {
            self.expects = Expects::Continue;
        }
        if length > self.config.limits.body_octets && self.config.limits.body_octets.is_some() {
            // The head is given, so that it can be routed and recorded; the next poll says what is wrong with it.
            self.fail(StreamError::Malformed(Rule::BodyTooLarge));
        }
        Ok(Part::Head(head, last))
    }

    pub(super) fn length(&self, fields: &Fields) -> Result<Option<u64>, Rule> {
        if !fields.contains(Known::ContentLength) {
            return Ok(None);
        }
        match framing::length(fields, &Leniency::default())?.framing {
            Framing::Length(length) => Ok(Some(length)),
            Framing::Empty | Framing::Chunked | Framing::UntilClose => Ok(None),
        }
    }

    /// The next octets, and then the trailers; the client's credit is renewed for what is given out.
    pub(super) fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part<RequestHead>, StreamError>> {
        let is_raw = matches!(self.read, Read::Raw);
        loop {
            let Some(octets) = ready!(self.recv.poll_data(cx)) else { break };
            let octets = octets.map_err(|error| failure::of(&error))?;
            let n = octets.len();
            self.recv.release(n);
            self.expects = Expects::Nothing;
            self.content_in += n as u64;
            if !is_raw && self.config.limits.body_octets.is_some_and(|most| self.content_in > most) {
                return Poll::Ready(Err(StreamError::Malformed(Rule::BodyTooLarge)));
            }
            let last = if self.recv.is_end_stream() { Last::Yes } else { Last::No };
            if last == Last::Yes {
                self.end_reading();
            }
            if n > 0 || last == Last::Yes {
                return Poll::Ready(Ok(Part::Data(octets, last)));
            }
        }
        let trailers = ready!(self.recv.poll_trailers(cx)).map_err(|error| failure::of(&error))?;
        self.end_reading();
        let Some(fields) = trailers.filter(|_| !is_raw) else {
            return Poll::Ready(Ok(Part::Data(Bytes::new(), Last::Yes)));
        };
        let fields = fields.map_err(StreamError::Malformed)?;
        Poll::Ready(Ok(if fields.is_empty() { Part::Data(Bytes::new(), Last::Yes) } else { Part::Trailers(fields) }))
    }

    fn end_reading(&mut self) {
        self.read = if matches!(self.read, Read::Raw) { Read::RawEnded } else { Read::Ended };
    }
}
