//! One end of a connection that says the octets it is told to, and reads messages strictly.
//!
//! The same type is a client in front of a proxy and an origin behind it. What it reads must be well-formed to the letter: a proxy that says
//! something that a lenient reader would forgive fails the test.

mod content;
mod read;

use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::message::Message;
use crate::pipe::{Control, End, Traffic};
use crate::time::{must, pass, within};

pub(crate) use content::Content;

/// Why a message could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The connection was closed before its first octet.
    Closed,
    /// The connection was closed within it.
    Truncated,
    /// The connection was reset.
    Reset,
    /// It broke the rule named here.
    Malformed(String),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed before the message"),
            Self::Truncated => f.write_str("closed within the message"),
            Self::Reset => f.write_str("reset"),
            Self::Malformed(why) => write!(f, "malformed: {why}"),
        }
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// With the end of the stream.
    Clean,
    /// With a reset.
    Reset,
}

/// Raw octets out, messages in. Over an end of a pipe, or over something that has one below it.
#[derive(Debug)]
pub struct Wire<IO = End> {
    end: IO,
    control: Control,
    heard: Vec<u8>,
    scratch: Box<[u8]>,
    /// The methods of requests that were sent and not answered yet: the length of an answer depends upon it.
    asked: std::collections::VecDeque<String>,
}

impl Wire {
    /// Speaks at this end.
    #[must_use]
    pub fn new(end: End) -> Self {
        let control = end.control();
        Self::over(end, control)
    }

    /// The end it speaks at. What was heard and not read as a message is lost.
    #[must_use]
    pub fn into_end(self) -> End {
        self.end
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    /// Speaks over this, with the end of the connection below it in hand.
    #[must_use]
    pub fn over(io: IO, control: Control) -> Self {
        let scratch = vec![0; 16 << 10].into();
        Self { end: io, control, heard: Vec::new(), scratch, asked: std::collections::VecDeque::new() }
    }

    /// Says these octets, all of them. Waits while the connection is full.
    pub async fn send(&mut self, octets: impl Into<Vec<u8>>) {
        let sent = self.try_send(octets).await;
        assert!(sent.is_ok(), "cannot send: {sent:?}");
    }

    /// Says these octets; the error if the other end does not take them.
    ///
    /// # Errors
    /// The connection is closed or reset.
    pub async fn try_send(&mut self, octets: impl Into<Vec<u8>>) -> std::io::Result<()> {
        let octets = octets.into();
        if let Some(method) = read::method_of(&octets) {
            self.asked.push_back(method);
        }
        self.try_send_raw(&octets).await
    }

    /// Says these octets as they are: the method of a request among them is announced by [`Wire::asked`].
    ///
    /// # Errors
    /// The connection is closed or reset.
    pub async fn try_send_raw(&mut self, octets: &[u8]) -> std::io::Result<()> {
        let write = async {
            self.end.write_all(octets).await?;
            self.end.flush().await
        };
        must("the other end takes octets", write).await
    }

    /// Says these octets piece by piece; after each all tasks run as far as they can.
    pub async fn send_pieces<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) {
        for piece in pieces {
            self.send(piece).await;
            crate::time::settle().await;
        }
    }

    /// Says octets one by one, each so much later than the one before. Stops at the first that is not taken; says how many were.
    pub async fn send_slowly(&mut self, octets: &[u8], pause: Duration) -> usize {
        for (at, octet) in octets.iter().enumerate() {
            if self.try_send_raw(&[*octet]).await.is_err() || self.received().is_over() {
                return at;
            }
            pass(pause).await;
        }
        octets.len()
    }

    /// Announces the method of a request that was not sent in one piece, so that its answer is read rightly.
    pub fn asked(&mut self, method: &str) {
        self.asked.push_back(method.to_owned());
    }

    /// Ends this side; still reads.
    pub async fn half_close(&mut self) {
        let closed = self.end.shutdown().await;
        assert!(closed.is_ok(), "cannot close: {closed:?}");
    }

    /// Resets the connection.
    pub fn reset(self) {
        self.control.reset();
    }

    /// A hand on the connection.
    pub(crate) fn control(&self) -> &Control {
        &self.control
    }

    /// Lets the other end's writes fail from now on, without a word.
    pub fn refuse_writes(&self) {
        self.control.refuse_writes();
    }

    /// The next response with its content and the informational heads before it.
    pub async fn response(&mut self) -> Message {
        match self.try_response().await {
            Ok(message) => message,
            Err(cut) => panic!("no response: {cut}; heard before: {:?}", self.heard.escape_ascii().to_string()),
        }
    }

