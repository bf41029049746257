//! Both directions of an exchange at once: the shell around [`Flow`]. It waits, lets filters act, and passes on; the machine decides.

use std::future::poll_fn;

use http::StatusCode;
use simplon_core::connect::Connect;
use simplon_core::{Error, Kind};
use simplon_proto_http::transfer::{Last, Misuse, Part, Sink, Source, StreamError};
use simplon_proto_http::{RequestHead, ResponseHead, hop};
use tokio::time::Instant;

use super::App;
use super::attempt::Attempted;
use super::run::each;
use crate::chunk::{Chunk, Chunks};
use crate::filter::Filter;
use crate::flow::{Continue, Event, Flow, Replay, Side, Step};
use crate::legs::{Happened, Legs};
use crate::message::{Content, ResponseView};
use crate::observe::{End, Observe, Record};
use crate::rescue::Rescue;
use crate::retry::{Again, Attempt, Outcome, Retry, is_idempotent};
use crate::route::Route;

/// Why an exchange on a connection could not be completed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The origin's leg failed.
    Origin {
        /// How.
        error: StreamError,
        /// Whether a response had begun to go to the client.
        answered: bool,
    },
    /// The client's leg failed.
    Client(StreamError),
    /// A filter gave up, or something of ours failed.
    Ours(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

/// What to do after a head.
enum Passed {
    Step(Step),
    Again(Again),
}

impl<R, F, Y, S, O, C> App<R, F, Y, S, O, C>
where
    R: Route,
    F: Filter<R::Ctx>,
    Y: Retry<R::Ctx>,
    S: Rescue<R::Ctx>,
    O: Observe<R::Ctx>,
    C: Connect + 'static,
{
    pub(super) async fn duplex(
        &self,
        mut flow: Flow,
        mut legs: Legs<'_>,
        request: &RequestHead,
        replay: &mut Replay,
        record: &mut Record,
        cx: &mut R::Ctx,
    ) -> Result<Attempted, Failure> {
        loop {
            let wants = flow.wants();
            let step = match poll_fn(|task| legs.poll(task, wants)).await {
                Happened::Head(head, last) => match self.head(head, last, &mut flow, &mut legs, request, replay, record, cx).await? {
                    Passed::Step(step) => step,
                    Passed::Again(again) => return Ok(Attempted::Again(again)),
                },
                Happened::Download(chunk) => self.download(chunk, &mut flow, &mut legs, record, cx).await?,
                Happened::Upload(chunk) => self.upload(chunk, &mut flow, &mut legs, replay, record, cx).await?,
                Happened::Event(event) => flow.on(event),
            };
            match step {
                Step::Go => {}
                Step::Finished => return Ok(Attempted::Done(finish(&flow, &mut legs).await)),
                Step::Failed(Side::Downstream, error) => return Err(Failure::Client(error)),
                Step::Failed(Side::Upstream, error) => return Err(Failure::Origin { error, answered: flow.has_answered() }),
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the two legs, the flow and what belongs to the exchange; a struct of them would be the shell itself")]
    async fn head(
        &self,
        mut head: ResponseHead,
        last: Last,
        flow: &mut Flow,
        legs: &mut Legs<'_>,
        request: &RequestHead,
        replay: &mut Replay,
        record: &mut Record,
        cx: &mut R::Ctx,
    ) -> Result<Passed, Failure> {
        hop::strip_response(&mut head).map_err(|rule| Failure::Origin { error: StreamError::Malformed(rule), answered: false })?;
        if head.is_interim() {
            return Ok(Passed::Step(interim(head, flow, legs)?));
        }
        record.answered();
        let peer = legs.upstream.peer().clone();
        let attempt = Attempt { number: record.attempts, peer: &peer, method: &request.method, outcome: Outcome::Answered(head.status) };
        self.filters.upstream_response(&mut head, &attempt, cx).await?;
        if is_bad_news(head.status) && is_idempotent(&request.method) && !legs.upstream.is_tunnel() {
            let outcome = Outcome::Answered(head.status);
            if let Some(again) = self.ask_policy(outcome, &request.method, replay.recorded(), &peer, record, cx) {
                return Ok(Passed::Again(again));
            }
        }
        replay.forget();
        legs.response = Content::new(last);
        let Legs { exchange, upstream, response, .. } = &mut *legs;
        let mut view = ResponseView { head: &mut head, content: response, exchange, upstream: Some(upstream) };
        self.filters.response(&mut view, cx).await?;
        record.status = Some(head.status);
        Ok(Passed::Step(pass_head(head, flow, legs)?))
    }

    async fn download(
        &self,
        chunk: Chunk,
        flow: &mut Flow,
        legs: &mut Legs<'_>,
        record: &mut Record,
        cx: &mut R::Ctx,
    ) -> Result<Step, Failure> {
        let last = chunk.last();
        let mut out = Chunks::new();
        if flow.is_tunnel() {
            out.push(chunk);
        } else {
            self.filters.response_part(chunk, &mut out, cx).await?;
        }
        each(out, last, |chunk| {
            record.response_octets += chunk.len() as u64;
            legs.exchange.push(chunk.into_part()).map_err(Error::internal)
        })?;
        Ok(flow.on(Event::ResponsePart(last)))
    }

    async fn upload(
        &self,
        chunk: Chunk,
        flow: &mut Flow,
        legs: &mut Legs<'_>,
        replay: &mut Replay,
        record: &mut Record,
        cx: &mut R::Ctx,
    ) -> Result<Step, Failure> {
        let last = chunk.last();
        let mut out = Chunks::new();
        if flow.is_tunnel() {
            out.push(chunk);
        } else {
            self.filters.request_part(chunk, &mut out, cx).await?;
        }
        each(out, last, |chunk| {
            record.request_octets += chunk.len() as u64;
            replay.record(&chunk);
            legs.upstream.push(chunk.into_part()).map_err(Error::internal)
        })?;
        if !flow.has_answered() {
            // The wait for the answer begins when the request ends.
            legs.upstream.restart_wait();
        }
        Ok(flow.on(Event::RequestPart(last)))
    }
}

/// An informational head. 100 is passed on only to a client that waits for it (RFC 9110 §15.2).
fn interim(head: ResponseHead, flow: &mut Flow, legs: &mut Legs<'_>) -> Result<Step, Failure> {
    let is_continue = if head.status == StatusCode::CONTINUE { Continue::Yes } else { Continue::No };
    if is_continue == Continue::No || legs.exchange.awaits_continue() {
        legs.exchange.push(Part::Head(head, Last::No)).map_err(Error::internal)?;
    }
    Ok(flow.on(Event::Interim(is_continue)))
}

/// The final head, to the client. Both legs must agree on whether it opens a tunnel (RFC 9110 §7.8, §9.3.6).
fn pass_head(head: ResponseHead, flow: &mut Flow, legs: &mut Legs<'_>) -> Result<Step, Failure> {
    let last = if legs.response.is_over() { Last::Yes } else { Last::No };
    legs.exchange.push(Part::Head(head, last)).map_err(Error::internal)?;
    legs.head_passed();
    match (legs.upstream.is_tunnel(), legs.exchange.is_tunnel()) {
        (true, true) => {
            legs.tunnel_by = Instant::now().checked_add(legs.exchange.timeouts().tunnel);
            Ok(flow.on(Event::Tunnel))
        }
        (false, false) => Ok(flow.on(Event::ResponseHead(last))),
        _ => Err(Failure::Ours(Error::internal(Kind::Misuse(Misuse::UpgradeNotAsked)))),
    }
}

/// What is left to hand over: the end of a tunnel's other direction. A request that was not wanted to its end is stopped.
async fn finish(flow: &Flow, legs: &mut Legs<'_>) -> End {
    if flow.is_tunnel() {
        let _ = poll_fn(|task| legs.upstream.poll_flush(task)).await;
        return End::Tunnel;
    }
    if !flow.is_delivered() {
        legs.upstream.stop(simplon_proto_http::Reason::Done);
    }
    End::Complete
}

/// Statuses that say that this origin, now, could not do it.
fn is_bad_news(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
