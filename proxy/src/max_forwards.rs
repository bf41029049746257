//! How far TRACE and OPTIONS may still go (RFC 9110 §7.6.2).

use http::{Method, StatusCode};
use simplon_proto_http::RequestHead;
use simplon_proto_http::fields::{Known, KnownSet};

use crate::response::Response;

/// Counts a hop; gives the answer if there is none left. Other methods may go as far as they like, and what is no number says nothing.
pub(crate) fn count(head: &mut RequestHead) -> Option<Response> {
    if !head.fields.contains(Known::MaxForwards) || !matches!(head.method, Method::TRACE | Method::OPTIONS) {
        return None;
    }
    let least = head.fields.all(Known::MaxForwards).filter_map(number).min()?;
    match least.checked_sub(1) {
        Some(left) => {
            let set = head.fields.set(Known::MaxForwards, left.to_string());
            debug_assert_eq!(set, Ok(()));
            None
        }
        None if head.method == Method::TRACE => Some(trace(head)),
        None => Some(Response::new(StatusCode::OK)),
    }
}

/// What is too large to be held is as much as we can hold.
fn number(value: &[u8]) -> Option<u64> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(value).ok()?.parse().ok().or(Some(u64::MAX))).flatten()
}

/// What may hold a secret is not sent back (RFC 9110 §9.3.8).
const SECRETS: KnownSet = KnownSet::of(&[
    Known::Authorization,
    Known::ProxyAuthorization,
    Known::Cookie,
    Known::ClientCert,
    Known::ClientCertChain,
]);

/// The request as it came here.
fn trace(head: &RequestHead) -> Response {
    let mut fields = head.fields.clone();
    fields.remove_all(SECRETS);
    let mut text = format!("TRACE {} HTTP/1.1\r\n", head.target).into_bytes();
    for (name, value) in &fields {
        text.extend_from_slice(&[name, b": ", value, b"\r\n"].concat());
    }
    text.extend_from_slice(b"\r\n");
    let response = Response::new(StatusCode::OK).body(text).field("Content-Type", "message/http");
    response.unwrap_or_else(|_| Response::new(StatusCode::OK))
}

#[cfg(test)]
mod tests;
