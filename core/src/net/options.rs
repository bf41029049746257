//! What is set on TCP sockets.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// Whether small writes leave at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Nodelay {
    /// They wait for one another (Nagle).
    No,
    /// They leave at once.
    #[default]
    Yes,
}

/// Probes on a connection that is silent, so that a dead peer is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeepAlive {
    /// Silence before the first probe. Whole seconds, at least one.
    pub idle: Duration,
    /// Between probes. Whole seconds, at least one.
    pub interval: Duration,
    /// Unanswered probes after which the connection is dead.
    pub count: u32,
}

impl Default for KeepAlive {
    /// 60 s, 10 s, 5: a dead peer is noticed within two minutes.
    fn default() -> Self {
        Self { idle: Duration::from_secs(60), interval: Duration::from_secs(10), count: 5 }
    }
}

/// What is set on TCP sockets. What is `None` stays as the system has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SocketOptions {
    /// Small writes leave at once. Default yes.
    pub nodelay: Nodelay,
    /// Keep-alive probes. Default none: the timeouts of the protocols are shorter.
    pub keep_alive: Option<KeepAlive>,
    /// How long sent octets may stay unacknowledged before the connection is dead (Linux).
    pub user_timeout: Option<Duration>,
    /// The six bits of the differentiated services code point (RFC 2474), 0 to 63.
    pub dscp: Option<u8>,
    /// Octets of the kernel's send buffer.
    pub send_buffer: Option<usize>,
    /// Octets of the kernel's receive buffer.
    pub receive_buffer: Option<usize>,
}

impl SocketOptions {
    /// Sets them all on a socket; goes on after one that fails, and gives the first failure.
    ///
    /// # Errors
    /// The first option that the system refused.
    pub fn apply(&self, socket: SockRef<'_>, family: Family) -> io::Result<()> {
        // No `..` on purpose: a new option must be set here.
        let Self { nodelay, keep_alive, user_timeout, dscp, send_buffer, receive_buffer } = *self;
        let mut outcome = Ok(());
        let mut set = |result: io::Result<()>| {
            if let (Ok(()), Err(error)) = (&outcome, result) {
                outcome = Err(error);
            }
        };
        if nodelay == Nodelay::Yes {
            set(socket.set_tcp_nodelay(true));
        }
        if let Some(KeepAlive { idle, interval, count }) = keep_alive {
            set(socket
                .set_tcp_keepalive(&TcpKeepalive::new().with_time(idle).with_interval(interval).with_retries(count)));
        }
        #[cfg(target_os = "linux")]
        if user_timeout.is_some() {
            set(socket.set_tcp_user_timeout(user_timeout));
        }
        #[cfg(not(target_os = "linux"))]
        let _ = user_timeout;
        if let Some(dscp) = dscp {
            set(set_dscp(&socket, dscp, family));
        }
        if let Some(octets) = send_buffer {
            set(socket.set_send_buffer_size(octets));
        }
        if let Some(octets) = receive_buffer {
            set(socket.set_recv_buffer_size(octets));
        }
        outcome
    }
}

/// Which of the two protocols a socket speaks; the code point is set differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl From<&std::net::SocketAddr> for Family {
    fn from(addr: &std::net::SocketAddr) -> Self {
        if addr.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

fn set_dscp(socket: &SockRef<'_>, dscp: u8, family: Family) -> io::Result<()> {
    if dscp > 63 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a code point has six bits"));
    }
    let octet = u32::from(dscp) << 2;
    match family {
        Family::V4 => socket.set_tos_v4(octet),
        Family::V6 => socket.set_tclass_v6(octet),
    }
}

#[cfg(test)]
mod tests;
