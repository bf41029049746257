//! A look by asking.

mod fields;
mod read;

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use simplon_core::connect::{Connect, Peer, TcpConnector};
use simplon_core::error::Error;
use simplon_core::http::{OriginLimits, Origins, OriginsConfig, Protocol, Upstream};
use simplon_core::net::Address;
use simplon_core::proto_http::fields::FieldError;
use simplon_core::proto_http::rules::Rule;
use simplon_core::proto_http::{Fields, Last, Part, RequestHead, ResponseHead, Sink, Source, StreamError, Target};
use tokio::time::timeout;

use super::tcp::probe_peer;
use super::{Check, CheckError};
use crate::backend::Backend;

pub use fields::CheckFieldError;
#[doc(hidden)]
pub use read::read_answer;

type Validate = Box<dyn Fn(&ResponseHead) -> Result<(), Cow<'static, str>> + Send + Sync>;

/// Whether a backend answers a request as expected: by default `GET /` with 200, over a new connection each time, connected within 1 s (name
/// lookup and TLS included) and answered within another.
///
/// It goes the way of the requests: in TLS with the name that the peer has to prove, and in the version of HTTP that is spoken with it.
///
/// ```
/// use http::StatusCode;
/// use simplon_load_balancing::HttpCheck;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let check = HttpCheck::new()
///     .with_target("/healthz?deep=1")?
///     .with_host("shop.example")?
///     .with_field("User-Agent", "lb-7")?
///     .expect_status([StatusCode::OK, StatusCode::NO_CONTENT]);
/// let version = HttpCheck::new().expect(|head| match head.fields.text("x-version") {
///     Some(version) if version >= "2" => Ok(()),
///     _ => Err("too old".into()),
/// });
/// # Ok(())
/// # }
/// ```
pub struct HttpCheck<C = TcpConnector> {
    origins: Origins<C>,
    method: Method,
    target: Option<Target>,
    host: Option<Arc<str>>,
    fields: Fields,
    expected: Expected,
    connect_within: Duration,
    answer_within: Duration,
    port: Option<u16>,
    reuse: Reuse,
}

/// What an answer must be like.
enum Expected {
    Status(Box<[StatusCode]>),
    Valid(Validate),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reuse {
    Never,
    IfPossible,
}

impl HttpCheck {
    /// Over TCP or Unix sockets, in TLS where the backend's peer asks for it.
    #[must_use]
    pub fn new() -> Self {
        Self::over(TcpConnector::new())
    }
}

impl Default for HttpCheck {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Connect> HttpCheck<C> {
    /// Over this connector.
    #[must_use]
    pub fn over(connector: C) -> Self {
        let second = Duration::from_secs(1);
        let mut config = OriginsConfig::default();
        config.connections = OriginLimits::for_checks();
        Self {
            origins: Origins::new(connector, config),
            method: Method::GET,
            target: None,
            host: None,
            fields: Fields::new(),
            expected: Expected::Status([StatusCode::OK].into()),
            connect_within: second,
            answer_within: second,
            port: None,
            reuse: Reuse::Never,
        }
    }

    /// Asks for this path, with or without a query.
    ///
    /// # Errors
    /// The rule of request targets that it breaks.
    pub fn with_target(mut self, target: &str) -> Result<Self, Rule> {
        self.target = Some(Target::origin(target.to_owned())?);
        Ok(self)
    }

    /// Asks by this method, which should be one that changes nothing and has no content.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Asks under this name, with or without a port; otherwise by the backend's address.
    ///
    /// # Errors
    /// It is no authority (RFC 9110 §7.2).
    pub fn with_host(mut self, host: &str) -> Result<Self, CheckFieldError> {
        fields::check_host(host)?;
        self.host = Some(host.into());
        Ok(self)
    }

    /// Sends this field, too. `Host` is [`HttpCheck::with_host`]; `User-Agent` and `Accept` stand in place of those that are sent otherwise
    /// (`simplon-health-check`, `*/*`); a name that is given again is sent again.
    ///
    /// # Errors
    /// It cannot stand in a request: not a token, a control octet in the value; or it is not for a check to say, as it frames the message or
    /// belongs to the connection (`Content-Length`, `Connection`, `Expect` and the like).
    pub fn with_field(mut self, name: &str, value: &str) -> Result<Self, CheckFieldError> {
        if name.eq_ignore_ascii_case("host") {
            return self.with_host(value);
        }
        fields::check(name)?;
        self.fields.append(name, value)?;
        Ok(self)
    }

    /// Asks at this port instead of the backend's own. Unix sockets have none.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How long it may take to connect, name lookup and TLS included, and from then to the end of the answer's head.
    #[must_use]
    pub fn within(mut self, connect: Duration, answer: Duration) -> Self {
        (self.connect_within, self.answer_within) = (connect, answer);
        self
    }

    /// Keeps the connection from one look to the next if the answer allows it. A look then says less: that new connections are still
    /// taken is not seen.
    #[must_use]
    pub fn reusing(mut self) -> Self {
        self.reuse = Reuse::IfPossible;
        self
    }

    /// Any of these is fine, anything else is not.
    #[must_use]
    pub fn expect_status(mut self, any_of: impl IntoIterator<Item = StatusCode>) -> Self {
        self.expected = Expected::Status(any_of.into_iter().collect());
        self
    }

    /// Judges the head of the answer, in place of the status alone; the error is the reason.
    #[must_use]
    pub fn expect(
        mut self,
        validate: impl Fn(&ResponseHead) -> Result<(), Cow<'static, str>> + Send + Sync + 'static,
    ) -> Self {
        self.expected = Expected::Valid(Box::new(validate));
        self
    }

