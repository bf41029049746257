//! Messages as the types of the crate `http`: what versions are told in that have no start lines and no framing fields.

use bytes::Bytes;
use h2::ext::Protocol;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use super::{Draft, Framing, Message, Reply, Request};

/// What follows the head of a message that is to be said.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Rest {
    /// Whether the head is all there is.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_empty() && self.trailers.is_none()
    }
}

impl Draft {
    fn typed(&self, length: Option<usize>) -> (HeaderMap, Rest) {
        let mut fields = typed_fields(&self.fields);
        if let (Framing::Length, Some(length)) = (self.framing, length) {
            fields.insert(header::CONTENT_LENGTH, length.into());
        }
        let trailers = (!self.trailers.is_empty()).then(|| typed_fields(&self.trailers));
        (fields, Rest { body: self.body.clone().into(), trailers })
    }
}

impl Request {
    /// Its head, with this scheme, and the rest.
    pub(crate) fn typed(&self, scheme: &str) -> (http::Request<()>, Rest) {
        let (fields, rest) = self.draft.typed(self.length());
        let mut head = http::Request::new(());
        *head.method_mut() = Method::from_bytes(self.method.as_bytes()).unwrap();
        let host = self.host.as_deref().unwrap_or_default();
        let uri = match &self.target {
            authority if self.method == "CONNECT" => Uri::try_from(authority),
            target if target.starts_with('/') => Uri::try_from(format!("{scheme}://{host}{target}")),
            target => Uri::try_from(target),
        };
        *head.uri_mut() = uri.unwrap();
        *head.headers_mut() = fields;
        (head, rest)
    }
}

impl Reply {
    /// Its head and the rest.
    pub(crate) fn typed(&self) -> (http::Response<()>, Rest) {
        let (fields, rest) = self.draft.typed(self.length());
        let mut head = http::Response::new(());
        *head.status_mut() = http::StatusCode::from_u16(self.status).unwrap();
        *head.headers_mut() = fields;
        (head, rest)
    }
}

impl Message {
    /// A request as it was heard in such a version. Its authority is its `host`, and what extended CONNECT asks for its `:protocol`.
    pub(crate) fn of_request(head: &http::Request<()>) -> Self {
        let uri = head.uri();
        let target = if head.method() == Method::CONNECT && uri.path_and_query().is_none() {
            uri.authority().map_or_else(String::new, ToString::to_string)
        } else {
            uri.path_and_query().map_or_else(String::new, ToString::to_string)
        };
        let mut message = Self::new(format!("{} {target} HTTP/2", head.method()), 0);
        message.fields.extend(uri.authority().map(|authority| ("host".to_owned(), authority.to_string().into_bytes())));
        let protocol = head.extensions().get::<Protocol>();
        message.fields.extend(protocol.map(|protocol| (":protocol".to_owned(), protocol.as_str().as_bytes().to_vec())));
        message.fields.extend(heard_fields(head.headers()));
        message
    }

    /// A response as it was heard in such a version.
    pub(crate) fn of_response(head: &http::Response<()>) -> Self {
        let mut message = Self::new(format!("HTTP/2 {}", head.status().as_str()), head.status().as_u16());
        message.fields = heard_fields(head.headers());
        message
    }
}

/// Fields that are to be said.
pub(crate) fn typed_fields(fields: &[(String, Vec<u8>)]) -> HeaderMap {
    let typed = |(name, value): &(String, Vec<u8>)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap())
    };
    let mut map = HeaderMap::new();
    for (name, value) in fields.iter().map(typed) {
        map.append(name, value);
    }
    map
}

/// Fields that were heard.
pub(crate) fn heard_fields(fields: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    fields.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}
