//! The established session as a stream, and the handshake before it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use openssl::error::ErrorStack;
use openssl::ssl::{self, ErrorCode, Ssl, SslContext, SslRef, SslStream};
use simplon_proto_tls_seam::wire::Wire;
use simplon_proto_tls_seam::{Ending, Error, Facts, Reason, Session, Transport};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{NAME, failure, ffi};

/// A session. What the library makes of plaintext is always taken by the wire, so that no write is ever half done.
pub(crate) struct Stream<IO: Transport> {
    tls: SslStream<Wire<IO>>,
    facts: Arc<Facts>,
    has_said_goodbye: bool,
    has_ended: bool,
}

/// `SslStream::accept` or `SslStream::connect`.
pub(crate) type Step<IO> = fn(&mut SslStream<Wire<IO>>) -> Result<(), ssl::Error>;

/// Completes a handshake of this context; `prepare` sets what is different for this one.
pub(crate) async fn handshake<IO: Transport>(
    context: &SslContext,
    io: IO,
    step: Step<IO>,
    prepare: impl FnOnce(&mut SslRef) -> Result<(), ErrorStack>,
) -> Result<SslStream<Wire<IO>>, Error> {
    let failed = |error: ErrorStack| Error::new(NAME, Reason::Library).with_detail(error);
    let mut ssl = Ssl::new(context).map_err(failed)?;
    prepare(&mut ssl).map_err(failed)?;
    let mut tls = SslStream::new(ssl, Wire::new(io)).map_err(failed)?;
    let outcome = poll_fn(|cx| poll_handshake(&mut tls, step, cx)).await;
    if outcome.is_err() {
        // The peer is told why, if it still listens.
        let _ = poll_fn(|cx| tls.get_mut().poll_shutdown(cx)).await;
    }
    outcome.map(|()| tls)
}

fn poll_handshake<IO: Transport>(
    tls: &mut SslStream<Wire<IO>>,
    step: Step<IO>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    let outcome = call(tls, cx, step);
    let is_waiting = match &outcome {
        Ok(()) => false,
        Err(error) if would_block(error) => true,
        Err(error) => return Poll::Ready(Err(explain(tls, error))),
    };
    // A flight has to be on its way before an answer can come.
    let flushed = ready!(tls.get_mut().poll_flush(cx));
    match flushed {
        Err(error) => Poll::Ready(Err(Error::io(NAME, &error))),
        Ok(()) if is_waiting => Poll::Pending,
        Ok(()) => Poll::Ready(Ok(())),
    }
}

/// Calls the library for this task. It judges by a stack of errors of the thread, which must hold none of somebody else.
fn call<IO: Transport, T>(
    tls: &mut SslStream<Wire<IO>>,
    cx: &Context<'_>,
    mut what: impl FnMut(&mut SslStream<Wire<IO>>) -> Result<T, ssl::Error>,
) -> Result<T, ssl::Error> {
    tls.get_mut().attend(cx);
    loop {
        drop(ErrorStack::get());
        match what(tls) {
            // It wants to be called again, and does not wait for the transport.
            Err(error) if error.code() == ErrorCode::WANT_READ && error.io_error().is_none() => {}
            outcome => return outcome,
        }
    }
}

fn would_block(error: &ssl::Error) -> bool {
    matches!(error.code(), ErrorCode::WANT_READ | ErrorCode::WANT_WRITE)
}

fn explain<IO: Transport>(tls: &SslStream<Wire<IO>>, error: &ssl::Error) -> Error {
    failure::of_handshake(error, tls.ssl().verify_result().as_raw(), tls.get_ref().is_at_end())
}

impl<IO: Transport> Stream<IO> {
    /// Of a completed handshake.
    pub(crate) fn new(tls: SslStream<Wire<IO>>, facts: Facts) -> Self {
        Self { tls, facts: Arc::new(facts), has_said_goodbye: false, has_ended: false }
    }

    /// What a call after the handshake failed with.
    fn broken(&self, error: ssl::Error) -> io::Error {
        if self.tls.get_ref().is_at_end() {
            return io::ErrorKind::UnexpectedEof.into();
        }
        match error.into_io_error() {
            Ok(error) => error,
            Err(error) => match explain(&self.tls, &error) {
                explained if explained.reason() == Reason::Closed => io::ErrorKind::UnexpectedEof.into(),
                explained => io::Error::new(io::ErrorKind::InvalidData, explained),
            },
        }
    }
}

impl<IO: Transport> Session for Stream<IO> {
    fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_ended || self.tls.ssl().pending() > 0 {
            Poll::Ready(())
        } else {
            self.tls.get_ref().poll_readable(cx)
        }
    }

    fn ending(&self) -> Option<Ending> {
        self.tls.get_ref().ending()
    }

    fn sent(&self) -> u64 {
        self.tls.get_ref().sent()
    }

    fn unacknowledged(&self) -> Option<u64> {
        self.tls.get_ref().unacknowledged()
    }
}

impl<IO: Transport> AsyncRead for Stream<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if into.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let outcome = call(&mut self.tls, cx, |tls| ffi::read(tls, into));
        // A new key has an answer, for instance; a transport that fails there fails the next write too.
        let _ = self.tls.get_mut().send_on_the_way(cx);
        match outcome {
            Ok(_) => Poll::Ready(Ok(())),
            Err(error) if error.code() == ErrorCode::ZERO_RETURN => {
                self.has_ended = true;
                Poll::Ready(Ok(()))
            }
            Err(error) if would_block(&error) => Poll::Pending,
            Err(error) => Poll::Ready(Err(self.broken(error))),
        }
    }
}

impl<IO: Transport> AsyncWrite for Stream<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if self.has_said_goodbye {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        ready!(self.tls.get_mut().poll_drain(cx))?;
        if octets.is_empty() {
            return Poll::Ready(Ok(0));
        }
        match call(&mut self.tls, cx, |tls| tls.ssl_write(octets)) {
            Ok(n) => Poll::Ready(Ok(n)),
            Err(error) if would_block(&error) => Poll::Pending,
            Err(error) => Poll::Ready(Err(self.broken(error))),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tls.get_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.has_said_goodbye {
            self.has_said_goodbye = true;
            // What the transport has against it comes out below.
            let _ = call(&mut self.tls, cx, SslStream::shutdown);
        }
        self.tls.get_mut().poll_shutdown(cx)
    }
}
