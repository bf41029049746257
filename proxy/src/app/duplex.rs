//! Both directions of an exchange at once: the shell around [`Flow`]. It waits, lets filters act, and passes on; the machine decides.

use std::future::poll_fn;

use bytes::Bytes;
use http::StatusCode;
use simplon_core::connect::Connect;
use simplon_core::http::Moved;
use simplon_core::{Error, Kind};
use simplon_proto_http::fields::{Fields, Known};
use simplon_proto_http::rules::Rule;
use simplon_proto_http::transfer::{Last, Misuse, Part, Sink, Source, StreamError};
use simplon_proto_http::{RequestHead, ResponseHead, connection_auth, hop};
use tokio::time::Instant;

use super::App;
use super::attempt::Attempted;
use super::run::each;
use crate::chunk::{Chunk, Chunks};
use crate::deadline::Deadline;
use crate::filter::{Filter, Looks};
use crate::flow::{Continue, Event, Flow, Recorded, Replay, Side, Step};
use crate::legs::{Happened, Held, HeldContent, Legs};
use crate::message::{Content, ResponseView};
use crate::observe::{End, Observe, Record, Stage};
use crate::rescue::Rescue;
use crate::response::reject;
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

/// Two legs joined, with what belongs to the exchange upon them.
pub(super) struct Joined<'a, 'b> {
    pub(super) flow: Flow,
    /// Where they are: moving them would copy what they hold back.
    pub(super) legs: &'a mut Legs<'b>,
    pub(super) request: &'a mut RequestHead,
    pub(super) replay: &'a mut Replay,
    pub(super) record: &'a mut Record,
    pub(super) deadline: &'a Deadline,
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
    pub(super) async fn duplex(&self, mut joined: Joined<'_, '_>, cx: &mut R::Ctx) -> Result<Attempted, Failure> {
        loop {
            let wants = joined.flow.wants();
            joined.record.at_stage(Stage::Carrying);
            let happened = poll_fn(|task| joined.legs.poll(task, wants)).await;
            joined.record.at_stage(Stage::Filtering);
            let step = match happened {
                Happened::Head(last) => match self.head(last, &mut joined, cx).await? {
                    Passed::Step(step) => step,
                    Passed::Again(again) => return Ok(Attempted::Again(again)),
                },
                Happened::Download(chunk) => match joined.legs.hold_back(chunk) {
                    None => Step::Go,
                    Some(chunk) => {
                        self.release(&mut joined, cx).await?;
                        self.download(chunk, &mut joined, cx).await?
                    }
                },
                Happened::Moved(moved) => joined.moved(moved)?,
                Happened::Upload(chunk) => self.upload(chunk, &mut joined, cx).await?,
                Happened::Paused => self.release(&mut joined, cx).await?,
                Happened::Event(event) => joined.flow.on(event),
            };
            match step {
                Step::Go => {}
                Step::Finished => return Ok(Attempted::Done(finish(&joined.flow, joined.legs).await)),
                Step::Failed(Side::Downstream, error) => return Err(Failure::Client(error)),
                Step::Failed(Side::Upstream, error) => {
                    return Err(Failure::Origin { error, answered: joined.flow.has_answered() });
                }
            }
        }
    }

    async fn head(&self, last: Last, joined: &mut Joined<'_, '_>, cx: &mut R::Ctx) -> Result<Passed, Failure> {
        let Joined { flow, legs, request, replay, record, deadline } = joined;
        let Some(mut head) = legs.head.take() else { return Ok(Passed::Step(Step::Go)) };
        strip(&mut head).map_err(|rule| Failure::Origin { error: StreamError::Malformed(rule), answered: false })?;
        if (legs.exchange.shares_connection() || legs.upstream.shares_connection())
            && connection_auth::is_in(&head.fields)
        {
            connection_auth::remove(&mut head.fields);
        }
        if head.is_interim() {
            return Ok(Passed::Step(interim(head, flow, legs)?));
        }
        record.answered();
        let (peer, outcome) = (legs.upstream.peer(), Outcome::Answered(head.status));
        let attempt = Attempt { number: record.sendings(), peer, method: &request.method, outcome };
        self.filters.upstream_response(&mut head, &attempt, cx).await?;
        if is_bad_news(head.status) && is_idempotent(&request.method) && !legs.upstream.is_tunnel() {
            let outcome = Outcome::Answered(head.status);
            let again = self.ask_policy(outcome, &request.method, replay.recorded(), peer, record, cx);
            if let Some(again) = again.filter(|again| deadline.leaves_time_for(*again)) {
                return Ok(Passed::Again(again));
            }
        }
        replay.forget();
        let_go(request, legs);
        let said = head.status;
        legs.response = Content::new(last);
        let Legs { exchange, upstream, response, .. } = &mut **legs;
        let mut view = ResponseView { head: &mut head, content: response, exchange, upstream: Some(upstream) };
        self.filters.response(&mut view, cx).await?;
        record.status = Some(head.status);
        let step = pass_head(head, said, F::RESPONSE_CONTENT, flow, legs)?;
        if flow.is_tunnel() {
            deadline.lift();
        }
        Ok(Passed::Step(step))
    }

