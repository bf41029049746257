//! One exchange, from the request's head to its record.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http::{Method, StatusCode, Version};
use simplon_core::connect::{Connect, Peer};
use simplon_core::error::Sent;
use simplon_core::http::{Exchange, Protocol, Serve};
use simplon_core::{Error, Kind, Result};
use simplon_proto_http::fields::Known;
use simplon_proto_http::transfer::{Last, Part, Reason, Sink, Wait};
use simplon_proto_http::{RequestHead, ResponseHead, hop};

use super::attempt::{Asked, Attempted};
use super::recorder::Recorder;
use super::stay::while_client_stays;
use super::{App, Settings};
use crate::chunk::{Chunk, Chunks};
use crate::connect_policy;
use crate::deadline::Deadline;
use crate::filter::{Filter, Verdict};
use crate::fix;
use crate::flow::Replay;
use crate::max_forwards;
use crate::message::{Content, Request, ResponseView};
use crate::misdirected;
use crate::observe::{End, Event, Observe, Record, Stage};
use crate::rescue::Rescue;
use crate::response::{Response, reject};
use crate::retry::{Again, Retry};
use crate::route::{Route, Target};

impl<R, F, Y, S, O, C> Serve for App<R, F, Y, S, O, C>
where
    R: Route,
    F: Filter<R::Ctx>,
    Y: Retry<R::Ctx>,
    S: Rescue<R::Ctx>,
    O: Observe<R::Ctx>,
    C: Connect + 'static,
{
    /// A panic in user code ends this exchange alone: it is answered with 500 if nothing was answered yet. So does the end of its time, which is
    /// looked at from here, around all that the exchange may wait for.
    async fn serve(&self, exchange: &mut Exchange) {
        let cx = self.route.begin(exchange.info());
        let mut recorder = Recorder::begin(exchange, cx, &self.observe);
        let Recorder { cx, record, .. } = &mut recorder;
        self.retry.begun();
        let deadline = Deadline::new(record.started(), self.settings.within);
        let mut timer = std::mem::take(exchange.timer());
        let outcome = {
            let mut run = pin!(self.run(exchange, &deadline, record, cx));
            poll_fn(|task| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(task))) {
                Ok(Poll::Ready(outcome)) => Poll::Ready(Some(outcome)),
                Ok(Poll::Pending) => deadline.poll_passed(task, &mut timer).map(|()| None),
                Err(_) => Poll::Ready(Some(Err(Error::internal(Kind::Panicked)))),
            })
            .await
        };
        *exchange.timer() = timer;
        if let Err(error) = outcome.unwrap_or_else(|| Err(self.late(exchange, record, cx))) {
            self.save(exchange, &error, record, cx);
        }
        if exchange.ends_soon() {
            Box::pin(see_off(exchange, record)).await;
        }
        exchange.saw(recorder.end());
    }
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
    async fn run(
        &self,
        exchange: &mut Exchange,
        deadline: &Deadline,
        record: &mut Record,
        cx: &mut R::Ctx,
    ) -> Result<()> {
        let (mut head, last) = exchange.head().await.map_err(Error::downstream)?;
        let client = self.settings.forwarding.client_ip(exchange.info(), &head.fields);
        record.request(&head, client);
        hop::strip_request(&mut head).map_err(|rule| Error::downstream(Kind::Malformed(rule)))?;
        misdirected::check(exchange.info(), &head)?;
        self.settings.paths.apply(&mut head)?;
        let mut content = Content::new(last);
        let mut upgrades = None;
        let verdict = {
            let (head, content, upgrades) = (&mut head, &mut content, &mut upgrades);
            let mut request = Request { head, content, exchange, tried: &[], client, deadline, upgrades };
            self.filters.request(&mut request, cx).await?
        };
        if let Verdict::Respond(response) = verdict {
            return self.answer(exchange, *response, deadline, record, cx).await;
        }
        if head.method == Method::CONNECT && !self.settings.connect.allows(&head) {
            return Err(connect_policy::refusal());
        }
        if let Some(response) = max_forwards::count(&mut head) {
            return self.answer(exchange, response, deadline, record, cx).await;
        }
        let replay = Replay::new(self.settings.replay_octets);
        self.forward(exchange, Asked { head, content, replay, client, deadline, upgrades, upgrade: None }, record, cx)
            .await
    }

    /// Attempts, one after the other, until one is answered or there is no sense in another.
    async fn forward(
        &self,
        exchange: &mut Exchange,
        mut asked: Asked<'_>,
        record: &mut Record,
        cx: &mut R::Ctx,
    ) -> Result<()> {
        let mut tried: Vec<Peer> = Vec::new();
        loop {
            let target = {
                let Asked { head, content, client, deadline, upgrades, .. } = &mut asked;
                let mut request =
                    Request { head, content, exchange, tried: &tried, client: *client, deadline, upgrades };
                self.route.route(&mut request, cx).await?
            };
            let (peer, protocol) = match target {
                Target::Respond(response) => {
                    return self.answer(exchange, *response, asked.deadline, record, cx).await;
                }
                Target::Forward(peer) => (peer, Protocol::Http),
                Target::Tunnel(peer) => (self.settings.connect.guarded(tunnel_only(&asked.head, peer)?), Protocol::Raw),
            };
            asked.content.check().map_err(Error::downstream)?;
            asked.upgrade = self.settings.upgrade_of(&asked)?;
            record.attempt(&peer);
            let pause = match self.attempt(exchange, &mut asked, &peer, protocol, record, cx).await {
                Ok(Attempted::Done(end)) => {
                    record.end = end;
                    return Ok(());
                }
                Ok(Attempted::Again(again)) => again,
                Err(error) => self
                    .again_after(&error, &asked, &peer, record, cx)
                    .filter(|again| asked.deadline.leaves_time_for(*again))
                    .ok_or(error)?,
            };
            record.at_stage(Stage::Between);
            tried.push(peer);
            if let Again::After(pause) = pause {
                while_client_stays(exchange, self.settings.gone, simplon_timeout::sleep(pause)).await?;
            }
        }
    }

    /// A response made here, through the response filters, to the client.
    async fn answer(
        &self,
        exchange: &mut Exchange,
        response: Response,
        deadline: &Deadline,
        record: &mut Record,
        cx: &mut R::Ctx,
    ) -> Result<()> {
        let Response { mut head, body } = self.rescue.recast(response, record, cx);
        self.settings.name_upgrades(&mut head);
        let mut content = Content::new(Last::Yes);
        set_length(&mut head, body.len() as u64);
        content.replace(body);
        {
            let mut view = ResponseView { head: &mut head, content: &mut content, exchange, upstream: None };
            self.filters.response(&mut view, cx).await?;
        }
        record.status = Some(head.status);
        record.end = End::Complete;
        let last = if content.is_over() { Last::Yes } else { Last::No };
        exchange.push(Part::Head(head, last)).map_err(Error::internal)?;
        while let Some(chunk) = content.take_held() {
            let is_last = if content.holds() { Last::No } else { Last::Yes };
            let mut out = Chunks::new();
            self.filters.response_part(chunk, &mut out, cx).await?;
            each(out, is_last, |chunk| {
                record.response_octets += chunk.len() as u64;
                exchange.push(chunk.into_part()).map_err(Error::internal)
            })?;
        }
        if deadline.at().is_some() {
            // Otherwise the connection sees to it, when the exchange is over.
            poll_fn(|task| exchange.poll_flush(task)).await.map_err(Error::downstream)?;
        }
        Ok(())
    }

    /// The exchange's time is over: on whose account, and a failed attempt if one was under way.
    fn late(&self, exchange: &Exchange, record: &Record, cx: &mut R::Ctx) -> Error {
        let kind = Kind::Timeout(Wait::Exchange);
        let error = match record.stage() {
            Stage::Connecting => Error::upstream(kind).with_sent(Sent::Nothing),
            _ if exchange.awaits_client() => Error::downstream(kind),
            Stage::Carrying => Error::upstream(kind),
            Stage::Between | Stage::Filtering => Error::internal(kind),
        };
        if record.stage() != Stage::Between
            && let Some(peer) = &record.peer
        {
            self.observe.on(&Event::AttemptFailed { peer, error: &error }, cx);
        }
        error
    }

    /// Answers an error if that can still be done; otherwise cuts the exchange, so that the client sees it.
    fn save(&self, exchange: &mut Exchange, error: &Error, record: &mut Record, cx: &mut R::Ctx) {
        record.failed(error);
        if error.is_client_gone() || exchange.has_begun() {
            record.end = if error.is_client_gone() { End::ClientGone } else { End::Cut };
            if record.status.is_none() {
                record.status = Some(error.status());
            }
            exchange.cut(error);
            return;
        }
        let made = catch_unwind(AssertUnwindSafe(|| self.rescue.respond_to(error, record, cx)));
        let Response { mut head, body } = made.unwrap_or_else(|_| Response::new(StatusCode::INTERNAL_SERVER_ERROR));
        self.settings.name_upgrades(&mut head);
        set_length(&mut head, body.len() as u64);
        record.status = Some(head.status);
        record.end = End::Rescued;
        record.response_octets = body.len() as u64;
        if error.effect().close == simplon_core::wire::Close::Yes {
            exchange.close_after();
        }
        let last = if body.is_empty() { Last::Yes } else { Last::No };
        let mut pushed = exchange.push(Part::Head(head, last));
        if last == Last::No {
            pushed = pushed.and_then(|()| exchange.push(Part::Data(body, Last::Yes)));
        }
        if pushed.is_err() {
            record.end = End::Cut;
            exchange.reset(Reason::Internal);
        }
    }
}

