//! An origin of raw octets, which keeps all that it was sent.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// An origin that runs until it is dropped.
#[derive(Debug)]
pub struct Origin {
    pub addr: SocketAddr,
    pub log: Arc<Log>,
    task: JoinHandle<()>,
}

/// What an origin saw.
#[derive(Debug, Default)]
pub struct Log {
    octets: Mutex<Vec<u8>>,
    opened: AtomicUsize,
    closed: AtomicUsize,
    requests: AtomicUsize,
    written: AtomicUsize,
}

impl Log {
    /// All octets of all connections.
    pub fn octets(&self) -> Vec<u8> {
        self.octets.lock().unwrap().clone()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets()).into_owned()
    }

    pub fn has(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// Connections ever.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.opened() - self.closed.load(Ordering::SeqCst)
    }

    /// Heads that were read to their end.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Octets that the sockets took.
    pub fn written(&self) -> usize {
        self.written.load(Ordering::SeqCst)
    }

    /// Octets that were read.
    pub fn read(&self) -> usize {
        self.octets.lock().unwrap().len()
    }
}

/// One connection to an origin.
#[derive(Debug)]
pub struct Link {
    pub stream: TcpStream,
    /// 0 for the first connection.
    pub number: usize,
    log: Arc<Log>,
    buffered: Vec<u8>,
}

impl Origin {
    /// Serves each connection by this.
    pub async fn start<F, Fut>(serve: F) -> Self
    where
        F: Fn(Link) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, serve)
    }

    /// The same on a listener of the caller's.
    pub fn on<F, Fut>(listener: TcpListener, serve: F) -> Self
    where
        F: Fn(Link) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let addr = listener.local_addr().unwrap();
        let log = Arc::new(Log::default());
        let seen = Arc::clone(&log);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let number = seen.opened.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(Link { stream, number, log: Arc::clone(&seen), buffered: Vec::new() }));
            }
        });
        Self { addr, log, task }
    }

    /// Answers each request with 200 and this text, its content read to the end.
    pub async fn saying(text: &'static str) -> Self {
        Self::start(move |link| link.answering(text)).await
    }

    /// Sends these octets for each head, as they are, and goes on.
    pub async fn sending(octets: &'static [u8]) -> Self {
        Self::start(
            move |mut link| async move { while link.head().await.is_some() && link.send(octets).await.is_ok() {} },
        )
        .await
    }

    /// Sends these octets after the first head, and closes.
    pub async fn sending_once(octets: &'static [u8]) -> Self {
        Self::start(move |mut link| async move {
            if link.head().await.is_some() {
                let _ = link.send(octets).await;
            }
        })
        .await
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Link {
    pub async fn answering(mut self, text: &str) {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        while let Some(head) = self.head().await {
            if !self.content(&head).await || self.send(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    /// The next request head; `None` when the connection ends before.
    pub async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.buffered.windows(4).position(|four| four == b"\r\n\r\n") {
                self.log.requests.fetch_add(1, Ordering::SeqCst);
                let head: Vec<u8> = self.buffered.drain(..at + 4).collect();
                return Some(String::from_utf8_lossy(&head).into_owned());
            }
            if self.read().await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Reads a request's content to its end; `false` when it was cut.
    pub async fn content(&mut self, head: &str) -> bool {
        let lower = head.to_ascii_lowercase();
        if lower.contains("transfer-encoding: chunked") {
            return self.until(b"0\r\n\r\n").await;
        }
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let length: usize = length.unwrap_or(0);
        while self.buffered.len() < length {
            if self.read().await.unwrap_or(0) == 0 {
                return false;
            }
        }
        self.buffered.drain(..length);
        true
    }

    async fn until(&mut self, end: &[u8]) -> bool {
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffered[searched..].windows(end.len()).position(|found| found == end) {
                self.buffered.drain(..searched + at + end.len());
                return true;
            }
            searched = self.buffered.len().saturating_sub(end.len());
            if self.read().await.unwrap_or(0) == 0 {
                return false;
            }
        }
    }

    /// Reads once. 0 is the end.
    pub async fn read(&mut self) -> io::Result<usize> {
        let before = self.buffered.len();
        let n = self.stream.read_buf(&mut self.buffered).await?;
        self.log.octets.lock().unwrap().extend_from_slice(&self.buffered[before..]);
        Ok(n)
    }

    /// Whether what was read and not taken yet ends like this.
    pub fn ends_with(&self, end: &str) -> bool {
        self.buffered.ends_with(end.as_bytes())
    }

    /// Reads until the other side closes or resets.
    pub async fn until_closed(&mut self) {
        while self.read().await.unwrap_or(0) > 0 {}
    }

    pub async fn send(&mut self, mut octets: &[u8]) -> io::Result<()> {
        while !octets.is_empty() {
            let n = self.stream.write(octets).await?;
            self.log.written.fetch_add(n, Ordering::SeqCst);
            octets = &octets[n..];
        }
        Ok(())
    }

    /// Ends the connection by a reset.
    pub fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.log.closed.fetch_add(1, Ordering::SeqCst);
    }
}
