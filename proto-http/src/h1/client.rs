//! The client's end: requests out, responses in.

use http::{Method, StatusCode, Version};

use super::encode;
use super::parse;
use super::server::tidy_framing;
use super::state::{Asked, Notes, Options, State, Write, protocols};
use super::{Client, sealed};
use crate::fields::{Fields, Known, alike};
use crate::framing::{self, Framing};
use crate::head::{RequestHead, ResponseHead};
use crate::rules::{Rule, Side};
use crate::syntax;
use crate::transfer::{Last, Misuse, StreamError};
use crate::websocket;

impl sealed::Sealed for Client {
    type In = ResponseHead;
    type Out = RequestHead;
    const IS_SERVER: bool = false;

    #[expect(private_interfaces, reason = "sealed: nobody outside can name or call it")]
    fn read_head(state: &mut State) -> Result<Option<(ResponseHead, Last)>, StreamError> {
        if state.asked == Asked::Nothing {
            return Err(StreamError::Malformed(Rule::Unsolicited));
        }
        let outline = parse::head::<parse::Answered>(&mut state.inbound, &mut state.scan, &state.config);
        let Some(outline) = outline.map_err(StreamError::Malformed)? else { return Ok(None) };
        state.scan = super::lines::Scan::default();
        accept(state, outline).map(Some).map_err(StreamError::Malformed)
    }

    #[expect(private_interfaces, reason = "sealed: nobody outside can name or call it")]
    fn write_head(state: &mut State, head: &RequestHead, last: Last) -> Result<(), Misuse> {
        ask(state, head, last)
    }
}

/// Takes a complete head out of the buffer and decides what it means.
fn accept(state: &mut State, outline: parse::Outline<parse::Answered>) -> Result<(ResponseHead, Last), Rule> {
    let parse::Outline { length, start, draft } = outline;
    let parse::Answered { version, status, reason } = start;
    let block = state.inbound.split_to(length).freeze();
    let reason = if reason.is_empty() { None } else { Some(block.slice(reason)) };
    let alike = draft.alike;
    let mut head = ResponseHead { status, version, reason, upgrade: None, fields: Fields::of_block(block, draft) };
    alike::settle(&mut head.fields, alike, Side::Response, &state.config)?;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return switch(state, head);
    }
    if head.is_interim() {
        return interim(state, head);
    }
    if state.asked == Asked::Connect && status.is_success() {
        head.fields.remove_set(Known::TransferEncoding.bit() | Known::ContentLength.bit());
        return tunnel(state, head);
    }
    let framed = framing::of_response(&state.asked.method(), status, version, &head.fields, &state.config.leniency)?;
    tidy_framing(state, &mut head.fields, framed)?;
    if status == StatusCode::NO_CONTENT {
        head.fields.remove_set(Known::ContentLength.bit());
    }
    let is_old = version == Version::HTTP_10;
    state.exchange.is_old = is_old;
    let options = Options::of(&head.fields);
    state.remember_names(options, framed.framing, &head.fields);
    state.exchange.persists &= options.persists(is_old) && framed.framing != Framing::UntilClose;
    let last = state.begin_content(framed.framing);
    Ok((head, last))
}

fn interim(state: &mut State, mut head: ResponseHead) -> Result<(ResponseHead, Last), Rule> {
    state.exchange.interims = state.exchange.interims.saturating_add(1);
    if state.exchange.interims > state.config.limits.interim_heads {
        return Err(Rule::TooManyInterims);
    }
    head.fields.remove_set(Known::TransferEncoding.bit() | Known::ContentLength.bit());
    Ok((head, Last::No))
}

/// 101: only with one of the protocols that we offered.
fn switch(state: &mut State, mut head: ResponseHead) -> Result<(ResponseHead, Last), Rule> {
    if !state.notes.has_offer() {
        return Err(Rule::UpgradeNotAsked);
    }
    let protocol = protocols(&head.fields)?.ok_or(Rule::UpgradeProtocol)?;
    if !state.is_offered(&protocol) {
        return Err(Rule::UpgradeProtocol);
    }
    if protocol.eq_ignore_ascii_case(b"websocket") && !is_proven(state, &head.fields) {
        return Err(Rule::UpgradeProof);
    }
    head.upgrade = Some(protocol);
    head.fields.remove_set(Known::TransferEncoding.bit() | Known::ContentLength.bit());
    tunnel(state, head)
}

/// Whether our key is answered, if we sent one (RFC 6455 §4.1).
fn is_proven(state: &State, fields: &Fields) -> bool {
    let Some(key) = state.notes.key() else { return true };
    fields.all(Known::SecWebSocketAccept).eq([websocket::accept(key).as_bytes()])
}

fn tunnel(state: &mut State, head: ResponseHead) -> Result<(ResponseHead, Last), Rule> {
    if state.write != Write::Ended {
        return Err(Rule::UpgradeEarly);
    }
    state.open_tunnel();
    Ok((head, Last::No))
}

/// Writes a request head.
fn ask(state: &mut State, head: &RequestHead, last: Last) -> Result<(), Misuse> {
    let line = encode::request_line(head, state.config.next_hop)?;
    let plan = encode::request_content(head, last)?;
    let options = Options::of(&head.fields);
    let offered = offer(head)?;
    state.close |= options.close;
    let connection = Connection { close: state.close, upgrade: offered, te: head.fields.contains(Known::Te) };
    state.out.copy(|out| {
        line.write(out);
        head.fields.write_to(out, encode::OURS | plan.skip);
        out.extend_from_slice(plan.says);
        connection.write(out);
        out.extend_from_slice(b"\r\n");
    });
    state.asked = Asked::of(&head.method);
    state.notes = Notes::of(head.upgrade.clone(), head.fields.shared(Known::SecWebSocketKey));
    state.write = plan.write;
    Ok(())
}

/// The protocols to offer, checked.
fn offer(head: &RequestHead) -> Result<Option<&[u8]>, Misuse> {
    match head.upgrade.as_deref() {
        Some(list) if !syntax::list(list).all(syntax::is_protocol) => Err(Misuse::Head(Rule::UpgradeMalformed)),
        Some(_) if head.method == Method::CONNECT => Err(Misuse::Head(Rule::UpgradeMalformed)),
        list => Ok(list),
    }
}

/// What a request says about its connection.
struct Connection<'a> {
    close: bool,
    upgrade: Option<&'a [u8]>,
    te: bool,
}

impl Connection<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let mut lead: &[u8] = b"Connection: ";
        for (_, option) in [(self.close, &b"close"[..]), (self.upgrade.is_some(), b"Upgrade"), (self.te, b"TE")]
            .iter()
            .filter(|(is, _)| *is)
        {
            out.extend_from_slice(lead);
            out.extend_from_slice(option);
            lead = b", ";
        }
        if lead == b", " {
            out.extend_from_slice(b"\r\n");
        }
        if let Some(protocols) = self.upgrade {
            out.extend_from_slice(b"Upgrade: ");
            out.extend_from_slice(protocols);
            out.extend_from_slice(b"\r\n");
        }
    }
}
