//! The normal form of a path (RFC 3986 §6.2.2), which is what a rule on paths has to look at.

use bytes::Bytes;

use super::{Form, Target};
use crate::syntax;

/// What becomes of repeated slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slashes {
    /// They stay: `//a` is another path than `/a` (RFC 3986).
    Kept,
    /// Each run is one, as most origins read it; dot segments are removed after that.
    Merged,
}

/// Both normal forms of a path that is in neither, or in one alone.
#[derive(Clone, Debug)]
pub(super) struct Normal {
    kept: Box<[u8]>,
    merged: Box<[u8]>,
}

impl Target {
    /// The path in normal form: what access rules and routes should compare, as origins read `/%61dmin`, `/x/../admin`, `/./admin` and often
    /// `//admin` as `/admin`.
    ///
    /// Percent-encoded unreserved characters are decoded, once; other encodings are written in capitals, and an encoded slash stays one
    /// (`%2F`). Octets that a path cannot hold, and a `%` that encodes nothing, are encoded. Then dot segments are removed, also those that
    /// were encoded; none leads above the root. The query is not looked at.
    ///
    /// What is not known here is what an origin does beyond RFC 3986: that it takes `%2F` or `\` (`%5C`) for a slash, drops `;parameters`, or
    /// decodes twice.
    ///
    /// Cost:    one look at a path that is in normal form; another is made once, when it is asked for first.
    /// Source:  RFC 3986 §6.2.2, §5.2.4, §2.3.
    ///
    /// ```
    /// use simplon_proto_http::target::{Slashes, Target};
    ///
    /// let target = Target::origin("//x/%2e%2e/%61dmin?q=%61").unwrap();
    /// assert_eq!(target.normal_path(Slashes::Merged), b"/admin");
    /// assert_eq!(target.normal_path(Slashes::Kept), b"//admin");
    /// assert_eq!(target.path(), b"//x/%2e%2e/%61dmin");
    /// ```
    pub fn normal_path(&self, slashes: Slashes) -> &[u8] {
        let path = self.path();
        if !matches!(self.form, Form::Origin | Form::Absolute) {
            return path;
        }
        let normal = self.normal.get_or_init(|| {
            if is_plain(path) {
                return None;
            }
            let encoded = encoded(path);
            let normal = Normal { kept: without_dots(&encoded), merged: without_dots(&merged(&encoded)) };
            Some(Box::new(normal))
        });
        match (normal, slashes) {
            (None, _) => path,
            (Some(normal), Slashes::Kept) => &normal.kept,
            (Some(normal), Slashes::Merged) => &normal.merged,
        }
    }

    /// Whether the path is in normal form as it came.
    pub fn is_normal(&self, slashes: Slashes) -> bool {
        self.normal_path(slashes) == self.path()
    }

    /// The same target with its path in normal form; scheme, authority and query are as they were.
    #[must_use]
    pub fn normalized(&self, slashes: Slashes) -> Self {
        if self.is_normal(slashes) {
            return self.clone();
        }
        let path = self.normal_path(slashes);
        let before = &self.raw[..self.path_at as usize];
        let after = &self.raw[self.query_at as usize..];
        // Escapes are at most three times as long as what they stand for.
        let Ok(query_at) = u32::try_from(before.len() + path.len()) else { return self.clone() };
        Self {
            raw: Bytes::from([before, path, after].concat()),
            query_at,
            normal: std::sync::OnceLock::new(),
            ..self.clone()
        }
    }
}

/// Whether nothing in a path can be written otherwise.
fn is_plain(path: &[u8]) -> bool {
    path.iter().all(|b| PATH[usize::from(*b)])
        && path.windows(2).all(|pair| pair[0] != b'/' || !matches!(pair[1], b'/' | b'.'))
}

/// Step one: percent-encodings.
fn encoded(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [octet, after @ ..] = rest {
        rest = after;
        match (octet, after) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest = after;
                let octet = value(*high) << 4 | value(*low);
                if UNRESERVED[usize::from(octet)] { out.push(octet) } else { escape(&mut out, octet) }
            }
            // Left alone it might encode something together with what was decoded after it.
            (b'%', _) => escape(&mut out, b'%'),
            (octet, _) if PATH[usize::from(*octet)] => out.push(*octet),
            (octet, _) => escape(&mut out, *octet),
        }
    }
    out
}

fn escape(out: &mut Vec<u8>, octet: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(&[b'%', HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]);
}

const fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Step two, by choice.
fn merged(path: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    for &octet in path {
        if octet != b'/' || out.last() != Some(&b'/') {
            out.push(octet);
        }
    }
    out
}

/// Step three (RFC 3986 §5.2.4), for a path that begins with a slash.
fn without_dots(path: &[u8]) -> Box<[u8]> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    let mut segments = path.split(|octet| *octet == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            b"." | b".." => {
                if segment == b".." {
                    let parent = out.iter().rposition(|octet| *octet == b'/').unwrap_or(0);
                    out.truncate(parent);
                }
                if is_last {
                    out.push(b'/');
                }
            }
            segment => {
                out.push(b'/');
                out.extend_from_slice(segment);
            }
        }
    }
    out.into()
}

const UNRESERVED: [bool; 256] = syntax::letters_digits_and(b"-._~");
/// What a path may hold beside percent-encodings (RFC 3986 §3.3).
const PATH: [bool; 256] = syntax::letters_digits_and(b"-._~!$&'()*+,;=:@/");

#[cfg(test)]
mod tests;
