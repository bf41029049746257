//! The ClientHello: read from records cut anywhere, parsed, kept raw (RFC 8446 §4.1.2, §5.1).
//!
//! It is read before any library is asked, so that hooks see every octet of it, sites are chosen the same way with every backend, and a
//! connection can be passed on by its server name without being terminated.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::error::{Error, Reason};
use crate::session::{Ending, Transport};

mod records;

/// Octets of a ClientHello, its records included. Default bound: post-quantum key shares take two kilobytes, and none in use comes near eight.
pub const HELLO_OCTETS: usize = 16 << 10;

/// Extension numbers (IANA, "TLS ExtensionType Values").
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const SUPPORTED_GROUPS: u16 = 10;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
}

/// A ClientHello. Parts are slices of the raw message; nothing is copied.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// The handshake message with its header of four octets, records taken off.
    raw: Bytes,
    random: Range<usize>,
    session_id: Range<usize>,
    ciphers: Range<usize>,
    extensions: Range<usize>,
    server_name: Option<Range<usize>>,
}

impl ClientHello {
    /// Parses a whole handshake message, its header included.
    ///
    /// # Errors
    /// [`Reason::Malformed`]: a length that does not fit, an extension twice, a server name that is none.
    pub fn parse(raw: Bytes) -> Result<Self, Reason> {
        let mut at = Cursor { octets: &raw, at: 0 };
        let body = (at.u8()? == 1).then(|| at.vector(3)).ok_or(Reason::Malformed)??;
        at.end()?;
        let mut at = Cursor { octets: &raw[..body.end], at: body.start };
        at.take(2)?;
        let random = at.take(32)?;
        let session_id = at.vector(1)?;
        let ciphers = at.vector(2)?;
        at.vector(1)?;
        let extensions = if at.is_at_end() { body.end..body.end } else { at.vector(2)? };
        at.end()?;
        if session_id.len() > 32 || ciphers.is_empty() || ciphers.len() % 2 != 0 {
            return Err(Reason::Malformed);
        }
        let mut hello = Self { raw, random, session_id, ciphers, extensions, server_name: None };
        hello.check_extensions()?;
        hello.server_name = hello.find_server_name()?;
        Ok(hello)
    }

    /// The handshake message as it came, its header of four octets included.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The version field, which says 1.2 in every current client (RFC 8446 §4.1.2).
    #[must_use]
    pub fn legacy_version(&self) -> u16 {
        u16::from_be_bytes([self.raw[4], self.raw[5]])
    }

    /// The client's random octets.
    #[must_use]
    pub fn random(&self) -> &[u8] {
        &self.raw[self.random.clone()]
    }

    /// The legacy session identifier.
    #[must_use]
    pub fn session_id(&self) -> &[u8] {
        &self.raw[self.session_id.clone()]
    }

