//! Request targets in the four forms of RFC 9112 §3.2, kept byte for byte.
//!
//! ```
//! use http::Method;
//! use simplon_proto_http::{Target, target::Form};
//!
//! let target = Target::parse(&Method::GET, "http://example.com/a?b".into()).unwrap();
//! assert_eq!(target.form(), Form::Absolute);
//! assert_eq!(target.authority(), Some(&b"example.com"[..]));
//! assert_eq!(target.path_and_query(), b"/a?b");
//! ```

mod normal;

pub use normal::Slashes;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use http::Method;

use self::normal::Normal;
use crate::h1::Config;
use crate::host::{Authority, NotHost};
use crate::rules::Rule;
use crate::syntax::{self, TargetOctets};

/// The form of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
///
/// Octets that RFC 3986 would have percent-encoded are kept as they came; blanks, control octets, octets above 0x7f and fragments are refused.
#[derive(Clone)]
pub struct Target {
    raw: Bytes,
    form: Form,
    /// Where the authority begins; the path begins at or after it.
    authority_at: u32,
    /// Where the path begins, or the end if there is none.
    path_at: u32,
    /// Where the question mark is, or the end if there is none.
    query_at: u32,
    /// The path in normal form, once that was asked for; `None` if it is as it came.
    normal: OnceLock<Option<Box<Normal>>>,
}

impl Target {
    /// Classifies and checks a target.
    ///
    /// # Errors
    /// The rule it breaks.
    pub fn parse(method: &Method, raw: Bytes) -> Result<Self, Rule> {
        Self::received(method, raw, &STRICT)
    }

    /// The same for what came, where a switch may relax it.
    pub(crate) fn received(method: &Method, raw: Bytes, config: &Config) -> Result<Self, Rule> {
        match syntax::target_octets(&raw) {
            TargetOctets::Visible => {}
            TargetOctets::High if config.leniency.raw_targets.is_lenient() => config.count_use(Rule::TargetNotAscii),
            TargetOctets::High => return Err(Rule::TargetNotAscii),
            TargetOctets::Bad => return Err(Rule::TargetOctets),
        }
        let end = u32::try_from(raw.len()).map_err(|_| Rule::TargetTooLong)?;
        match raw.first() {
            _ if method == Method::CONNECT => Self::of_connect(raw, end),
            Some(b'/') => Self::split(raw, Form::Origin, 0, 0),
            Some(b'*') if raw.len() == 1 && method == Method::OPTIONS => Ok(Self::whole(raw, Form::Asterisk, end)),
            _ => Self::of_absolute(raw),
        }
    }

    /// An origin-form target: a path that begins with `/`, and perhaps a query.
    ///
    /// # Errors
    /// The rule it breaks.
    pub fn origin(path_and_query: impl Into<Bytes>) -> Result<Self, Rule> {
        let target = Self::parse(&Method::GET, path_and_query.into())?;
        if target.form == Form::Origin { Ok(target) } else { Err(Rule::TargetForm) }
    }

    fn whole(raw: Bytes, form: Form, end: u32) -> Self {
        Self { raw, form, authority_at: 0, path_at: end, query_at: end, normal: OnceLock::new() }
    }

    /// `host:port`; the port must be there (RFC 9112 §3.2.3).
    fn of_connect(raw: Bytes, end: u32) -> Result<Self, Rule> {
        match Authority::parse(&raw) {
            Ok(Authority { port: Some(1..), .. }) => Ok(Self::whole(raw, Form::Authority, end)),
            Ok(_) => Err(Rule::TargetForm),
            Err(NotHost::Userinfo) => Err(Rule::TargetUserinfo),
            Err(NotHost::Malformed) => Err(Rule::TargetForm),
        }
    }

    fn of_absolute(raw: Bytes) -> Result<Self, Rule> {
        let colon = memchr::memchr(b':', &raw).ok_or(Rule::TargetForm)?;
        let (scheme, rest) = (&raw[..colon], &raw[colon + 1..]);
        if !rest.starts_with(b"//") {
            return Err(if is_http(scheme) { Rule::TargetAmbiguous } else { Rule::TargetForm });
        }
        if !is_scheme(scheme) {
            return Err(Rule::TargetAmbiguous);
        }
        let rest = &rest[2..];
        let length = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        check_authority(&rest[..length])?;
        Self::split(raw, Form::Absolute, colon + 3, colon + 3 + length)
    }