    /// One exchange on a connection at rest, if there is one; a connection that had died meanwhile says nothing about the backend.
    async fn ask_again(&self, peer: &Peer, request: &RequestHead) -> Option<Result<ResponseHead, CheckError>> {
        let upstream = self.origins.idle(peer, tokio::time::Instant::now())?;
        match timeout(self.answer_within, self.exchange(upstream, request.clone())).await {
            Ok(Ok(head)) => Some(Ok(head)),
            Ok(Err(StreamError::Closed | StreamError::Reset)) => None,
            Ok(Err(error)) => Some(Err(failure(error))),
            Err(_) => Some(Err(CheckError::Timeout(self.answer_within))),
        }
    }

    async fn ask_anew(&self, peer: &Peer, request: RequestHead) -> Result<ResponseHead, CheckError> {
        let connecting = timeout(self.connect_within, self.origins.connect(peer, Protocol::Http));
        let (upstream, _) = connecting.await.map_err(|_| CheckError::Timeout(self.connect_within))??;
        match timeout(self.answer_within, self.exchange(upstream, request)).await {
            Ok(answer) => answer.map_err(failure),
            Err(_) => Err(CheckError::Timeout(self.answer_within)),
        }
    }

    /// The final head. With reuse, also reads what little may follow and keeps the connection.
    async fn exchange(&self, mut upstream: Upstream, request: RequestHead) -> Result<ResponseHead, StreamError> {
        upstream.push(Part::Head(request, Last::Yes))?;
        let (head, last) = loop {
            match next_part(&mut upstream).await? {
                Some(Part::Head(head, _)) if head.is_interim() => {}
                Some(Part::Head(head, last)) => break (head, last),
                _ => return Err(StreamError::Truncated),
            }
        };
        if self.reuse == Reuse::IfPossible && (last == Last::Yes || read_off(&mut upstream).await) {
            self.origins.put_back(upstream, tokio::time::Instant::now());
        }
        Ok(head)
    }

    fn judge(&self, head: &ResponseHead) -> Result<(), CheckError> {
        match &self.expected {
            Expected::Status(any_of) if any_of.contains(&head.status) => Ok(()),
            Expected::Status(_) => Err(CheckError::Status(head.status)),
            Expected::Valid(validate) => validate(head).map_err(CheckError::Rejected),
        }
    }

    fn request(&self, peer: &Peer) -> Result<RequestHead, CheckError> {
        let unfit = |rule: Rule| CheckError::Inconclusive(Error::internal(StreamError::Malformed(rule)).into());
        let target = match &self.target {
            Some(target) => target.clone(),
            None => Target::origin("/").map_err(unfit)?,
        };
        let mut head = RequestHead::new(self.method.clone(), target);
        let host = self.host.as_deref().map_or_else(|| authority(peer.address()), Cow::Borrowed);
        let unfit = |error: FieldError| CheckError::Inconclusive(error.into());
        head.fields.set("host", &*host).map_err(unfit)?;
        for (name, value) in [("user-agent", "simplon-health-check"), ("accept", "*/*")] {
            if !self.fields.contains(name) {
                head.fields.set(name, value).map_err(unfit)?;
            }
        }
        head.fields.append_all(&self.fields).map_err(unfit)?;
        Ok(head)
    }
}

impl<C: Connect + 'static> Check for HttpCheck<C> {
    async fn check(&self, backend: &Backend) -> Result<(), CheckError> {
        let peer = probe_peer(backend.peer(), self.port, self.connect_within.max(self.answer_within));
        let request = self.request(&peer)?;
        let answer = match self.reuse {
            Reuse::Never => {
                // A connection of HTTP/2 would be shared with the next look: this one's is to be closed, and one of a look that was given up, too.
                self.origins.forget(&peer);
                let answer = self.ask_anew(&peer, request).await;
                self.origins.forget(&peer);
                answer
            }
            Reuse::IfPossible => match self.ask_again(&peer, &request).await {
                Some(answer) => answer,
                None => self.ask_anew(&peer, request).await,
            },
        };
        self.judge(&answer?)
    }
}

/// The next part of the response, while the request leaves.
async fn next_part(upstream: &mut Upstream) -> Result<Option<Part<ResponseHead>>, StreamError> {
    poll_fn(|cx| {
        // A request that cannot leave is no news: the answer may be there already, and reading tells.
        let _ = upstream.poll_flush(cx);
        upstream.poll_part(cx)
    })
    .await
}

/// Reads the content to its end, if that is not far.
async fn read_off(upstream: &mut Upstream) -> bool {
    let mut octets = 0;
    while octets <= READ_OFF {
        match next_part(upstream).await {
            Ok(Some(Part::Data(data, Last::No))) => octets += data.len(),
            Ok(Some(Part::Data(_, Last::Yes) | Part::Trailers(_)) | None) => return true,
            Ok(Some(Part::Head(..))) | Err(_) => return false,
        }
    }
    false
}

/// Octets of content that are read to keep a connection.
const READ_OFF: usize = 64 << 10;

/// What we would not send ourselves says nothing about the backend.
fn failure(error: StreamError) -> CheckError {
    match error {
        StreamError::Misuse(_) => Error::internal(error).into(),
        _ => Error::upstream(error).into(),
    }
}

/// The backend's address as a request names it.
fn authority(address: &Address) -> Cow<'static, str> {
    match address {
        Address::Inet(addr) => addr.to_string().into(),
        Address::Name { host, port } => format!("{host}:{port}").into(),
        Address::Unix(_) => "localhost".into(),
    }
}

impl<C> fmt::Debug for HttpCheck<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCheck")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("reuse", &self.reuse)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