    /// Cipher suites in the client's order of preference, GREASE included.
    pub fn cipher_suites(&self) -> impl Iterator<Item = u16> + '_ {
        numbers(&self.raw[self.ciphers.clone()])
    }

    /// Extensions in their order: number and content.
    pub fn extensions(&self) -> impl Iterator<Item = (u16, &[u8])> {
        Extensions(&self.raw[self.extensions.clone()])
    }

    /// The content of one extension.
    #[must_use]
    pub fn extension(&self, number: u16) -> Option<&[u8]> {
        self.extensions().find(|(found, _)| *found == number).map(|(_, content)| content)
    }

    /// The name of the server that the client asks for (RFC 6066 §3), as it came.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        std::str::from_utf8(&self.raw[self.server_name.clone()?]).ok()
    }

    /// Application protocols in the client's order (RFC 7301).
    pub fn alpn(&self) -> impl Iterator<Item = &[u8]> {
        let list = self.extension(extension::ALPN).and_then(|content| content.get(2..)).unwrap_or_default();
        Names(list)
    }

    /// Versions that the client offers, GREASE included; only the legacy one if it names none, and no higher than 1.2 then (RFC 8446 §4.2.1).
    pub fn versions(&self) -> impl Iterator<Item = u16> + '_ {
        let listed = self.extension(extension::SUPPORTED_VERSIONS).and_then(|content| content.get(1..));
        let legacy = listed.is_none().then(|| self.legacy_version().min(0x0303));
        numbers(listed.unwrap_or_default()).chain(legacy)
    }

    /// Key agreement groups in the client's order, GREASE included.
    pub fn groups(&self) -> impl Iterator<Item = u16> + '_ {
        numbers(self.extension(extension::SUPPORTED_GROUPS).and_then(|content| content.get(2..)).unwrap_or_default())
    }

    /// Signature algorithms in the client's order.
    pub fn signature_algorithms(&self) -> impl Iterator<Item = u16> + '_ {
        numbers(
            self.extension(extension::SIGNATURE_ALGORITHMS).and_then(|content| content.get(2..)).unwrap_or_default(),
        )
    }

    /// Each extension whole, and none of them twice (RFC 8446 §4.2).
    fn check_extensions(&self) -> Result<(), Reason> {
        let mut at = Cursor { octets: &self.raw[..self.extensions.end], at: self.extensions.start };
        let mut seen = Vec::with_capacity(32);
        while !at.is_at_end() {
            let number = at.u16()?;
            at.vector(2)?;
            if seen.contains(&number) || seen.len() >= MOST_EXTENSIONS {
                return Err(Reason::Malformed);
            }
            seen.push(number);
        }
        Ok(())
    }

    fn find_server_name(&self) -> Result<Option<Range<usize>>, Reason> {
        let Some(content) = self.extension(extension::SERVER_NAME) else { return Ok(None) };
        let from = content.as_ptr() as usize - self.raw.as_ptr() as usize;
        let mut at = Cursor { octets: &self.raw[..from + content.len()], at: from };
        let list = at.vector(2)?;
        at.end()?;
        let mut at = Cursor { octets: &self.raw[..list.end], at: list.start };
        let mut name = None;
        while !at.is_at_end() {
            let kind = at.u8()?;
            let value = at.vector(2)?;
            let is_second = kind == HOST_NAME && name.replace(value).is_some();
            if is_second {
                return Err(Reason::Malformed);
            }
        }
        match name {
            Some(name) if is_host_name(&self.raw[name.clone()]) => Ok(Some(name)),
            Some(_) => Err(Reason::Malformed),
            None => Ok(None),
        }
    }
}

const HOST_NAME: u8 = 0;
/// Far above what any client sends; bounds the search for repetitions.
const MOST_EXTENSIONS: usize = 128;

fn is_host_name(name: &[u8]) -> bool {
    let is_good = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    !name.is_empty() && name.len() <= 255 && name.iter().all(is_good)
}

impl fmt::Debug for ClientHello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHello")
            .field("server_name", &self.server_name())
            .field("alpn", &self.alpn().map(String::from_utf8_lossy).collect::<Vec<_>>())
            .field("octets", &self.raw.len())
            .finish_non_exhaustive()
    }
}

fn numbers(octets: &[u8]) -> impl Iterator<Item = u16> + '_ {
    octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

/// Reads lengths and vectors of the presentation language (RFC 8446 §3.4); gives places, not octets.
struct Cursor<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn take(&mut self, n: usize) -> Result<Range<usize>, Reason> {
        let end = self.at.checked_add(n).filter(|end| *end <= self.octets.len()).ok_or(Reason::Malformed)?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    fn number(&mut self, width: usize) -> Result<usize, Reason> {
        let range = self.take(width)?;
        Ok(self.octets[range].iter().fold(0, |sum, b| sum << 8 | usize::from(*b)))
    }

    fn u8(&mut self) -> Result<u8, Reason> {
        self.number(1).map(|n| n as u8)
    }

    fn u16(&mut self) -> Result<u16, Reason> {
        self.number(2).map(|n| n as u16)
    }

    /// A length of `width` octets, and so many octets after it.
    fn vector(&mut self, width: usize) -> Result<Range<usize>, Reason> {
        let n = self.number(width)?;
        self.take(n)
    }

    fn is_at_end(&self) -> bool {
        self.at == self.octets.len()
    }

    fn end(&self) -> Result<(), Reason> {
        if self.is_at_end() { Ok(()) } else { Err(Reason::Malformed) }
    }
}

/// Extensions whose lengths were checked.
struct Extensions<'a>(&'a [u8]);

impl<'a> Iterator for Extensions<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.0.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((u16::from_be_bytes([head[0], head[1]]), content))
    }
}

/// Names with a length of one octet each.
struct Names<'a>(&'a [u8]);

impl<'a> Iterator for Names<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some(name)
    }
}

