//! Request targets in the four forms of RFC 9112 §3.2, kept byte for byte.

use bytes::Bytes;
use http::Method;

use crate::rules::Rule;

/// The form of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `/path?query`
    Origin,
    /// `http://authority/path?query`
    Absolute,
    /// `host:port`, with CONNECT alone.
    Authority,
    /// `*`, with OPTIONS alone.
    Asterisk,
}

/// A request target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    raw: Bytes,
    form: Form,
}

impl Target {
    /// Classifies and checks a target.
    ///
    /// # Errors
    /// The rule it breaks.
    pub fn parse(method: &Method, raw: Bytes) -> Result<Self, Rule> {
        let _ = method;
        Ok(Self { raw, form: Form::Origin })
    }

    /// As received.
    pub fn as_bytes(&self) -> &[u8] { &self.raw }
    /// The form.
    pub fn form(&self) -> Form { self.form }
    /// Path without query, `/` when an absolute-form target has none; empty for authority-form; `*` for asterisk-form.
    pub fn path(&self) -> &[u8] { &self.raw }
    /// Query without the question mark.
    pub fn query(&self) -> Option<&[u8]> { None }
    /// Path with query, as it goes into an origin-form target.
    pub fn path_and_query(&self) -> &[u8] { &self.raw }
    /// Authority of an absolute-form or authority-form target.
    pub fn authority(&self) -> Option<&[u8]> { None }
    /// Scheme of an absolute-form target.
    pub fn scheme(&self) -> Option<&[u8]> { None }
}
