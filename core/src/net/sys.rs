//! The few system calls that no safe interface has. The only unsafe code of the workspace.
#![expect(unsafe_code, reason = "options and questions that socket2 does not know")]

use std::io;
use std::os::fd::{AsFd, AsRawFd};
#[cfg(target_os = "linux")]
use std::os::fd::{FromRawFd, OwnedFd};

/// `IP_LOCAL_PORT_RANGE` of Linux 6.3.
#[cfg(target_os = "linux")]
const IP_LOCAL_PORT_RANGE: libc::c_int = 51;

/// Octets on the SYN of connections that come to this listener: at most `queue` of them not yet acknowledged.
pub(crate) fn set_fast_open(socket: &impl AsFd, queue: u32) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return set(socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN, queue);
    #[cfg(not(target_os = "linux"))]
    return Err(unsupported(socket, queue));
}

/// Lets the first octets leave with the SYN, towards a peer that gave a cookie for it before.
pub(crate) fn set_fast_open_connect(socket: &impl AsFd) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return set(socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, 1);
    #[cfg(not(target_os = "linux"))]
    return Err(unsupported(socket, 1));
}

/// Whether [`set_fast_open_connect`] was done to it.
pub(crate) fn has_fast_open_connect(socket: &impl AsFd) -> bool {
    #[cfg(target_os = "linux")]
    return get(socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT).is_ok_and(|value| value != 0);
    #[cfg(not(target_os = "linux"))]
    return {
        let _ = socket;
        false
    };
}

/// Lets the kernel choose the source port at connect, where it can share one between destinations.
pub(crate) fn set_bind_address_no_port(socket: &impl AsFd) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return set(socket, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1);
    #[cfg(not(target_os = "linux"))]
    return Err(unsupported(socket, 1));
}

/// Whether the kernel chooses the source port at connect.
#[cfg(all(test, target_os = "linux"))]
pub(crate) fn has_bind_address_no_port(socket: &impl AsFd) -> io::Result<bool> {
    get(socket, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT).map(|value| value != 0)
}

/// Source ports from `low` to `high`, both included.
pub(crate) fn set_local_port_range(socket: &impl AsFd, low: u16, high: u16) -> io::Result<()> {
    let range = u32::from(high) << 16 | u32::from(low);
    #[cfg(target_os = "linux")]
    return set(socket, libc::IPPROTO_IP, IP_LOCAL_PORT_RANGE, range);
    #[cfg(not(target_os = "linux"))]
    return Err(unsupported(socket, range));
}

/// Octets that were written to a socket and that its peer has not acknowledged: of TCP, `SIOCOUTQ`. Of a Unix socket, about what the peer has
/// not read, with the kernel's own overhead.
pub(crate) fn unacknowledged(socket: &impl AsFd) -> io::Result<u64> {
    #[cfg(target_os = "linux")]
    return outq(socket);
    #[cfg(not(target_os = "linux"))]
    return Err(unsupported(socket, 0));
}

/// How many descriptors the process may have open (`RLIMIT_NOFILE`, the soft limit); `None` if the system does not say.
pub(crate) fn descriptor_limit() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live value, which is all that the kernel writes.
    let outcome = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    #[expect(clippy::useless_conversion, reason = "a number of another width on some systems")]
    (outcome == 0).then_some(limit.rlim_cur.into())
}

/// A pipe whose ends do not block.
#[cfg(target_os = "linux")]
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the pointer is to two live integers, which the kernel fills.
    let outcome = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_NONBLOCK | libc::O_CLOEXEC) };
    if outcome != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just opened both, and nobody else knows of them.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

/// Moves at most `most` octets from one descriptor to another, one of which is a pipe, without copying them here; 0 is the end.
#[cfg(target_os = "linux")]
pub(crate) fn splice(from: &impl AsFd, to: &impl AsFd, most: usize) -> io::Result<usize> {
    let (from, to) = (from.as_fd().as_raw_fd(), to.as_fd().as_raw_fd());
    let flags = libc::SPLICE_F_NONBLOCK | libc::SPLICE_F_MOVE;
    // SAFETY: both descriptors are open for as long as they are borrowed; no offsets are given, so no memory of ours is touched.
    let moved = unsafe { libc::splice(from, std::ptr::null_mut(), to, std::ptr::null_mut(), most, flags) };
    usize::try_from(moved).map_err(|_| io::Error::last_os_error())
}

#[cfg(not(target_os = "linux"))]
fn unsupported(_: &impl AsFd, _: u32) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

#[cfg(target_os = "linux")]
fn set(socket: &impl AsFd, level: libc::c_int, name: libc::c_int, value: u32) -> io::Result<()> {
    let fd = socket.as_fd().as_raw_fd();
    let octets = size_of::<u32>() as libc::socklen_t;
    // SAFETY: the descriptor is open for as long as `socket` is borrowed; the pointer is to a live u32 whose size is given,
    // and the kernel only reads it.
    let outcome = unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), octets) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(target_os = "linux")]
fn get(socket: &impl AsFd, level: libc::c_int, name: libc::c_int) -> io::Result<u32> {
    let fd = socket.as_fd().as_raw_fd();
    let mut value = 0_u32;
    let mut octets = size_of::<u32>() as libc::socklen_t;
    // SAFETY: the descriptor is open for as long as `socket` is borrowed; both pointers are to live values, and the kernel writes
    // no more octets of the first than the second says.
    let outcome = unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut octets) };
    if outcome == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
}

#[cfg(target_os = "linux")]
fn outq(socket: &impl AsFd) -> io::Result<u64> {
    let mut value: libc::c_int = 0;
    // SAFETY: the descriptor is open for as long as `socket` is borrowed; the pointer is to a live int, which is all that the kernel writes.
    let outcome = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut value) };
    if outcome == 0 { Ok(u64::try_from(value).unwrap_or(0)) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests;
