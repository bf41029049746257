//! Octets on their way from one socket to another that do not pass through the process: they rest in a pipe of the kernel.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::net::TcpStream;

use super::descriptors::Extra;
use super::sys;

/// Empty pipes that a thread keeps for the next ones.
const KEPT: usize = 16;
/// What a pipe holds at most, as the kernel makes them.
const HOLDS: usize = 64 << 10;

thread_local! {
    static SPARE: RefCell<Vec<Ends>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
struct Ends {
    reader: OwnedFd,
    writer: OwnedFd,
    _extra: Extra,
}

/// A pipe, and how much is in it. Dropped empty, it serves again; otherwise what is in it is lost, as octets in a buffer are.
#[derive(Debug)]
pub(crate) struct Pipe {
    ends: Option<Ends>,
    held: usize,
}

impl Pipe {
    /// One that was used before on this thread, or a new one: two descriptors, of those that are not needed for anything else.
    pub(crate) fn take() -> io::Result<Self> {
        let kept = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop()).ok().flatten();
        let ends = match kept {
            Some(ends) => ends,
            None => {
                let extra = Extra::pipe().ok_or(io::ErrorKind::QuotaExceeded)?;
                sys::pipe().map(|(reader, writer)| Ends { reader, writer, _extra: extra })?
            }
        };
        Ok(Self { ends: Some(ends), held: 0 })
    }

    /// Octets in it.
    pub(crate) const fn held(&self) -> usize {
        self.held
    }

    /// Fills it, while it is empty, with at most `most` octets from a socket; 0 is the end of what the socket has to say.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>, from: &TcpStream, most: u64) -> Poll<io::Result<usize>> {
        debug_assert_eq!(self.held, 0, "a pipe that is full says the same as a socket that has nothing");
        let Some(ends) = &self.ends else { return Poll::Ready(Ok(0)) };
        let most = usize::try_from(most).unwrap_or(HOLDS).min(HOLDS);
        loop {
            ready!(from.poll_read_ready(cx))?;
            match from.try_io(Interest::READABLE, || sys::splice(from, &ends.writer, most)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(n) => {
                    self.held = n;
                    return Poll::Ready(Ok(n));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Empties it into a socket, as far as that takes them.
    pub(crate) fn poll_empty(&mut self, cx: &mut Context<'_>, to: &TcpStream) -> Poll<io::Result<usize>> {
        let Some(ends) = &self.ends else { return Poll::Ready(Ok(0)) };
        loop {
            ready!(to.poll_write_ready(cx))?;
            match to.try_io(Interest::WRITABLE, || sys::splice(&ends.reader, to, self.held)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(n) => {
                    self.held -= n.min(self.held);
                    return Poll::Ready(Ok(n));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let Some(ends) = self.ends.take().filter(|_| self.held == 0) else { return };
        let _ = SPARE.try_with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && spare.len() < KEPT
            {
                spare.push(ends);
            }
        });
    }
}

#[cfg(test)]
mod tests;