/// What was written is not delivered yet: where the connection ends, the record waits for that, so that it does not say more than is so.
async fn see_off(exchange: &mut Exchange, record: &mut Record) {
    let end = record.end;
    if !exchange.is_written() || !matches!(end, End::Complete | End::Rescued) {
        return;
    }
    record.end = End::Cut;
    match exchange.delivered().await {
        Ok(()) => record.end = end,
        Err(error) => {
            let error = Error::downstream(error);
            record.failed(&error);
            record.end = if error.is_client_gone() { End::ClientGone } else { End::Cut };
            exchange.cut(&error);
        }
    }
}

/// A response made here says how long it is, unless it is one that never has content.
fn set_length(head: &mut ResponseHead, octets: u64) {
    if head.status.is_informational() || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        fix::unknown_length(&mut head.fields);
    } else {
        fix::length(&mut head.fields, octets);
    }
}

impl Settings {
    /// The protocols that the origin is asked to switch to. Where a client has no other way than to switch, it has to be told: it would take the
    /// success of an ordinary request for an agreement (RFC 8441 §5, RFC 9220 §3).
    fn upgrade_of(&self, asked: &Asked<'_>) -> Result<Option<Bytes>> {
        let Some(protocols) = &asked.head.upgrade else { return Ok(None) };
        let left = asked.upgrades.as_ref().unwrap_or(&self.upgrades).of(protocols);
        let is_all_or_nothing = matches!(asked.head.version, Version::HTTP_2 | Version::HTTP_3);
        if left.is_none() && is_all_or_nothing {
            return Err(reject(StatusCode::NOT_IMPLEMENTED));
        }
        Ok(left)
    }