    /// The next response, or why there is none.
    ///
    /// # Errors
    /// It was cut, or is malformed.
    pub async fn try_response(&mut self) -> Result<Message, Cut> {
        let method = self.asked.pop_front().unwrap_or_else(|| "GET".to_owned());
        let mut interim = Vec::new();
        loop {
            let mut message = self.head().await?;
            if message.status < 200 && message.status != 101 {
                interim.push(message);
                continue;
            }
            self.content(&mut message, Some(&method)).await?;
            message.interim = interim;
            return Ok(message);
        }
    }

    /// The next request with its content.
    pub async fn request(&mut self) -> Message {
        match self.try_request().await {
            Ok(message) => message,
            Err(cut) => panic!("no request: {cut}"),
        }
    }

    /// The next request, or why there is none.
    ///
    /// # Errors
    /// It was cut, or is malformed.
    pub async fn try_request(&mut self) -> Result<Message, Cut> {
        let mut message = self.head().await?;
        self.content(&mut message, None).await?;
        Ok(message)
    }

    /// The next head alone; content is left where it is.
    ///
    /// # Errors
    /// It was cut, or is malformed.
    pub async fn head(&mut self) -> Result<Message, Cut> {
        loop {
            if let Some(end) = read::end_of_head(&self.heard)? {
                let head = read::head(&self.heard[..end])?;
                self.heard.drain(..end);
                return Ok(head);
            }
            self.fill(self.heard.is_empty()).await?;
        }
    }

    /// Reads the content that belongs to a head.
    ///
    /// # Errors
    /// It was cut, or is malformed.
    pub async fn content(&mut self, head: &mut Message, asked: Option<&str>) -> Result<(), Cut> {
        let mut content = Content::of(head, asked)?;
        while let Some(piece) = self.piece(&mut content, usize::MAX, head).await? {
            head.body.extend(piece);
        }
        Ok(())
    }

    /// One line, without its end.
    async fn line(&mut self) -> Result<Vec<u8>, Cut> {
        loop {
            if let Some(at) = self.heard.windows(2).position(|two| two == b"\r\n") {
                let line = self.heard.drain(..at + 2).take(at).collect();
                return Ok(line);
            }
            self.fill(false).await?;
        }
    }

    /// Exactly so many octets.
    ///
    /// # Errors
    /// The connection ended before.
    pub async fn exactly(&mut self, octets: usize) -> Result<Vec<u8>, Cut> {
        while self.heard.len() < octets {
            self.fill(false).await?;
        }
        Ok(self.heard.drain(..octets).collect())
    }

    /// All octets until the connection is closed cleanly.
    ///
    /// # Errors
    /// It was reset.
    pub async fn rest(&mut self) -> Result<Vec<u8>, Cut> {
        loop {
            match self.fill(false).await {
                Ok(()) => {}
                Err(Cut::Truncated) => return Ok(std::mem::take(&mut self.heard)),
                Err(cut) => return Err(cut),
            }
        }
    }

    /// Waits for the connection to end; nothing more may come before.
    pub async fn closed(&mut self) -> Closing {
        assert!(self.heard.is_empty(), "more came: {}", self.heard.escape_ascii());
        match self.fill(true).await {
            Err(Cut::Closed) => Closing::Clean,
            Err(_) => Closing::Reset,
            Ok(()) => panic!("more came: {}", self.heard.escape_ascii()),
        }
    }

    /// Asserts that nothing comes for so long, and that the connection stays open.
    pub async fn quiet(&mut self, duration: Duration) {
        let came = tokio::time::timeout(duration, within(Duration::MAX, self.fill(true))).await;
        let heard = self.heard.escape_ascii();
        assert!(came.is_err(), "not quiet: {came:?}, {heard}");
        assert!(self.heard.is_empty(), "not quiet: {heard}");
    }

    /// What this end sent.
    #[must_use]
    pub fn sent(&self) -> Traffic {
        self.control.sent()
    }

    /// What came to this end.
    #[must_use]
    pub fn received(&self) -> Traffic {
        self.control.received()
    }

    async fn fill(&mut self, is_between: bool) -> Result<(), Cut> {
        match must("octets come", self.end.read(&mut self.scratch)).await {
            Ok(0) if is_between => Err(Cut::Closed),
            Ok(0) => Err(Cut::Truncated),
            Ok(n) => {
                self.heard.extend_from_slice(&self.scratch[..n]);
                Ok(())
            }
            Err(_) => Err(Cut::Reset),
        }
    }
}

#[cfg(test)]
mod tests;
