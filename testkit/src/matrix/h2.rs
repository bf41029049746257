//! Legs over HTTP/2, on the crate `h2`: its streams are the exchanges, and each says with which code it ends.

use std::future::poll_fn;
use std::io;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::ext::Protocol;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::HeaderMap;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use super::leg::Pieces;
use super::octets::Octets;
use super::up::Asked;
use crate::message::{Message, Reply, Request, Rest, heard_fields, typed_fields};
use crate::pipe::Control;
use crate::time::{must, settle};
use crate::wire::{Closing, Cut};

/// Both directions of a stream, as far as they have begun.
#[derive(Debug, Default)]
pub(super) struct Stream {
    send: Option<SendStream<Bytes>>,
    body: Option<RecvStream>,
    /// Heard and not read yet.
    left: Bytes,
}

impl Stream {
    pub(super) async fn data(&mut self, octets: &[u8]) -> io::Result<()> {
        let send = self.send.as_mut().expect("a message has been begun");
        let mut left = Bytes::copy_from_slice(octets);
        while !left.is_empty() {
            send.reserve_capacity(left.len());
            if send.capacity() == 0 {
                let granted = must("the other end takes octets", poll_fn(|cx| send.poll_capacity(cx))).await;
                granted.unwrap_or_else(|| Err(Reason::NO_ERROR.into())).map_err(io::Error::other)?;
            }
            let room = send.capacity().min(left.len());
            send.send_data(left.split_to(room), false).map_err(io::Error::other)?;
        }
        Ok(())
    }

    pub(super) async fn end(&mut self, trailers: &[(String, Vec<u8>)]) {
        let ended = self.finish((!trailers.is_empty()).then(|| typed_fields(trailers)));
        assert!(ended.is_ok(), "cannot send: {ended:?}");
    }

    /// Says what follows a head.
    async fn say(&mut self, rest: Rest) -> io::Result<()> {
        self.data(&rest.body).await?;
        self.finish(rest.trailers)
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> io::Result<()> {
        let send = self.send.as_mut().expect("a message has been begun");
        let finished = match trailers {
            None => send.send_data(Bytes::new(), true),
            Some(trailers) => send.send_trailers(trailers),
        };
        finished.map_err(io::Error::other)
    }
}

impl Pieces for Stream {
    async fn piece(&mut self, most: usize, head: &mut Message) -> Result<Option<Vec<u8>>, Cut> {
        let Some(body) = &mut self.body else { return Ok(None) };
        while self.left.is_empty() {
            match must("content comes", body.data()).await {
                Some(octets) => self.left = octets.map_err(|error| cut(&error))?,
                None => {
                    let trailers = body.trailers().await.map_err(|error| cut(&error))?;
                    head.trailers.extend(trailers.as_ref().map(heard_fields).unwrap_or_default());
                    return Ok(None);
                }
            }
        }
        let piece = self.left.split_to(self.left.len().min(most));
        // What cannot be given back is not needed any more.
        let _ = body.flow_control().release_capacity(piece.len());
        Ok(Some(piece.into()))
    }
}

/// What an error is to whoever reads a message.
fn cut(error: &h2::Error) -> Cut {
    if error.is_library() {
        return Cut::Malformed(error.to_string());
    }
    if error.is_reset() { Cut::Reset } else { Cut::Truncated }
}

/// A client. Each of its requests is a stream on one connection.
#[derive(Debug)]
pub(super) struct Client {
    send: SendRequest<Bytes>,
    driver: JoinHandle<()>,
    scheme: &'static str,
    response: Option<ResponseFuture>,
    pub(super) stream: Stream,
}

impl Client {
    pub(super) async fn new(octets: Octets, scheme: &'static str) -> Self {
        let mut builder = h2::client::Builder::new();
        // Nothing here has to defend itself against small frames.
        builder.data_frame_budget(usize::MAX);
        let (send, connection) = must("the proxy speaks HTTP/2", builder.handshake(octets)).await.unwrap();
        let driver = tokio::spawn(async move { drop(connection.await) });
        // So that it is known what the proxy allows.
        settle().await;
        Self { send, driver, scheme, response: None, stream: Stream::default() }
    }

    async fn ask(&mut self, head: http::Request<()>, is_whole: bool) {
        self.send = must("the proxy takes a request", self.send.clone().ready()).await.unwrap();
        let (response, send) = self.send.send_request(head, is_whole).unwrap();
        self.response = Some(response);
        self.stream = Stream { send: Some(send), ..Stream::default() };
    }

    pub(super) async fn send(&mut self, request: Request) -> io::Result<()> {
        let (head, rest) = request.typed(self.scheme);
        let is_whole = rest.is_empty();
        self.ask(head, is_whole).await;
        if is_whole { Ok(()) } else { self.stream.say(rest).await }
    }

    pub(super) async fn begin(&mut self, request: Request) {
        let (head, _) = request.unframed().typed(self.scheme);
        self.ask(head, false).await;
    }