    async fn download(&self, chunk: Chunk, joined: &mut Joined<'_, '_>, cx: &mut R::Ctx) -> Result<Step, Failure> {
        let Joined { flow, legs, record, .. } = joined;
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

    /// Passes on what was held back of the response.
    async fn release(&self, joined: &mut Joined<'_, '_>, cx: &mut R::Ctx) -> Result<Step, Failure> {
        let Some(Held { head, said, mut content }) = joined.legs.held.take() else { return Ok(Step::Go) };
        push_head(head, Last::No, said, joined.legs)?;
        while let Some(chunk) = content.pop() {
            self.download(chunk, joined, cx).await?;
        }
        Ok(Step::Go)
    }

    async fn upload(&self, chunk: Chunk, joined: &mut Joined<'_, '_>, cx: &mut R::Ctx) -> Result<Step, Failure> {
        let Joined { flow, legs, request, replay, record, .. } = joined;
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
        if replay.recorded() == Recorded::Overflowed {
            let_go(request, legs);
        }
        if !flow.has_answered() {
            // The wait for the answer begins when the request ends.
            legs.upstream.restart_wait();
        }
        Ok(flow.on(Event::RequestPart(last)))
    }
}

impl Joined<'_, '_> {
    /// Content that nobody looked at has passed; its end is told as that of any other.
    fn moved(&mut self, moved: Moved) -> Result<Step, Failure> {
        self.record.response_octets += moved.octets;
        if moved.last == Last::Yes {
            self.legs.exchange.push(Part::Data(Bytes::new(), Last::Yes)).map_err(Error::internal)?;
        }
        Ok(self.flow.on(Event::ResponsePart(moved.last)))
    }
}

/// What belonged to the connection is taken away. Who is told to upgrade is told to what (RFC 9110 §15.5.22).
fn strip(head: &mut ResponseHead) -> Result<(), Rule> {
    if head.status != StatusCode::UPGRADE_REQUIRED {
        return hop::strip_response(head);
    }
    let protocols = head.fields.all(Known::Upgrade).collect::<Vec<_>>().join(&b", "[..]);
    hop::strip_response(head)?;
    if protocols.is_empty() {
        Ok(())
    } else {
        head.fields.set(Known::Upgrade, protocols).map_err(|_| Rule::UpgradeMalformed)
    }
}

/// No retry can follow: of the request nothing but its method is asked for any more. Where others wait for room, its fields go at once.
fn let_go(request: &mut RequestHead, legs: &mut Legs<'_>) {
    if legs.exchange.shares_connection() {
        request.fields = Fields::new();
        legs.exchange.let_head_go();
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
///
/// A head that content follows is held back until the origin has nothing more for now. `said` is the status that the origin gave, before filters
/// saw it.
fn pass_head(
    head: ResponseHead,
    said: StatusCode,
    looks: Looks,
    flow: &mut Flow,
    legs: &mut Legs<'_>,
) -> Result<Step, Failure> {
    let last = if legs.response.is_over() { Last::Yes } else { Last::No };
    legs.head_passed(looks);
    if last == Last::No && !legs.upstream.is_tunnel() && !legs.wants_bypass() {
        legs.held = Some(Held { head, said, content: HeldContent::default() });
        return Ok(flow.on(Event::ResponseHead(last)));
    }
    push_head(head, last, said, legs)?;
    if !legs.upstream.is_tunnel() {
        return Ok(flow.on(Event::ResponseHead(last)));
    }
    legs.tunnel_by = Instant::now().checked_add(legs.exchange.timeouts().tunnel);
    Ok(flow.on(Event::Tunnel))
}

fn push_head(head: ResponseHead, last: Last, said: StatusCode, legs: &mut Legs<'_>) -> Result<(), Failure> {
    let status = head.status;
    legs.exchange.push(Part::Head(head, last)).map_err(|error| not_passed(error, status, said))?;
    if legs.upstream.is_tunnel() == legs.exchange.is_tunnel() {
        return Ok(());
    }
    Err(Failure::Ours(Error::internal(Kind::Misuse(Misuse::UpgradeNotAsked))))
}

/// Why a final head does not pass. Success without a switch is what a client of HTTP/2 would take for one (RFC 8441 §5). An origin that gives a
/// page to whoever asks for one has done nothing wrong, and the next one would say the same; a filter that makes success of something else has.
fn not_passed(error: StreamError, status: StatusCode, said: StatusCode) -> Failure {
    match error {
        StreamError::Misuse(Misuse::UpgradeNotAsked) if status == said && said.is_success() => Failure::Ours(
            reject(StatusCode::BAD_GATEWAY).with_context("a page in answer to a request to switch protocols"),
        ),
        error => Failure::Ours(Error::internal(error)),
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
