//! The joining of two legs as a pure machine: who is read, when it is over, what a failure means. No socket, no clock, no waker.
//!
//! The shell ([`crate::app`]) asks [`Flow::wants`], waits for the first thing that happens on either leg, tells it with [`Flow::on`], and does
//! what the returned [`Step`] says. Both directions run at once; an answer may be complete before the request is (RFC 9110 §7.5, RFC 9112 §9.3).
//!
//! ```
//! use simplon_proxy::flow::{Event, Flow, Gone, Step};
//! use simplon_proto_http::transfer::Last;
//!
//! let mut flow = Flow::new(Last::Yes, Gone::Abort);
//! assert!(flow.wants().read_origin);
//! assert_eq!(flow.on(Event::ResponseHead(Last::Yes)), Step::Go);
//! assert_eq!(flow.on(Event::Flushed), Step::Finished);
//! ```

mod replay;
#[cfg(test)]
mod tests;

pub use replay::{Recorded, Replay};

use simplon_proto_http::transfer::{Last, StreamError};

/// What to do when the client leaves before its answer is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gone {
    /// Give the exchange up, and tell the origin.
    #[default]
    Abort,
    /// A client that only ended its side (half-close) gets its answer; the origin finishes in any case.
    Finish,
}

/// Where one direction of the exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    /// Its final head has not passed yet.
    Head,
    /// Content passes.
    Body,
    /// The end has passed.
    Ended,
    /// It was given up.
    Cut,
}

/// What happened on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A piece of the request's content came.
    RequestPart(Last),
    /// The request cannot be read on.
    RequestFailed(StreamError),
    /// The client left, the request being complete.
    ClientLeft(StreamError),
    /// The client does not take the response.
    ClientStuck(StreamError),
    /// An informational head came; 100 (Continue) if so.
    Interim(Continue),
    /// The final head came.
    ResponseHead(Last),
    /// The origin agreed to a tunnel.
    Tunnel,
    /// A piece of the response's content came.
    ResponsePart(Last),
    /// The response cannot be read on.
    ResponseFailed(StreamError),
    /// The origin does not take the request.
    OriginStuck(StreamError),
    /// The client was not told to go on for too long: it is told by us.
    ExpectLapsed,
    /// All that was pushed to the client was handed to its socket.
    Flushed,
}

/// Whether an informational head is 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continue {
    /// 100 (Continue).
    Yes,
    /// Another 1xx.
    No,
}

/// What to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Parts of the response, as long as the client takes them.
    pub read_origin: bool,
    /// Parts of the request, as long as the origin takes them.
    pub read_client: bool,
    /// The client leaving, while nothing else is expected of it.
    pub watch_client: bool,
    /// The response being handed to the client's socket to its last octet.
    pub flush: bool,
    /// The client being told to go on, by the origin or when patience ends.
    pub expect: bool,
}

/// Who failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client's leg.
    Downstream,
    /// The origin's leg.
    Upstream,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Pass on what came, and wait again.
    Go,
    /// The exchange is complete.
    Finished,
    /// The exchange cannot be completed on these legs.
    Failed(Side, StreamError),
}

/// Two legs joined for one exchange.
#[derive(Clone, Debug)]
pub struct Flow {
    up: Half,
    down: Half,
    gone: Gone,
    expect: bool,
    watch: bool,
    tunnel: bool,
    flushed: bool,
    over: bool,
    /// Why the request could not be delivered, while the response may still come.
    stuck: Option<StreamError>,
}

impl Flow {
    /// An exchange whose request head was just sent; `Last::Yes` if that was the whole request.
    pub fn new(request: Last, gone: Gone) -> Self {
        let up = match request {
            Last::Yes => Half::Ended,
            Last::No => Half::Body,
        };
        Self {
            up,
            down: Half::Head,
            gone,
            expect: false,
            watch: true,
            tunnel: false,
            flushed: false,
            over: false,
            stuck: None,
        }
    }

    /// The client holds its content back until it is told to go on.
    #[must_use]
    pub fn expecting(mut self) -> Self {
        self.expect = self.up == Half::Body;
        self
    }

    /// What to wait for now.
    pub fn wants(&self) -> Wants {
        if self.over {
            return Wants::default();
        }
        let reading = matches!(self.down, Half::Head | Half::Body);
        let uploads = self.up == Half::Body;
        Wants {
            read_origin: reading,
            read_client: uploads && !self.expect,
            watch_client: reading && !uploads && self.watch && !self.tunnel && self.up != Half::Head,
            flush: self.down == Half::Ended && !self.flushed,
            expect: self.expect,
        }
    }