    /// Who is told to upgrade has to be told to what (RFC 9110 §15.5.22).
    fn name_upgrades(&self, head: &mut ResponseHead) {
        if head.status == StatusCode::UPGRADE_REQUIRED
            && !head.fields.contains(Known::Upgrade)
            && let Some(protocols) = self.upgrades.list()
        {
            let set = head.fields.set(Known::Upgrade, protocols);
            debug_assert_eq!(set, Ok(()));
        }
    }
}

fn tunnel_only(head: &RequestHead, peer: Peer) -> Result<Peer> {
    match head.method {
        Method::CONNECT => Ok(peer),
        _ => Err(Error::internal(Kind::Internal).with_context("Target::Tunnel is for CONNECT alone")),
    }
}

/// Hands on what filters made of a chunk. If that chunk was the last, so is the last of these, whatever the filters say.
pub(super) fn each(mut chunks: Chunks, last: Last, mut take: impl FnMut(Chunk) -> Result<()>) -> Result<()> {
    let mut held = chunks.pop();
    while let Some(chunk) = held {
        held = chunks.pop();
        let is_end = held.is_none() && last == Last::Yes;
        match chunk {
            Chunk::Data(octets, _) if is_end => return take(Chunk::Data(octets, Last::Yes)),
            Chunk::Data(octets, _) if octets.is_empty() => {}
            Chunk::Data(octets, _) => take(Chunk::Data(octets, Last::No))?,
            trailers @ Chunk::Trailers(_) => return take(trailers),
        }
    }
    match last {
        Last::Yes => take(Chunk::Data(Bytes::new(), Last::Yes)),
        Last::No => Ok(()),
    }
}
