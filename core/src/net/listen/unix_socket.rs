//! Unix sockets: their files, who may connect, and files that nobody answers on any more.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use super::bind::{BoundSocket, backlog, retrying};
use super::{Bound, ListenConfig, Queue, failed};
use crate::error::Result;

pub(super) async fn bind(config: &ListenConfig, path: &Path, queues: NonZeroUsize) -> Result<Bound> {
    let socket = retrying(config, || bind_file(config, path)).await.map_err(failed)?;
    let queue = Queue::Unix(OwnedFd::from(socket).into());
    let queues = queue.shared(queues).map_err(failed)?;
    let mut bound = Bound::new(config, vec![BoundSocket { queues, local: None }]);
    bound.file = Unlink::of(path);
    Ok(bound)
}

fn bind_file(config: &ListenConfig, path: &Path) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
    let addr = SockAddr::unix(path)?;
    match socket.bind(&addr) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_stale(path) => {
            fs::remove_file(path)?;
            socket.bind(&addr)?;
        }
        outcome => outcome?,
    }
    // Nobody can connect before `listen`, so the mode is in place in time.
    if let Some(mode) = config.mode {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    socket.listen(backlog(config))?;
    Ok(socket)
}

/// A socket file left behind: nobody answers on it. Any other file is not ours to remove.
fn is_stale(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    is_socket && knock(path).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// Connects without waiting: an owner that accepts nothing has a full queue, and is there nevertheless.
fn knock(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
    socket.connect(&SockAddr::unix(path)?)
}

/// Removes the file when dropped, if it is still the same one: a successor may have put its own there.
#[derive(Debug)]
pub(crate) struct Unlink {
    path: PathBuf,
    inode: (u64, u64),
}

impl Unlink {
    fn of(path: &Path) -> Option<Self> {
        Some(Self { path: path.to_owned(), inode: inode(path)? })
    }
}

impl Drop for Unlink {
    fn drop(&mut self) {
        if inode(&self.path) == Some(self.inode) {
            // A file that cannot be removed is found to be stale by the next one who binds.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}