    /// Takes in what happened.
    pub fn on(&mut self, event: Event) -> Step {
        match event {
            Event::RequestPart(last) => self.request_part(last),
            Event::RequestFailed(error) => self.request_failed(error),
            Event::ClientLeft(error) => self.client_left(error),
            Event::ClientStuck(error) => self.fail(Side::Downstream, error),
            Event::Interim(is_continue) => self.interim(is_continue),
            Event::ResponseHead(last) => self.response_head(last),
            Event::Tunnel => self.open_tunnel(),
            Event::ResponsePart(last) => self.response_part(last),
            Event::ResponseFailed(error) => self.response_failed(error),
            Event::OriginStuck(error) => self.origin_stuck(error),
            Event::ExpectLapsed => self.go_on(),
            Event::Flushed => self.flushed(),
        }
    }

    /// Whether a final response head has passed: from here on nothing can be tried again.
    pub fn has_answered(&self) -> bool {
        self.down != Half::Head
    }

    /// Whether the request was delivered to its end.
    pub fn is_delivered(&self) -> bool {
        self.up == Half::Ended
    }

    /// Whether raw octets pass.
    pub fn is_tunnel(&self) -> bool {
        self.tunnel
    }

    fn request_part(&mut self, last: Last) -> Step {
        if self.up == Half::Body && last == Last::Yes {
            self.up = Half::Ended;
        }
        self.tunnel_over()
    }

    fn request_failed(&mut self, error: StreamError) -> Step {
        self.up = Half::Cut;
        self.fail(Side::Downstream, error)
    }

    fn client_left(&mut self, error: StreamError) -> Step {
        self.watch = false;
        match (self.gone, error) {
            (Gone::Finish, StreamError::Closed) => Step::Go,
            _ => self.fail(Side::Downstream, error),
        }
    }

    fn interim(&mut self, is_continue: Continue) -> Step {
        match is_continue {
            Continue::Yes => self.go_on(),
            Continue::No => Step::Go,
        }
    }

    fn go_on(&mut self) -> Step {
        self.expect = false;
        Step::Go
    }

    /// A final answer: a client that still waits to be told has its answer instead, and its content is not wanted.
    fn response_head(&mut self, last: Last) -> Step {
        if self.expect {
            self.expect = false;
            self.up = Half::Cut;
        }
        self.down = Half::Body;
        self.response_part(last)
    }

    fn open_tunnel(&mut self) -> Step {
        self.expect = false;
        self.tunnel = true;
        self.down = Half::Body;
        if self.up != Half::Cut {
            self.up = Half::Body;
        }
        Step::Go
    }

    /// The end of the response ends the exchange: what was not uploaded by then is not wanted. In a tunnel it is a half-close.
    fn response_part(&mut self, last: Last) -> Step {
        if last == Last::No {
            return Step::Go;
        }
        self.down = Half::Ended;
        // Whatever was flushed before, the end was not.
        self.flushed = false;
        if !self.tunnel && self.up == Half::Body {
            self.up = Half::Cut;
        }
        Step::Go
    }

    fn response_failed(&mut self, error: StreamError) -> Step {
        let first = self.stuck.unwrap_or(error);
        self.fail(Side::Upstream, first)
    }

    /// The origin stopped reading: it may have answered already, so the response is still read, and in a tunnel what it said last. Once all of that
    /// has come, nothing depends upon the origin any more. However often it is told, the first time counts.
    fn origin_stuck(&mut self, error: StreamError) -> Step {
        let may_have_spoken = !matches!(error, StreamError::Timeout(_) | StreamError::Misuse(_));
        match self.down {
            Half::Ended if !self.tunnel => return Step::Go,
            Half::Head | Half::Body if may_have_spoken => {}
            _ => return self.fail(Side::Upstream, self.stuck.unwrap_or(error)),
        }
        self.up = Half::Cut;
        self.expect = false;
        self.stuck.get_or_insert(error);
        Step::Go
    }

    fn flushed(&mut self) -> Step {
        self.flushed = self.down == Half::Ended;
        if self.tunnel { self.tunnel_over() } else { self.over_if(self.flushed) }
    }

    /// A tunnel is over when both directions have ended, or the origin stopped reading and the other one has.
    fn tunnel_over(&mut self) -> Step {
        self.over_if(self.tunnel && self.up != Half::Body && self.flushed)
    }

    fn over_if(&mut self, over: bool) -> Step {
        self.over = over;
        if over { Step::Finished } else { Step::Go }
    }

    fn fail(&mut self, side: Side, error: StreamError) -> Step {
        self.over = true;
        self.up = Half::Cut;
        self.down = match self.down {
            Half::Head => Half::Head,
            _ => Half::Cut,
        };
        Step::Failed(side, error)
    }
}
