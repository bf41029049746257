//! Heads to and from the types of the `http` crate. Spelling, order between names, and octets that a `Uri` cannot hold are lost there.

use http::{Request, Response, Uri, request, response};

use super::{RequestHead, ResponseHead};
use crate::fields::{FieldError, Fields, Known};
use crate::rules::Rule;
use crate::target::{Form, Target};

/// Origin-form with Host from the URI's authority, if there is none; authority-form with CONNECT.
impl TryFrom<request::Parts> for RequestHead {
    type Error = Rule;

    fn try_from(parts: request::Parts) -> Result<Self, Rule> {
        let authority = parts.uri.authority().map(|authority| authority.as_str().to_owned());
        let target = match &authority {
            Some(authority) if parts.method == http::Method::CONNECT => {
                Target::parse(&parts.method, authority.clone().into())?
            }
            _ if parts.uri.path() == "*" => Target::parse(&parts.method, "*".into())?,
            _ => Target::try_from(&parts.uri)?,
        };
        let mut fields = Fields::try_from(&parts.headers).map_err(rule_of)?;
        if let (Some(authority), false) = (authority, fields.contains(Known::Host)) {
            fields.append(Known::Host, authority).map_err(rule_of)?;
        }
        Ok(Self { method: parts.method, target, version: parts.version, upgrade: None, fields })
    }
}

impl TryFrom<&RequestHead> for Request<()> {
    type Error = http::Error;

    fn try_from(head: &RequestHead) -> Result<Self, http::Error> {
        let uri = Uri::try_from(head.target.as_bytes())?;
        let uri = if head.target.form() == Form::Asterisk { Uri::from_static("*") } else { uri };
        let mut request = Self::builder().method(head.method.clone()).uri(uri).version(head.version).body(())?;
        *request.headers_mut() = head.fields.to_header_map();
        Ok(request)
    }
}

impl TryFrom<response::Parts> for ResponseHead {
    type Error = Rule;

    fn try_from(parts: response::Parts) -> Result<Self, Rule> {
        let fields = Fields::try_from(&parts.headers).map_err(rule_of)?;
        Ok(Self { status: parts.status, version: parts.version, reason: None, upgrade: None, fields })
    }
}

impl From<&ResponseHead> for Response<()> {
    fn from(head: &ResponseHead) -> Self {
        let mut response = Self::new(());
        *response.status_mut() = head.status;
        *response.version_mut() = head.version;
        *response.headers_mut() = head.fields.to_header_map();
        response
    }
}

const fn rule_of(error: FieldError) -> Rule {
    match error {
        FieldError::Name => Rule::NameMalformed,
        FieldError::Value => Rule::ValueControl,
        FieldError::Full => Rule::TooManyFields,
    }
}