    /// Finds the query; `raw` is known to fit into `u32`.
    fn split(raw: Bytes, form: Form, authority_at: usize, path_at: usize) -> Result<Self, Rule> {
        match mark(&raw[path_at..]) {
            Some(at) if raw[path_at + at] == b'?' => {
                let query_at = path_at + at;
                if memchr::memchr(b'#', &raw[query_at..]).is_some() {
                    return Err(Rule::TargetFragment);
                }
                Ok(Self {
                    form,
                    authority_at: authority_at as u32,
                    path_at: path_at as u32,
                    query_at: query_at as u32,
                    raw,
                    normal: OnceLock::new(),
                })
            }
            Some(_) => Err(Rule::TargetFragment),
            None => Ok(Self {
                form,
                authority_at: authority_at as u32,
                path_at: path_at as u32,
                query_at: raw.len() as u32,
                raw,
                normal: OnceLock::new(),
            }),
        }
    }

    /// As received.
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// As received, to keep: shares the received octets.
    pub fn to_bytes(&self) -> Bytes {
        self.raw.clone()
    }

    /// The form.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// Path without query, `/` when an absolute-form target has none; empty for authority-form; `*` for asterisk-form.
    pub fn path(&self) -> &[u8] {
        match self.form {
            Form::Asterisk => b"*",
            Form::Absolute if self.path_at == self.query_at => b"/",
            _ => &self.raw[self.path_at as usize..self.query_at as usize],
        }
    }

    /// Query without the question mark.
    pub fn query(&self) -> Option<&[u8]> {
        self.raw.get(self.query_at as usize + 1..)
    }

    /// Path with query, as it goes into an origin-form target: `*` for asterisk-form, empty for authority-form.
    ///
    /// An absolute-form target with a query and no path gives the query with its question mark alone: a `/` belongs before it, and the
    /// h1 encoder writes it.
    pub fn path_and_query(&self) -> &[u8] {
        match self.form {
            Form::Asterisk => b"*",
            Form::Absolute if self.path_at as usize == self.raw.len() => b"/",
            _ => &self.raw[self.path_at as usize..],
        }
    }

    /// Authority of an absolute-form or authority-form target.
    pub fn authority(&self) -> Option<&[u8]> {
        match self.form {
            Form::Absolute | Form::Authority => Some(&self.raw[self.authority_at as usize..self.path_at as usize]),
            Form::Origin | Form::Asterisk => None,
        }
    }

    /// Scheme of an absolute-form target.
    pub fn scheme(&self) -> Option<&[u8]> {
        (self.form == Form::Absolute).then(|| &self.raw[..self.authority_at as usize - 3])
    }

    /// An absolute-form target with neither path nor query: with OPTIONS it stands for the server (RFC 9112 §3.2.4).
    pub(crate) fn is_bare(&self) -> bool {
        self.form == Form::Absolute && self.path_at as usize == self.raw.len()
    }

    /// The port that a missing one means: by the scheme of an absolute-form target.
    pub(crate) fn default_port(&self) -> Option<u16> {
        let scheme = self.scheme()?;
        if scheme.eq_ignore_ascii_case(b"http") {
            Some(80)
        } else if scheme.eq_ignore_ascii_case(b"https") {
            Some(443)
        } else {
            None
        }
    }
}

/// Where the first question mark or number sign is.
fn mark(octets: &[u8]) -> Option<usize> {
    if octets.len() < SHORT {
        return octets.iter().position(|b| matches!(b, b'?' | b'#'));
    }
    memchr::memchr2(b'?', b'#', octets)
}

/// What is shorter is looked through octet by octet sooner than a faster search has begun.
const SHORT: usize = 16;

fn check_authority(authority: &[u8]) -> Result<(), Rule> {
    if authority.is_empty() || memchr::memchr(b'\\', authority).is_some() {
        return Err(Rule::TargetAmbiguous);
    }
    match Authority::parse(authority) {
        Ok(_) => Ok(()),
        Err(NotHost::Userinfo) => Err(Rule::TargetUserinfo),
        Err(NotHost::Malformed) => Err(Rule::TargetAuthority),
    }
}

fn is_http(scheme: &[u8]) -> bool {
    [&b"http"[..], b"https", b"ws", b"wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

fn is_scheme(scheme: &[u8]) -> bool {
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// By the octets and the form: the rest follows from them.
impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        (self.form, &self.raw) == (other.form, &other.raw)
    }
}

impl Eq for Target {}

impl Hash for Target {
    fn hash<S: Hasher>(&self, state: &mut S) {
        (self.form, &self.raw).hash(state);
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}(\"{self}\")", self.form)
    }
}

/// Visible ASCII as it is, everything else escaped.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw.escape_ascii())
    }
}

/// Origin-form from the path and query; scheme and authority of the URI are not taken along.
impl TryFrom<&http::Uri> for Target {
    type Error = Rule;

    fn try_from(uri: &http::Uri) -> Result<Self, Rule> {
        Self::origin(uri.path_and_query().map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()))
    }
}

static STRICT: LazyLock<Config> = LazyLock::new(Config::default);

#[cfg(test)]
mod tests;
