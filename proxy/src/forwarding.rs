//! What a proxy tells the origin about the client, and whom it believes (RFC 7239, RFC 9110 §7.6.3).

use std::io::Write;
use std::net::IpAddr;
use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;
use http::Version;
use simplon_core::net::ConnInfo;
use simplon_core::proto_tls::Certificate;
use simplon_proto_http::fields::{Known, KnownSet};
use simplon_proto_http::{Fields, RequestHead};

use crate::cidr::Cidr;

/// How a kind of field is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// Made by us; what an untrusted peer sent under this name is dropped.
    Yes,
    /// What an untrusted peer sent is dropped, and nothing is added.
    Drop,
}

/// What the origin is told about the client, and which peers are believed when they say who their client is.
///
/// Default: nobody is trusted; X-Forwarded-For, -Proto and -Host are made anew; `Forwarded`, `Client-Cert` and `Client-Cert-Chain` are dropped;
/// `Via` names `simplon`.
#[derive(Clone, Debug)]
pub struct Forwarding {
    trusted: Vec<Cidr>,
    x_forwarded: Tell,
    forwarded: Tell,
    client_cert: Tell,
    via: Option<Via>,
}

impl Default for Forwarding {
    fn default() -> Self {
        Self {
            trusted: Vec::new(),
            x_forwarded: Tell::Yes,
            forwarded: Tell::Drop,
            client_cert: Tell::Drop,
            via: Some(Via::new("simplon")),
        }
    }
}

impl Forwarding {
    /// Peers in these ranges are proxies whose X-Forwarded-* and Forwarded fields are believed and added to.
    #[must_use]
    pub fn trust(mut self, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        self.trusted.extend(ranges);
        self
    }

    /// X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host.
    #[must_use]
    pub fn x_forwarded(mut self, tell: Tell) -> Self {
        self.x_forwarded = tell;
        self
    }

    /// Forwarded (RFC 7239).
    #[must_use]
    pub fn forwarded(mut self, tell: Tell) -> Self {
        self.forwarded = tell;
        self
    }

    /// Client-Cert and Client-Cert-Chain: the certificate that the client showed on this connection, and those that lead from it to a
    /// trusted one, which is not among them (RFC 9440). What it sends beside them is dropped.
    #[must_use]
    pub fn client_cert(mut self, tell: Tell) -> Self {
        self.client_cert = tell;
        self
    }

    /// The name under which this proxy adds itself to Via; `None` adds nothing.
    #[must_use]
    pub fn via(mut self, pseudonym: Option<&str>) -> Self {
        self.via = pseudonym.map(Via::new);
        self
    }

    /// Who the client is: the connection's peer, or, if that is trusted, the nearest address in X-Forwarded-For that is not.
    pub fn client_ip(&self, info: &ConnInfo, fields: &Fields) -> Option<IpAddr> {
        let peer = info.peer_ip();
        if !peer.is_some_and(|peer| self.trusts(peer)) {
            return peer;
        }
        let mut nearest = peer;
        let mut lines: Vec<&[u8]> = fields.all(Known::XForwardedFor).collect();
        lines.reverse();
        for node in lines.into_iter().flat_map(|line| line.rsplit(|&octet| octet == b',')) {
            let Some(address) = std::str::from_utf8(node).ok().and_then(node_address) else { break };
            nearest = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        nearest
    }

    fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted.iter().any(|range| range.contains(peer))
    }

    /// Writes the fields into a request on its way to an origin.
    pub fn apply(&self, head: &mut RequestHead, info: &ConnInfo) {
        if !info.peer_ip().is_some_and(|peer| self.trusts(peer)) {
            head.fields.remove_all(SAID);
            // By these some origin or other is told of clients, too: `X-Forwarded-Prefix`, `-Server`, `-Ssl`.
            head.fields.remove_x_forwarded();
        }
        if self.x_forwarded == Tell::Yes {
            tell_x_forwarded(head, info);
        }
        if self.forwarded == Tell::Yes {
            tell_forwarded(head, info);
        }
        if self.client_cert == Tell::Yes
            && let Some(facts) = info.tls()
        {
            tell_client_cert(head, &facts.peer);
        }
        if let Some(via) = &self.via {
            add_to_list(&mut head.fields, Known::Via, via.of(head.version));
        }
    }
}

/// What peers say of their clients.
const SAID: KnownSet = KnownSet::of(&[
    Known::XForwardedFor,
    Known::XForwardedProto,
    Known::XForwardedHost,
    Known::XForwardedPort,
    Known::XRealIp,
    Known::Forwarded,
    Known::ClientCert,
    Known::ClientCertChain,
]);

/// Our element of Via, for each version that a request may have come in, ready to be appended.
#[derive(Clone, Debug)]
struct Via([Fields; 4]);

