//! Messages: to say them (written as told, right or wrong) and as they were heard (read strictly).

mod typed;

use std::fmt;

pub(crate) use typed::{Rest, heard_fields, typed_fields};

/// What may be done to any message that is to be said.
#[derive(Clone, Debug, Default)]
struct Draft {
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    framing: Framing,
    trailers: Vec<(String, Vec<u8>)>,
}

/// How the content of a message that is to be said is delimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Framing {
    /// By Content-Length, if there is content or `always` one is due.
    #[default]
    Length,
    Chunked,
    /// By fields of the test's own, or by nothing.
    Untold,
}

impl Draft {
    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    fn encode(&self, start: &str, length: Option<usize>) -> Vec<u8> {
        let mut octets = format!("{start}\r\n").into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            octets.extend_from_slice(name.as_bytes());
            octets.extend_from_slice(b": ");
            octets.extend_from_slice(value);
            octets.extend_from_slice(b"\r\n");
        };
        for (name, value) in &self.fields {
            line(name, value);
        }
        match self.framing {
            Framing::Length => {
                if let Some(length) = length {
                    line("Content-Length", length.to_string().as_bytes());
                }
            }
            Framing::Chunked => line("Transfer-Encoding", b"chunked"),
            Framing::Untold => {}
        }
        octets.extend_from_slice(b"\r\n");
        if self.framing == Framing::Chunked {
            octets.extend_from_slice(&chunk(&self.body));
            octets.extend_from_slice(b"0\r\n");
            for (name, value) in &self.trailers {
                octets.extend_from_slice(format!("{name}: ").as_bytes());
                octets.extend_from_slice(value);
                octets.extend_from_slice(b"\r\n");
            }
            octets.extend_from_slice(b"\r\n");
        } else {
            octets.extend_from_slice(&self.body);
        }
        octets
    }
}

/// One chunk of the chunked coding; empty for no octets, since an empty chunk would be the last.
#[must_use]
pub fn chunk(octets: &[u8]) -> Vec<u8> {
    if octets.is_empty() {
        return Vec::new();
    }
    let mut wire = format!("{:x}\r\n", octets.len()).into_bytes();
    wire.extend_from_slice(octets);
    wire.extend_from_slice(b"\r\n");
    wire
}

macro_rules! draft_methods {
    () => {
        /// With one more field.
        #[must_use]
        pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
            self.draft.fields.push((name.to_owned(), value.as_ref().to_vec()));
            self
        }

        /// With this content, its length announced.
        #[must_use]
        pub fn body(mut self, octets: impl AsRef<[u8]>) -> Self {
            self.draft.body = octets.as_ref().to_vec();
            self
        }

        /// With this content in one chunk.
        #[must_use]
        pub fn chunked(mut self, octets: impl AsRef<[u8]>) -> Self {
            self.draft.body = octets.as_ref().to_vec();
            self.draft.framing = Framing::Chunked;
            self
        }

        /// With one more trailer field; the content goes in chunks.
        #[must_use]
        pub fn trailer(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
            self.draft.trailers.push((name.to_owned(), value.as_ref().to_vec()));
            self.draft.framing = Framing::Chunked;
            self
        }

        /// Without any framing field that the test does not set itself.
        #[must_use]
        pub fn unframed(mut self) -> Self {
            self.draft.framing = Framing::Untold;
            self
        }
    };
}

/// A request that is to be said.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    host: Option<String>,
    draft: Draft,
}

/// A request of this method for this target, to the host `test`.
#[must_use]
pub fn request(method: &str, target: &str) -> Request {
    Request {
        method: method.to_owned(),
        target: target.to_owned(),
        host: Some("test".to_owned()),
        draft: Draft::default(),
    }
}

/// GET.
#[must_use]
pub fn get(target: &str) -> Request {
    request("GET", target)
}

/// POST, without content unless it is given some.
#[must_use]
pub fn post(target: &str) -> Request {
    request("POST", target)
}

