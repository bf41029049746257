//! Requests for another host than the one that TLS was made for (RFC 9110 §15.5.20).

use http::{Method, StatusCode};
use simplon_core::Result;
use simplon_core::net::ConnInfo;
use simplon_proto_http::RequestHead;

use crate::filter::{Filter, Looks, Verdict};
use crate::message::Request;
use crate::response::reject;

/// Refuses, with 421 (Misdirected Request), requests whose host is not the server name that the client asked for when TLS was made.
///
/// Where different names have different rules, a client could otherwise get in by one and ask for another. Where they differ in what they ask of
/// clients, every [`crate::App`] refuses it by itself: a certificate that one site demands is not missed by way of another.
/// Browsers that share one connection of HTTP/2 among names take the 421 as a hint to open another one.
///
/// Requests in the clear, and those of clients that named no server, pass. Use [`HostMatchesSni::strict`] to refuse the latter.
///
/// ```
/// use simplon_core::connect::Peer;
/// use simplon_core::net::Address;
/// use simplon_proxy::{App, HostMatchesSni, To};
///
/// let origin = Peer::new(Address::parse("127.0.0.1:8080")?);
/// let app = App::new(To(origin)).filter(HostMatchesSni::new());
/// # Ok::<(), simplon_core::net::AddressError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HostMatchesSni {
    unnamed: Unnamed,
}

/// What becomes of clients of TLS that named no server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Unnamed {
    #[default]
    Pass,
    Refused,
}

impl HostMatchesSni {
    /// Clients that named no server pass.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Clients that named no server are refused, too.
    #[must_use]
    pub fn strict() -> Self {
        Self { unnamed: Unnamed::Refused }
    }
}

impl<Ctx: Send> Filter<Ctx> for HostMatchesSni {
    const RESPONSE_CONTENT: Looks = Looks::No;

    async fn request(&self, request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
        let Some(facts) = request.info().tls() else { return Ok(Verdict::Continue) };
        let fits = match &facts.server_name {
            None => self.unnamed == Unnamed::Pass,
            Some(name) => request.authority().is_some_and(|authority| is_host(authority, name.as_bytes())),
        };
        if fits { Ok(Verdict::Continue) } else { Err(reject(StatusCode::MISDIRECTED_REQUEST)) }
    }
}

/// Whether a request may be answered on its connection, whatever filters there are: the site of its host asks the same of clients as the one that
/// TLS was made for ([`simplon_core::proto_tls::Facts::answers_for`]). Who showed no certificate because no one asked would otherwise be let in where one is demanded.
pub(crate) fn check(info: &ConnInfo, head: &RequestHead) -> Result<()> {
    let Some(facts) = info.tls() else { return Ok(()) };
    let Some(authority) = head.authority() else { return Ok(()) };
    // What CONNECT names is no site of ours.
    if head.method == Method::CONNECT {
        return Ok(());
    }
    let is_named = facts.server_name.as_ref().is_some_and(|name| is_host(authority, name.as_bytes()));
    if is_named || std::str::from_utf8(host_of(authority)).is_ok_and(|host| facts.answers_for(host)) {
        return Ok(());
    }
    Err(reject(StatusCode::MISDIRECTED_REQUEST))
}

/// An authority without its port.
fn host_of(authority: &[u8]) -> &[u8] {
    match authority.iter().rposition(|b| *b == b':') {
        Some(colon) if authority[colon + 1..].iter().all(u8::is_ascii_digit) => &authority[..colon],
        _ => authority,
    }
}

/// Whether the host of an authority that was checked is this name: without its port, and without the dot of the root.
fn is_host(authority: &[u8], name: &[u8]) -> bool {
    let host = host_of(authority);
    let bare = |name: &'_ [u8]| name.strip_suffix(b".").map_or(name.len(), <[u8]>::len);
    host[..bare(host)].eq_ignore_ascii_case(&name[..bare(name)])
}

#[cfg(test)]
mod tests;