impl Via {
    fn new(pseudonym: &str) -> Self {
        Self(["1.0", "1.1", "2", "3"].map(|version| ready(Known::Via, &format!("{version} {pseudonym}"))))
    }

    fn of(&self, version: Version) -> &Fields {
        match version {
            Version::HTTP_10 => &self.0[0],
            Version::HTTP_2 => &self.0[2],
            Version::HTTP_3 => &self.0[3],
            _ => &self.0[1],
        }
    }
}

/// A field that is appended often: checked and written out once. One that is not well-formed is left out.
fn ready(name: Known, value: &str) -> Fields {
    let mut fields = Fields::new();
    add(&mut fields, name, value.as_bytes());
    fields
}

static HTTP: LazyLock<Fields> = LazyLock::new(|| ready(Known::XForwardedProto, "http"));
static HTTPS: LazyLock<Fields> = LazyLock::new(|| ready(Known::XForwardedProto, "https"));

fn tell_x_forwarded(head: &mut RequestHead, info: &ConnInfo) {
    if let Some(address) = info.peer_text() {
        match head.fields.contains(Known::XForwardedFor) {
            true => join(&mut head.fields, Known::XForwardedFor, address),
            false => add(&mut head.fields, Known::XForwardedFor, address),
        }
    }
    if !head.fields.contains(Known::XForwardedProto) {
        append(&mut head.fields, if info.tls().is_some() { &HTTPS } else { &HTTP });
    }
    if head.fields.contains(Known::XForwardedHost) {
        return;
    }
    match head.target.authority() {
        Some(host) => add(&mut head.fields, Known::XForwardedHost, host),
        None => {
            let added = head.fields.append_same(Known::XForwardedHost, Known::Host);
            debug_assert!(added.is_ok());
        }
    }
}

fn tell_forwarded(head: &mut RequestHead, info: &ConnInfo) {
    let mut element = Vec::with_capacity(96);
    let _ = match info.peer_ip() {
        Some(IpAddr::V6(address)) => write!(element, "for=\"[{address}]\""),
        Some(IpAddr::V4(address)) => write!(element, "for={address}"),
        None => write!(element, "for=unknown"),
    };
    if let Some(host) = head.authority_bytes() {
        element.extend_from_slice(b";host=\"");
        element.extend_from_slice(&host);
        element.push(b'"');
    }
    element.extend_from_slice(b";proto=");
    element.extend_from_slice(info.scheme().as_bytes());
    match head.fields.contains(Known::Forwarded) {
        true => join(&mut head.fields, Known::Forwarded, &element),
        false => add(&mut head.fields, Known::Forwarded, &element),
    }
}

/// A trusted proxy may have told already: then it ended the client's TLS, and the certificate here is its own.
fn tell_client_cert(head: &mut RequestHead, shown: &[Certificate]) {
    let (Some((own, others)), false) = (shown.split_first(), head.fields.contains(Known::ClientCert)) else { return };
    add(&mut head.fields, Known::ClientCert, sequence(own).as_bytes());
    if !others.is_empty() {
        let chain: Vec<String> = others.iter().map(sequence).collect();
        add(&mut head.fields, Known::ClientCertChain, chain.join(", ").as_bytes());
    }
}

/// A byte sequence (RFC 9651 §3.3.5).
fn sequence(certificate: &Certificate) -> String {
    format!(":{}:", STANDARD.encode(certificate.der()))
}

/// One more element of a list.
fn add_to_list(fields: &mut Fields, name: Known, element: &Fields) {
    match element.get(name) {
        Some(element) if fields.contains(name) => join(fields, name, element),
        _ => append(fields, element),
    }
}

/// One more element in one line with those before: many an origin reads the first line alone.
fn join(fields: &mut Fields, name: Known, element: &[u8]) {
    let mut list = Vec::with_capacity(128);
    for line in fields.all(name) {
        list.extend_from_slice(line);
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(element);
    let set = fields.set(name, list);
    debug_assert_eq!(set, Ok(()));
}

fn append(fields: &mut Fields, ready: &Fields) {
    let appended = fields.append_all(ready);
    debug_assert_eq!(appended, Ok(()));
}

/// Values that come from addresses and checked authorities are well-formed; one that is not is left out rather than sent.
fn add(fields: &mut Fields, name: Known, value: &[u8]) {
    let added = fields.append(name, value);
    debug_assert!(added.is_ok(), "{name:?}");
}

/// An address as written in X-Forwarded-For: bare, with a port, or in brackets.
fn node_address(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    if let Ok(address) = node.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(address) = node.parse::<std::net::SocketAddr>() {
        return Some(address.ip().to_canonical());
    }
    node.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