impl Request {
    draft_methods!();

    /// To another host.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// As HTTP/1.1.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut draft = self.draft.clone();
        if let Some(host) = &self.host {
            draft.fields.insert(0, ("Host".to_owned(), host.clone().into_bytes()));
        }
        draft.encode(&format!("{} {} HTTP/1.1", self.method, self.target), self.length())
    }

    /// The length that it announces unless it is told otherwise.
    fn length(&self) -> Option<usize> {
        (!self.draft.body.is_empty() || self.method == "POST").then_some(self.draft.body.len())
    }

    /// Whether its content follows piece by piece in a length that it announces itself.
    pub(crate) fn says_length(&self) -> bool {
        self.draft.has("Content-Length")
    }
}

impl From<Request> for Vec<u8> {
    fn from(request: Request) -> Self {
        request.encode()
    }
}

/// A response that is to be said.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    draft: Draft,
}

/// A response of this status, without content.
#[must_use]
pub fn status(status: u16) -> Reply {
    Reply { status, draft: Draft::default() }
}

/// 200 with this content.
#[must_use]
pub fn ok(body: impl AsRef<[u8]>) -> Reply {
    status(200).body(body)
}

impl Reply {
    draft_methods!();

    /// As HTTP/1.1.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.draft.encode(&format!("HTTP/1.1 {} Test", self.status), self.length())
    }

    /// The length that it announces unless it is told otherwise.
    fn length(&self) -> Option<usize> {
        let has_length = !(self.status < 200 || self.status == 204 || self.status == 304);
        has_length.then_some(self.draft.body.len())
    }

    /// Whether its content follows piece by piece in a length that it announces itself.
    pub(crate) fn says_length(&self) -> bool {
        self.draft.has("Content-Length")
    }

    /// Whether it comes before another.
    pub(crate) fn is_interim(&self) -> bool {
        self.status < 200
    }

    /// The same in answer to HEAD: its content announced and left out.
    #[must_use]
    pub fn encode_head(&self) -> Vec<u8> {
        let mut octets = self.encode();
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
        octets.truncate(end);
        octets
    }
}

impl From<Reply> for Vec<u8> {
    fn from(reply: Reply) -> Self {
        reply.encode()
    }
}

/// A message as it was heard.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The first line, without its end.
    pub start: String,
    /// The status; 0 of a request.
    pub status: u16,
    /// The fields in order, as spelled, blanks around values cut off.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The content, freed from its transfer coding.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// The informational heads before it.
    pub interim: Vec<Self>,
}

impl Message {
    /// One with nothing but a first line.
    #[must_use]
    pub(crate) fn new(start: String, status: u16) -> Self {
        let (fields, trailers) = (Vec::new(), Vec::new());
        Self { start, status, fields, body: Vec::new(), trailers, interim: Vec::new() }
    }

    /// The first value under this name, as text.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// All values under this name, in order, as text.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| std::str::from_utf8(value).unwrap_or("(not text)")).collect()
    }

    /// The first trailer value under this name, as text.
    #[must_use]
    pub fn trailer(&self, name: &str) -> Option<&str> {
        let (_, value) = self.trailers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// The content as text, wrong octets replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The method of a request.
    #[must_use]
    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// The target of a request.
    #[must_use]
    pub fn path(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// Whether one of the elements of a list field is this, in any case.
    #[must_use]
    pub fn lists(&self, name: &str, element: &str) -> bool {
        self.all(name).iter().flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(element))
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.start)?;
        for (name, value) in self.fields.iter().chain(&self.trailers) {
            writeln!(f, "  {name}: {}", value.escape_ascii())?;
        }
        let shown = &self.body[..self.body.len().min(200)];
        write!(f, "  ({} octets) {}", self.body.len(), shown.escape_ascii())
    }
}

#[cfg(test)]
mod tests;
