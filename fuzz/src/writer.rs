//! Messages that were accepted, written by the other role and read again.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use simplon_proto_http::fields::Known;
use simplon_proto_http::h1::{Client, Config, Machine, NextHop, Role, Server};
use simplon_proto_http::hop;
use simplon_proto_http::rules::Rule;
use simplon_proto_http::transfer::{Last, Misuse, Part, StreamError};
use simplon_proto_http::{Fields, RequestHead, ResponseHead};

use crate::reader::{Said, read, written};

/// One message that came to its end.
#[derive(Clone, Debug)]
pub struct Message<H> {
    pub head: H,
    pub content: Vec<u8>,
    pub trailers: Option<Fields>,
}

/// The messages among what was said that are complete. Informational heads are passed over.
pub fn messages<H: Clone>(said: &[Said<H>]) -> Vec<Message<H>> {
    let (mut whole, mut open) = (Vec::new(), None);
    for it in said {
        match (it, &mut open) {
            (Said::Head(head, _), _) => {
                open = Some(Message { head: head.clone(), content: Vec::new(), trailers: None })
            }
            (Said::Content(octets), Some(message)) => message.content = octets.clone(),
            (Said::Trailers(fields), Some(message)) => message.trailers = Some(fields.clone()),
            (Said::Done, _) => whole.extend(open.take()),
            _ => {}
        }
    }
    whole
}

/// Wider than what a message was accepted with: a proxy adds fields.
fn config() -> Arc<Config> {
    let mut config = Config::default();
    config.limits.head_octets *= 2;
    config.limits.head_fields *= 2;
    (config.limits.trailer_octets, config.limits.trailer_fields) = (1 << 20, 1 << 12);
    config.next_hop = NextHop::Proxy;
    Arc::new(config)
}

/// A request as a proxy passes it on must be read as the same request.
pub fn request_again(mut message: Message<RequestHead>) {
    if hop::strip_request(&mut message.head).is_err() {
        return;
    }
    match write_request(&message) {
        Ok(octets) => drop(same_request(&message, &octets)),
        // Version 1.0 may come without Host, and one can be relaxed into coming so; an origin gets none of these.
        Err(StreamError::Misuse(Misuse::Head(Rule::HostMissing))) => {}
        Err(error) => panic!("accepted, and cannot be passed on: {error:?}\n{message:?}"),
    }
}

/// What is written of a request.
///
/// # Errors
/// It cannot be sent: then nothing of it was written if its head was at fault.
pub fn write_request(message: &Message<RequestHead>) -> Result<Vec<u8>, StreamError> {
    let mut client = Machine::<Client>::new(config());
    say(&mut client, message)?;
    Ok(written(&mut client))
}

/// These octets are that request, to a strict reader; gives it as it was read.
pub fn same_request(message: &Message<RequestHead>, octets: &[u8]) -> Message<RequestHead> {
    let mut server = Machine::<Server>::new(config());
    let said = read(&mut server, &[octets], |_, _| false).said;
    let mut read = messages(&said);
    assert_eq!(read.len(), 1, "written as something else: {said:?}\n{}", octets.escape_ascii());
    let mut again = read.remove(0);
    hop::strip_request(&mut again.head).expect("what we wrote nominates nothing of others");
    assert_eq!((&message.head.method, &message.head.target), (&again.head.method, &again.head.target));
    assert_eq!(message.head.authority(), again.head.authority());
    assert_eq!(message.head.upgrade.is_some(), again.head.upgrade.is_some());
    same(message, &again, &message.head.fields, &again.head.fields);
    assert!(!server.has_excess(), "more was written than one message: {}", octets.escape_ascii());
    again
}

/// A response as a proxy passes it on must be read as the same response.
pub fn response_again(mut message: Message<ResponseHead>, method: &Method) {
    if hop::strip_response(&mut message.head).is_err() || message.head.upgrade.is_some() {
        return;
    }
    match write_response(&message, method) {
        Ok(octets) => drop(same_response(&message, method, &octets)),
        Err(error) => panic!("accepted, and cannot be passed on: {error:?}\n{message:?}"),
    }
}

/// What is written of a response to such a request.
///
/// # Errors
/// It cannot be sent: then nothing of it was written if its head was at fault.
pub fn write_response(message: &Message<ResponseHead>, method: &Method) -> Result<Vec<u8>, StreamError> {
    let mut server = Machine::<Server>::new(config());
    read(&mut server, &[asked(method).as_bytes()], |_, _| false);
    say(&mut server, message)?;
    Ok(written(&mut server))
}

/// These octets are that response, to a strict reader; gives it as it was read.
pub fn same_response(message: &Message<ResponseHead>, method: &Method, octets: &[u8]) -> Message<ResponseHead> {
    let mut server = Machine::<Server>::new(config());
    let mut request = messages(&read(&mut server, &[asked(method).as_bytes()], |_, _| false).said);
    let mut client = Machine::<Client>::new(config());
    say(&mut client, &request.remove(0)).expect("a plain request is taken");
    written(&mut client);
    let said = read(&mut client, &[octets], |_, _| false).said;
    let mut read = messages(&said);
    assert_eq!(read.len(), 1, "written as something else: {said:?}\n{}", octets.escape_ascii());
    let mut again = read.remove(0);
    hop::strip_response(&mut again.head).expect("what we wrote nominates nothing of others");
    assert_eq!(message.head.status, again.head.status);
    same(message, &again, &message.head.fields, &again.head.fields);
    assert!(!client.has_excess(), "more was written than one message: {}", octets.escape_ascii());
    again
}

fn asked(method: &Method) -> String {
    let target = if method == Method::CONNECT { "a.example:80" } else { "/" };
    format!("{method} {target} HTTP/1.1\r\nHost: a.example:80\r\nTE: trailers\r\nConnection: TE\r\n\r\n")
}

fn say<R: Role>(machine: &mut Machine<R>, message: &Message<R::Outbound>) -> Result<(), StreamError>
where
    R::Outbound: Clone,
{
    let is_empty = message.content.is_empty() && message.trailers.is_none();
    machine.send(Part::Head(message.head.clone(), if is_empty { Last::Yes } else { Last::No }))?;
    match &message.trailers {
        _ if is_empty => Ok(()),
        None => machine.send(Part::Data(Bytes::from(message.content.clone()), Last::Yes)),
        Some(trailers) => {
            machine.send(Part::Data(Bytes::from(message.content.clone()), Last::No))?;
            machine.send(Part::Trailers(trailers.clone()))
        }
    }
}

fn same<H>(first: &Message<H>, again: &Message<H>, first_fields: &Fields, again_fields: &Fields) {
    assert_eq!(list(first_fields), list(again_fields));
    assert_eq!(first.content, again.content);
    let trailers = |message: &Message<H>| message.trailers.as_ref().map(list).unwrap_or_default();
    assert_eq!(trailers(first), trailers(again));
}

/// The fields in order. Framing may change from hop to hop, and Trailer goes with it; Host may be written where only the target named it.
fn list(fields: &Fields) -> Vec<(Vec<u8>, Vec<u8>)> {
    let name = |known: Known| move |name: &[u8]| Known::of(name) == Some(known);
    let (is_length, is_host, is_trailer) = (name(Known::ContentLength), name(Known::Host), name(Known::Trailer));
    let kept = fields.iter().filter(|(name, _)| !is_length(name) && !is_host(name) && !is_trailer(name));
    kept.map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}
