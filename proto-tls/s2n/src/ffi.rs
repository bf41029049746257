//! Where the library is handed pointers: the transport for as long as a call takes, and the key log.

use std::ffi::c_void;
use std::io;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use errno::{Errno, set_errno};
use s2n_tls::callbacks::ConnectionFuture;
use s2n_tls::config::{Builder, ConnectionInitializer};
use s2n_tls::connection::Connection;
use s2n_tls::error::Error;
use simplon_proto_tls_seam::server::KeyLog;
use tokio::io::ReadBuf;

/// What the library reads from and writes to.
pub(crate) trait Wire {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;
    fn poll_send(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>>;
    /// Keeps why it failed: the library would only pass a number on.
    fn failed(&mut self, error: io::Error);
}

struct Lent<'a, 'b, W> {
    wire: &'a mut W,
    cx: &'a mut Context<'b>,
}

/// Lets the library use the wire while `act` runs.
pub(crate) fn lend<W: Wire, T>(
    connection: &mut Connection,
    wire: &mut W,
    cx: &mut Context<'_>,
    act: impl FnOnce(&mut Connection) -> T,
) -> Result<T, Error> {
    let mut lent = Lent { wire, cx };
    let pointer = (&raw mut lent).cast::<c_void>();
    let borrower = Borrower(connection);
    borrower.0.set_receive_callback(Some(receive::<W>))?.set_send_callback(Some(send::<W>))?;
    // SAFETY: `lent` is declared before `borrower` and so outlives it, and nothing else touches it until then; dropping `borrower` takes the
    // pointers away from the connection, also when `act` panics. The callbacks cast to the type that it has.
    unsafe { borrower.0.set_receive_context(pointer)?.set_send_context(pointer)? };
    Ok(act(borrower.0))
}

struct Borrower<'a>(&'a mut Connection);

impl Drop for Borrower<'_> {
    fn drop(&mut self) {
        // Without callbacks no pointer is used. None of these fails for a connection that exists.
        let _ = self.0.set_receive_callback(None);
        let _ = self.0.set_send_callback(None);
        // SAFETY: a null pointer needs to live no longer than any other.
        let _ = unsafe { self.0.set_receive_context(std::ptr::null_mut()) };
        // SAFETY: as above.
        let _ = unsafe { self.0.set_send_context(std::ptr::null_mut()) };
    }
}

/// Called by the library, with the pointer that [`lend`] gave it and room for `room` octets.
unsafe extern "C" fn receive<W: Wire>(lent: *mut c_void, into: *mut u8, room: u32) -> i32 {
    // SAFETY: the library calls this only while `lend` runs, one call at a time, with the pointer it was given there.
    let lent = unsafe { &mut *lent.cast::<Lent<'_, '_, W>>() };
    // SAFETY: the library owns `room` octets at `into`, lent to us for this call; they need not be initialised.
    let space = unsafe { std::slice::from_raw_parts_mut(into.cast::<MaybeUninit<u8>>(), room as usize) };
    let mut buffer = ReadBuf::uninit(space);
    let polled = shielded(|| lent.wire.poll_receive(lent.cx, &mut buffer));
    answer(lent.wire, polled.map_ok(|()| buffer.filled().len()))
}

/// Called by the library, with the pointer that [`lend`] gave it and `length` octets.
unsafe extern "C" fn send<W: Wire>(lent: *mut c_void, from: *const u8, length: u32) -> i32 {
    // SAFETY: the library calls this only while `lend` runs, one call at a time, with the pointer it was given there.
    let lent = unsafe { &mut *lent.cast::<Lent<'_, '_, W>>() };
    // SAFETY: the library owns `length` initialised octets at `from`, lent to us for this call.
    let octets = unsafe { std::slice::from_raw_parts(from, length as usize) };
    let polled = shielded(|| lent.wire.poll_send(lent.cx, octets));
    answer(lent.wire, polled)
}

/// A panic must not go through C.
fn shielded<T>(poll: impl FnOnce() -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
    let caught = catch_unwind(AssertUnwindSafe(poll));
    caught.unwrap_or_else(|_| Poll::Ready(Err(io::Error::other("the transport panicked"))))
}

/// As recv(2) and send(2) answer.
fn answer(wire: &mut impl Wire, polled: Poll<io::Result<usize>>) -> i32 {
    let error = match polled {
        Poll::Ready(Ok(n)) => return i32::try_from(n).unwrap_or(i32::MAX),
        Poll::Ready(Err(error)) => {
            let number = error.raw_os_error().unwrap_or(libc::EIO);
            wire.failed(error);
            // The library would try again at once, for ever.
            if matches!(number, libc::EINTR | libc::EWOULDBLOCK) { libc::EIO } else { number }
        }
        Poll::Pending => libc::EWOULDBLOCK,
    };
    set_errno(Errno(error));
    -1
}

/// Decrypts into a buffer.
pub(crate) fn receive_into(connection: &mut Connection, buffer: &mut ReadBuf<'_>) -> Poll<Result<usize, Error>> {
    // SAFETY: octets are only initialised, never the reverse: that is what the library promises of this method.
    let polled = connection.poll_recv_uninitialized(unsafe { buffer.unfilled_mut() });
    if let Poll::Ready(Ok(n)) = polled {
        // SAFETY: the library has initialised the first `n` of them.
        unsafe { buffer.assume_init(n) };
        buffer.advance(n);
    }
    polled
}

/// Verifies no certificate.
pub(crate) fn verify_nothing(builder: &mut Builder) -> Result<(), Error> {
    // SAFETY: it is marked as unsafe for what it does to security, not to memory; the user has asked for it by a name that says so.
    unsafe { builder.disable_x509_verification() }.map(drop)
}

/// Has session secrets written to `log`.
pub(crate) fn log_keys(builder: &mut Builder, log: Arc<dyn KeyLog>) -> Result<(), Error> {
    let log = Arc::new(Log(log));
    let pointer = Arc::as_ptr(&log).cast_mut().cast::<c_void>();
    builder.set_connection_initializer(Kept { _log: log })?;
    // SAFETY: what the pointer is to is kept by the configuration, as part of its initializer, until it is freed itself, and no connection
    // outlives its configuration. It is only ever read, and is `Sync`.
    unsafe { builder.set_key_log_callback(Some(line), pointer) }.map(drop)
}

/// Called by the library with the pointer that [`log_keys`] gave it. The type of the connection is of no interest.
unsafe extern "C" fn line<C>(log: *mut c_void, _connection: *mut C, from: *mut u8, length: usize) -> i32 {
    // SAFETY: the pointer is the one of `log_keys`, which lives as long as the configuration.
    let Log(log) = unsafe { &*log.cast::<Log>() };
    // SAFETY: the library owns `length` initialised octets at `from`, lent to us for this call.
    let line = unsafe { std::slice::from_raw_parts(from, length) };
    let logged = catch_unwind(AssertUnwindSafe(|| log.line(String::from_utf8_lossy(line).trim_end())));
    if logged.is_ok() { 0 } else { -1 }
}

/// A key log behind a thin pointer.
struct Log(Arc<dyn KeyLog>);

/// Does nothing to connections: it only lives as long as their configuration.
struct Kept {
    _log: Arc<Log>,
}

impl ConnectionInitializer for Kept {
    fn initialize_connection(
        &self,
        _connection: &mut Connection,
    ) -> Result<Option<std::pin::Pin<Box<dyn ConnectionFuture>>>, Error> {
        Ok(None)
    }
}
