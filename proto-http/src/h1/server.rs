//! The server's end: requests in, responses out.

use bytes::Buf;
use http::{Method, StatusCode, Version};

use super::encode;
use super::parse;
use super::state::{Asked, Notes, Options, Read, State, Write, protocols};
use super::{Server, sealed};
use crate::fields::{Fields, Known, alike};
use crate::framing::{self, Framing};
use crate::head::{RequestHead, ResponseHead};
use crate::hop;
use crate::host;
use crate::rules::{Rule, Side};
use crate::target::Target;
use crate::transfer::{Last, Misuse, StreamError};

/// Empty lines that may come before a request (RFC 9112 §2.2).
const EMPTY_LINES: u8 = 1;

impl sealed::Sealed for Server {
    type In = RequestHead;
    type Out = ResponseHead;
    const IS_SERVER: bool = true;

    #[expect(private_interfaces, reason = "sealed: nobody outside can name or call it")]
    fn read_head(state: &mut State) -> Result<Option<(RequestHead, Last)>, StreamError> {
        if !skip_empty_line(state) {
            return Ok(None);
        }
        let outline = parse::head::<parse::Asked>(&mut state.inbound, &mut state.scan, &state.config);
        let Some(outline) = outline.map_err(StreamError::Malformed)? else { return Ok(None) };
        state.scan = super::lines::Scan::default();
        accept(state, outline).map(Some).map_err(StreamError::Malformed)
    }

    #[expect(private_interfaces, reason = "sealed: nobody outside can name or call it")]
    fn write_head(state: &mut State, head: &ResponseHead, last: Last) -> Result<(), Misuse> {
        match head.status {
            StatusCode::SWITCHING_PROTOCOLS => switch(state, head),
            status if status.is_informational() => interim(state, head),
            status if state.asked == Asked::Connect && status.is_success() => connect(state, head),
            _ => answer(state, head, last),
        }
    }
}

/// Whether what is buffered begins with something else than a part of an empty line.
fn skip_empty_line(state: &mut State) -> bool {
    if state.exchange.empty_lines >= EMPTY_LINES || !state.scan.is_fresh() {
        return true;
    }
    match state.inbound[..] {
        [b'\r', b'\n', ..] => {
            state.inbound.advance(2);
            state.exchange.empty_lines += 1;
            !state.inbound.is_empty()
        }
        [b'\r'] => false,
        _ => true,
    }
}

/// Checks a complete head and takes it out of the buffer.
fn accept(state: &mut State, outline: parse::Outline<parse::Asked>) -> Result<(RequestHead, Last), Rule> {
    let parse::Outline { length, start, draft } = outline;
    let parse::Asked { method, target, version } = start;
    let block = state.inbound.split_to(length).freeze();
    let target = Target::received(&method, block.slice(target), &state.config)?;
    let alike = draft.alike;
    let mut fields = Fields::of_block(block, draft);
    alike::settle(&mut fields, alike, Side::Request, &state.config)?;
    match host::check(&target, &fields, version) {
        Err(Rule::HostMissing) if state.config.leniency.host_missing.is_lenient() => {
            state.config.count_use(Rule::HostMissing)
        }
        Ok(()) => fields.host_is_checked(),
        Err(rule) => return Err(rule),
    }
    let framed = framing::of_request(&method, version, &fields, &state.config.leniency)?;
    tidy_framing(state, &mut fields, framed)?;
    let options = Options::of(&fields);
    let is_old = version == Version::HTTP_10;
    let upgrade = if options.upgrade && !is_old { protocols(&fields)? } else { None };
    // CONNECT asks for one tunnel already.
    let upgrade = upgrade.filter(|_| method != Method::CONNECT);
    let head = RequestHead { method, target, version, upgrade, fields };
    state.asked = Asked::of(&head.method);
    state.notes = Notes::of(head.upgrade.clone(), None);
    state.remember_names(options, framed.framing, &head.fields);
    state.exchange.is_old = is_old;
    state.exchange.persists = options.persists(is_old);
    state.exchange.takes_trailers = !is_old && hop::takes_trailers(&head.fields);
    let last = state.begin_content(framed.framing);
    state.exchange.expects = last == Last::No && head.fields.contains(Known::Expect) && head.expects_continue();
    if let (Framing::Length(n), Some(most)) = (framed.framing, state.config.limits.body_octets)
        && n > most
    {
        // The head is given, so that it can be routed and recorded; the next call says what is wrong with it.
        state.fail(StreamError::Malformed(Rule::BodyTooLarge));
        return Ok((head, Last::No));
    }
    Ok((head, last))
}