    /// Asks for a switch of protocols (RFC 8441).
    pub(super) async fn upgrade(&mut self, target: &str, protocol: &str) {
        let (mut head, _) = crate::message::get(target).typed(self.scheme);
        *head.method_mut() = http::Method::CONNECT;
        head.headers_mut().insert("sec-websocket-version", http::HeaderValue::from_static("13"));
        head.extensions_mut().insert(Protocol::from(protocol));
        self.ask(head, false).await;
    }

    pub(super) async fn head(&mut self) -> Result<Message, Cut> {
        let response = self.response.as_mut().expect("something was asked");
        if let Some(interim) = must("a head comes", poll_fn(|cx| response.poll_informational(cx))).await {
            return interim.map(|head| Message::of_response(&head)).map_err(|error| cut(&error));
        }
        let response = must("a response comes", response).await;
        self.response = None;
        let (head, body) = response.map_err(|error| cut(&error))?.into_parts();
        self.stream.body = Some(body);
        Ok(Message::of_response(&http::Response::from_parts(head, ())))
    }

    /// The stream is reset without blame.
    pub(super) async fn stopped(&mut self) {
        let send = self.stream.send.as_mut().expect("something was asked");
        let reason = must("the proxy resets the stream", poll_fn(|cx| send.poll_reset(cx))).await.unwrap();
        assert_eq!(reason, Reason::NO_ERROR);
    }

    pub(super) async fn cancel(&mut self) {
        // What was said before is on its way, not forgotten.
        settle().await;
        self.stream.send.as_mut().expect("something was asked").send_reset(Reason::CANCEL);
        self.stream = Stream::default();
        self.response = None;
    }

    pub(super) async fn closed(&mut self) {
        must("the proxy ends the connection", &mut self.driver).await.unwrap();
    }

    /// Ends the connection without a word.
    pub(super) fn close(self) {
        self.driver.abort();
    }
}

/// Hands over every request of a connection as it comes.
pub(super) async fn serve(octets: Octets, to: UnboundedSender<Asked>) {
    let mut builder = h2::server::Builder::new();
    builder.enable_connect_protocol().data_frame_budget(usize::MAX);
    let control = octets.control();
    let Ok(mut connection) = builder.handshake::<_, Bytes>(octets).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let (head, body) = request.into_parts();
        let head = Message::of_request(&http::Request::from_parts(head, ()));
        let stream = Stream { body: Some(body), ..Stream::default() };
        // Whoever played the origin may be gone; the connection goes on as long as the proxy wants.
        let _ = to.send(Asked::h2(head, Served { respond, stream, control: control.clone() }));
    }
}

/// A request at the origin.
#[derive(Debug)]
pub(super) struct Served {
    respond: SendResponse<Bytes>,
    pub(super) stream: Stream,
    control: Control,
}

impl Served {
    pub(super) async fn respond(&mut self, reply: Reply, method: &str) -> io::Result<()> {
        let (head, rest) = reply.typed();
        if reply.is_interim() {
            return self.respond.send_informational(head).map_err(io::Error::other);
        }
        let is_whole = rest.is_empty() || method == "HEAD";
        self.stream.send = Some(self.respond.send_response(head, is_whole).map_err(io::Error::other)?);
        if is_whole { Ok(()) } else { self.stream.say(rest).await }
    }

    pub(super) fn begin(&mut self, reply: Reply) {
        let (head, _) = reply.unframed().typed();
        self.stream.send = Some(self.respond.send_response(head, false).unwrap());
    }

    /// Agrees to a switch of protocols, or to CONNECT.
    pub(super) fn open(&mut self) {
        self.begin(crate::message::status(200));
    }

    pub(super) async fn cut(&mut self) {
        // What was said before is on its way, not forgotten.
        settle().await;
        match &mut self.stream.send {
            Some(send) => send.send_reset(Reason::INTERNAL_ERROR),
            None => self.respond.send_reset(Reason::INTERNAL_ERROR),
        }
    }

    pub(super) fn reset(&self) {
        self.control.reset();
    }

    /// The stream is reset, and what comes before is not looked at.
    pub(super) async fn stopped(&mut self) {
        let reason = self.reason().await;
        assert!(matches!(reason, Reason::NO_ERROR | Reason::CANCEL), "{reason:?}");
    }

    pub(super) async fn ended(&mut self) {
        let mut unread = Message::new(String::new(), 0);
        // Reset, or closed in both directions.
        let _ = self.stream.rest(&mut unread).await;
    }

    pub(super) async fn cancelled(&mut self) -> Closing {
        let reason = self.reason().await;
        assert_eq!(reason, Reason::CANCEL);
        Closing::Reset
    }

    /// The code with which the proxy resets the stream.
    async fn reason(&mut self) -> Reason {
        let reset = poll_fn(|cx| match &mut self.stream.send {
            Some(send) => send.poll_reset(cx),
            None => self.respond.poll_reset(cx),
        });
        must("the proxy resets the stream", reset).await.unwrap()
    }
}

impl Pieces for Served {
    async fn piece(&mut self, most: usize, head: &mut Message) -> Result<Option<Vec<u8>>, Cut> {
        self.stream.piece(most, head).await
    }
}
