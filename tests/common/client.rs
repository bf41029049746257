//! A client of raw octets.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// A connection on which octets are written as given, and whole responses are read.
#[derive(Debug)]
pub struct Client<S = TcpStream> {
    pub stream: S,
    buffered: Vec<u8>,
}

/// A response as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// Whether the connection carries another exchange.
    pub persists: bool,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Client {
    pub async fn connect(addr: SocketAddr) -> Self {
        Self::try_connect(addr).await.unwrap()
    }

    pub async fn try_connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    /// Ends the connection by a reset.
    pub fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

impl Client<UnixStream> {
    pub async fn connect_unix(path: &Path) -> Self {
        Self::over(UnixStream::connect(path).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn over(stream: S) -> Self {
        Self { stream, buffered: Vec::new() }
    }

    pub async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.stream.write_all(octets.as_ref()).await.unwrap();
    }

    pub async fn get(&mut self, path: &str) -> io::Result<Reply> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a.example\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.reply().await
    }

    pub async fn post(&mut self, path: &str, body: &[u8]) -> io::Result<Reply> {
        let head = format!("POST {path} HTTP/1.1\r\nHost: a.example\r\nContent-Length: {}\r\n\r\n", body.len());
        self.stream.write_all(&[head.as_bytes(), body].concat()).await?;
        self.reply().await
    }

    /// The next response to a request that is not HEAD, past any informational one.
    ///
    /// `UnexpectedEof` is a response that was cut, `ConnectionAborted` a connection that was closed before it said anything.
    pub async fn reply(&mut self) -> io::Result<Reply> {
        loop {
            let reply = self.any_reply().await?;
            if reply.status >= 200 {
                return Ok(reply);
            }
        }
    }

    /// The next response, informational ones too.
    pub async fn any_reply(&mut self) -> io::Result<Reply> {
        let head = self.head().await?;
        let status = head.get(9..12).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, head.clone()))?;
        let mut reply = Reply { status, head, body: Vec::new(), persists: true };
        let says_close = reply.field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        reply.persists = !says_close && reply.head.starts_with("HTTP/1.1");
        if status < 200 || status == 204 || status == 304 {
            return Ok(reply);
        }
        let chunked = reply.field("transfer-encoding").is_some_and(|value| value == "chunked");
        let length = reply.field("content-length").map(|value| value.parse::<usize>().unwrap());
        match (chunked, length) {
            (true, _) => reply.body = self.chunks().await?,
            (false, Some(length)) => reply.body = self.exactly(length).await?,
            (false, None) => {
                reply.body = self.rest().await?;
                reply.persists = false;
            }
        }
        Ok(reply)
    }

    pub async fn head(&mut self) -> io::Result<String> {
        loop {
            if let Some(at) = self.buffered.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = self.buffered.drain(..at + 4).collect();
                return String::from_utf8(head).map_err(|error| io::Error::new(ErrorKind::InvalidData, error));
            }
            if self.fill().await? == 0 {
                let kind =
                    if self.buffered.is_empty() { ErrorKind::ConnectionAborted } else { ErrorKind::UnexpectedEof };
                return Err(io::Error::new(kind, String::from_utf8_lossy(&self.buffered).into_owned()));
            }
        }
    }

    pub async fn exactly(&mut self, octets: usize) -> io::Result<Vec<u8>> {
        while self.buffered.len() < octets {
            if self.fill().await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.buffered.drain(..octets).collect())
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(at) = self.buffered.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.buffered.drain(..at + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            if self.fill().await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size =
                usize::from_str_radix(line.trim(), 16).map_err(|_| io::Error::new(ErrorKind::InvalidData, line))?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.exactly(size).await?);
            self.exactly(2).await?;
        }
    }

    /// All octets up to the end of the stream.
    pub async fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.fill().await? > 0 {}
        Ok(std::mem::take(&mut self.buffered))
    }

    /// Reads on until the stream ends, in whichever way; gives what came.
    pub async fn until_closed(&mut self) -> Vec<u8> {
        while matches!(self.fill().await, Ok(1..)) {}
        std::mem::take(&mut self.buffered)
    }

    /// Reads on until the stream ends or nothing more comes for a while.
    pub async fn until_closed_or_quiet(&mut self) -> Vec<u8> {
        while let Ok(Ok(1..)) = tokio::time::timeout(super::millis(200), self.fill()).await {}
        std::mem::take(&mut self.buffered)
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.stream.read_buf(&mut self.buffered).await
    }
}