/// Takes out of the fields what belongs to the transfer, and repairs what a switch let pass.
pub(super) fn tidy_framing(state: &mut State, fields: &mut Fields, framed: framing::Framed) -> Result<(), Rule> {
    let has_trailers = framed.framing == Framing::Chunked;
    // A promise of trailers that cannot come is none.
    fields.remove_set(Known::TransferEncoding.bit() | if has_trailers { 0 } else { Known::Trailer.bit() });
    if let Some(rule) = framed.relaxed {
        state.config.count_use(rule);
        if rule == Rule::LengthWithEncoding {
            fields.remove(Known::ContentLength);
            state.close = true;
        }
    }
    framing::tidy_length(fields, framed, &state.config.leniency)
}

/// 101: only if the request asked for that protocol and was read to its end.
fn switch(state: &mut State, head: &ResponseHead) -> Result<(), Misuse> {
    let protocol =
        head.upgrade.as_deref().or_else(|| head.fields.get(Known::Upgrade)).ok_or(Misuse::UpgradeNotAsked)?;
    if !state.is_offered(protocol) {
        return Err(Misuse::UpgradeNotAsked);
    }
    if state.read != Read::Ended {
        return Err(Misuse::OutOfOrder);
    }
    write_alone(state, head, &[b"Connection: Upgrade\r\nUpgrade: ", protocol, b"\r\n"])?;
    state.open_tunnel();
    Ok(())
}

/// 1xx: not to clients of version 1.0, and 100 only to those that wait for it.
fn interim(state: &mut State, head: &ResponseHead) -> Result<(), Misuse> {
    let is_continue = head.status == StatusCode::CONTINUE;
    if state.exchange.is_old || (is_continue && !state.awaits_continue()) {
        return Ok(());
    }
    write_alone(state, head, &[])?;
    if is_continue {
        state.exchange.expects = false;
    }
    Ok(())
}

/// 2xx to CONNECT: the tunnel begins after the head.
fn connect(state: &mut State, head: &ResponseHead) -> Result<(), Misuse> {
    if state.read != Read::Ended {
        return Err(Misuse::OutOfOrder);
    }
    write_alone(state, head, &[])?;
    state.open_tunnel();
    Ok(())
}

/// A head after which no content comes, with lines of ours at its end.
fn write_alone(state: &mut State, head: &ResponseHead, ours: &[&[u8]]) -> Result<(), Misuse> {
    let line = encode::status_line(head)?;
    state.out.copy(|out| {
        line.write(out);
        head.fields.write_to(out, encode::OURS | Known::ContentLength.bit());
        ours.iter().for_each(|octets| out.extend_from_slice(octets));
        out.extend_from_slice(b"\r\n");
    });
    Ok(())
}

/// Any other final head.
fn answer(state: &mut State, head: &ResponseHead, last: Last) -> Result<(), Misuse> {
    let line = encode::status_line(head)?;
    let plan = encode::response_content(head, last, state.asked, state.exchange)?;
    let options = Options::of(&head.fields);
    // Whether the content comes that was held back is the client's guess now.
    let is_left_waiting = state.awaits_continue();
    // Octets for the tunnel that was refused may be on their way: they must not be taken for a request.
    let is_refused_connect = state.asked == Asked::Connect;
    state.close |= options.close || is_left_waiting || is_refused_connect || plan.write == Write::UntilClose;
    let is_kept = state.persists();
    let needs_upgrade = head.status == StatusCode::UPGRADE_REQUIRED && head.fields.contains(Known::Upgrade);
    let is_old = state.exchange.is_old;
    let skip = encode::OURS | plan.skip;
    state.out.copy(|out| {
        line.write(out);
        head.fields.write_to(out, if needs_upgrade { skip & !Known::Upgrade.bit() } else { skip });
        out.extend_from_slice(plan.says);
        out.extend_from_slice(match (is_kept, needs_upgrade) {
            (true, true) if is_old => b"Connection: keep-alive, Upgrade\r\n\r\n",
            (true, true) => b"Connection: Upgrade\r\n\r\n",
            (true, false) if is_old => b"Connection: keep-alive\r\n\r\n",
            (true, false) => b"\r\n",
            (false, true) => b"Connection: close, Upgrade\r\n\r\n",
            (false, false) => b"Connection: close\r\n\r\n",
        });
    });
    state.exchange.expects = false;
    state.write = plan.write;
    Ok(())
}