/// Reads a ClientHello; the transport that comes back gives its octets once more.
///
/// Of a peer that does not speak TLS, or breaks its rules, takes leave with an alert.
///
/// Cancel: the connection is lost.
///
/// # Errors
/// [`Reason::Malformed`], [`Reason::HelloTooLarge`] above `most` octets, [`Reason::Closed`], [`Reason::Io`].
pub async fn read<IO: Transport>(io: IO, most: usize) -> Result<(ClientHello, Rewound<IO>), Error> {
    read_unless(io, most, std::future::pending()).await
}

/// The same, unless `leave` is ready before anything has come: for those who drain, as whoever said nothing loses nothing.
///
/// Cancel: the connection is lost.
///
/// # Errors
/// As [`read`]; [`Reason::Draining`] if it was given up.
pub async fn read_unless<IO: Transport>(
    mut io: IO,
    most: usize,
    leave: impl Future<Output = ()>,
) -> Result<(ClientHello, Rewound<IO>), Error> {
    let mut octets = BytesMut::new();
    let first = async {
        // Who says nothing costs no buffer.
        let waited_for = &mut io;
        poll_fn(move |cx| waited_for.poll_readable(cx)).await;
        octets.reserve(FIRST_READ);
        io.read_buf(&mut octets).await
    };
    let first = tokio::select! {
        biased;
        first = first => first,
        () = leave => return Err(Error::new(NO_BACKEND, Reason::Draining)),
    };
    match first {
        Ok(0) => return Err(Error::new(NO_BACKEND, Reason::Closed)),
        Ok(_) => {}
        Err(error) => return Err(Error::io(NO_BACKEND, &error)),
    }
    let mut scan = records::Scan::default();
    let outcome = loop {
        match scan.message(&octets, most) {
            Ok(Some(message)) => break ClientHello::parse(message),
            Ok(None) => {}
            Err(reason) => break Err(reason),
        }
        match io.read_buf(&mut octets).await {
            Ok(0) => break Err(Reason::Closed),
            Ok(_) => {}
            Err(error) => return Err(Error::io(NO_BACKEND, &error)),
        }
    };
    match outcome {
        Ok(hello) => Ok((hello, Rewound { before: octets.freeze(), io })),
        Err(reason) => {
            refuse(&mut io, reason).await;
            Err(Error::new(NO_BACKEND, reason))
        }
    }
}

/// The client hellos of today fit, post-quantum ones too.
const FIRST_READ: usize = 4 << 10;
/// What errors name before a library was asked.
pub(crate) const NO_BACKEND: &str = "tls";

/// Tells the peer with a fatal alert (RFC 8446 §6); whether it arrives does not matter.
pub async fn refuse<IO: Transport>(io: &mut IO, reason: Reason) {
    let alert = match reason {
        Reason::Malformed | Reason::HelloTooLarge => 50, // decode_error
        Reason::NoSharedVersion => 70,                   // protocol_version
        Reason::UnknownName => 112,                      // unrecognized_name
        Reason::Refused => 49,                           // access_denied
        Reason::Busy | Reason::Library => 80,            // internal_error
        _ => return,
    };
    let _ = io.write_all(&[21, 3, 1, 0, 2, 2, alert]).await;
    let _ = io.shutdown().await;
}

/// A transport that first gives octets that were read from it already.
#[derive(Debug)]
pub struct Rewound<IO> {
    before: Bytes,
    io: IO,
}

impl<IO> Rewound<IO> {
    /// Gives `before`, then what the transport gives.
    pub fn new(before: Bytes, io: IO) -> Self {
        Self { before, io }
    }

    /// What was read already, and the transport.
    pub fn into_parts(self) -> (Bytes, IO) {
        (self.before, self.io)
    }

    /// The transport.
    pub fn get_ref(&self) -> &IO {
        &self.io
    }
}

impl<IO: Transport> Transport for Rewound<IO> {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.before.is_empty() { self.io.poll_readable(cx) } else { Poll::Ready(()) }
    }

    fn ending(&self) -> Option<Ending> {
        self.io.ending()
    }

    fn unacknowledged(&self) -> Option<u64> {
        self.io.unacknowledged()
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Rewound<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let n = self.before.len().min(buffer.remaining());
        buffer.put_slice(&self.before[..n]);
        self.before.advance(n);
        if self.before.is_empty() {
            // Gives the memory back.
            self.before = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Rewound<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
