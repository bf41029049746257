//! An origin made with the `h2` crate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::server::{self, SendResponse};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use tokio::net::TcpListener;

/// What a stream of the origin gets.
pub(crate) struct Call {
    pub(crate) request: Request<RecvStream>,
    pub(crate) respond: SendResponse<Bytes>,
}

impl Call {
    /// The whole content, and the trailers.
    pub(crate) async fn read(&mut self) -> (Vec<u8>, Option<HeaderMap>) {
        let mut content = Vec::new();
        let body = self.request.body_mut();
        while let Some(Ok(octets)) = body.data().await {
            let _ = body.flow_control().release_capacity(octets.len());
            content.extend_from_slice(&octets);
        }
        (content, body.trailers().await.ok().flatten())
    }

    pub(crate) fn begin(&mut self, response: Response<()>) -> SendStream<Bytes> {
        self.respond.send_response(response, false).unwrap()
    }

    pub(crate) fn answer(&mut self, content: impl Into<Bytes>) {
        self.begin(Response::new(())).send_data(content.into(), true).unwrap();
    }
}

/// Sends all, as far as the window allows.
pub(crate) async fn send_all(send: &mut SendStream<Bytes>, mut octets: Bytes) -> Result<(), h2::Error> {
    while !octets.is_empty() {
        send.reserve_capacity(octets.len());
        let room = match std::future::poll_fn(|cx| send.poll_capacity(cx)).await {
            Some(room) => room?,
            None => return Err(h2::Reason::CANCEL.into()),
        };
        send.send_data(octets.split_to(room.min(octets.len())), false)?;
    }
    Ok(())
}

/// Where an origin listens, and how many connections it took.
#[derive(Clone)]
pub(crate) struct Listening {
    pub(crate) at: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Listening {
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// An origin that gives each stream to `answer`.
pub(crate) async fn origin<F, A>(answer: A) -> Listening
where
    A: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    origin_with(server::Builder::new(), answer).await
}

pub(crate) async fn origin_with<F, A>(builder: server::Builder, answer: A) -> Listening
where
    A: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let (count, answer) = (Arc::clone(&connections), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let (builder, answer) = (builder.clone(), Arc::clone(&answer));
            tokio::spawn(async move {
                let Ok(mut connection) = builder.handshake(stream).await else { return };
                while let Some(Ok((request, respond))) = connection.accept().await {
                    tokio::spawn(answer(Call { request, respond }));
                }
            });
        }
    });
    Listening { at, connections }
}
