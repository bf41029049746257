//! Content, piece by piece.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Cut, Wire, read};
use crate::message::Message;

/// How far the content of a message is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// So many octets are left.
    Length(usize),
    /// The next is the size of a chunk.
    Chunks,
    /// So many octets of a chunk are left.
    Chunk(usize),
    /// All until the connection is closed: of old responses, and of tunnels.
    UntilClose,
    /// It has been read to its end.
    Over,
}

impl Content {
    /// What follows this head, which answers a request of that method or is a request itself.
    pub(crate) fn of(head: &Message, asked: Option<&str>) -> Result<Self, Cut> {
        Ok(match read::framing(head, asked)? {
            read::Framing::Length(0) => Self::Over,
            read::Framing::Length(octets) => Self::Length(octets),
            read::Framing::Chunked => Self::Chunks,
            read::Framing::UntilClose => Self::UntilClose,
        })
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    /// The next piece of content, of at most so many octets, as soon as there is one; `None` at its end. Trailers go to the head.
    pub(crate) async fn piece(
        &mut self,
        content: &mut Content,
        most: usize,
        head: &mut Message,
    ) -> Result<Option<Vec<u8>>, Cut> {
        if *content == Content::Chunks {
            let line = self.line().await?;
            *content = Content::Chunk(read::chunk_size(&line)?);
            if *content == Content::Chunk(0) {
                self.trailers(head).await?;
                *content = Content::Over;
            }
        }
        let left = match *content {
            Content::Length(left) | Content::Chunk(left) => left,
            Content::UntilClose => usize::MAX,
            Content::Over | Content::Chunks => return Ok(None),
        };
        if self.heard.is_empty() {
            match self.fill(false).await {
                Err(Cut::Truncated) if *content == Content::UntilClose => {
                    *content = Content::Over;
                    return Ok(None);
                }
                filled => filled?,
            }
        }
        let octets = self.heard.len().min(left).min(most);
        let piece = self.heard.drain(..octets).collect();
        *content = match *content {
            Content::Length(left) if left == octets => Content::Over,
            Content::Length(left) => Content::Length(left - octets),
            Content::Chunk(left) if left == octets => {
                self.end_of_chunk().await?;
                Content::Chunks
            }
            Content::Chunk(left) => Content::Chunk(left - octets),
            as_before => as_before,
        };
        Ok(Some(piece))
    }

    async fn end_of_chunk(&mut self) -> Result<(), Cut> {
        let end = self.exactly(2).await?;
        if end == b"\r\n" { Ok(()) } else { Err(Cut::Malformed("chunk without CR LF at its end".to_owned())) }
    }

    async fn trailers(&mut self, head: &mut Message) -> Result<(), Cut> {
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(());
            }
            head.trailers.push(read::field(&line)?);
        }
    }
}
