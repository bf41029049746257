//! Taking leave of peers whose handshake failed.
//!
//! After most errors s2n wants the connection held for a random time, up to 30 seconds, so that the time a failure takes says nothing about secrets
//! ("blinding"). The attacks behind this need CBC cipher suites or RSA key exchange, and our policies have neither; so it is kept as a second line,
//! bounded to a second: the failure is reported at once, and a task of its own holds the connection for the rest of the delay, then tells the
//! peer.

use std::fmt::Display;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use simplon_proto_tls_seam::{Error, Reason, Transport};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::NAME;
use crate::link::Link;

/// The delay that the library chooses from, its third being the least.
pub(crate) const MOST_SECONDS: u32 = 1;
/// Connections held at a time; those beyond are closed at once.
const MOST_HELD: usize = 256;

/// Holds connections whose handshake failed.
#[derive(Clone, Debug)]
pub(crate) struct Leave {
    places: Arc<Semaphore>,
    most: Duration,
}

impl Leave {
    /// For no longer than `deadline`.
    pub(crate) fn within(deadline: Duration) -> Self {
        let most = deadline.min(Duration::from_secs(u64::from(MOST_SECONDS)));
        Self { places: Arc::new(Semaphore::new(MOST_HELD)), most }
    }

    /// Says why, and lets go of the connection in its time.
    pub(crate) fn take<IO: Transport>(&self, mut link: Link<IO>, reason: Reason, detail: impl Display) -> Error {
        let error = Error::new(NAME, reason).with_detail(detail);
        let has_left = matches!(reason, Reason::Closed | Reason::Io(_) | Reason::Alert(_));
        let delay = link.connection.remaining_blinding_delay();
        if let (false, Ok(delay), Ok(runtime), Ok(place)) =
            (has_left, delay, Handle::try_current(), self.places.clone().try_acquire_owned())
        {
            let most = self.most;
            runtime.spawn(async move {
                let _place = place;
                sleep(delay.min(most)).await;
                // Whether it arrives does not matter.
                let _ = timeout(most, poll_fn(|cx| link.poll_leave(cx, alert(reason)))).await;
            });
        }
        error
    }
}

/// What is told of it (RFC 8446 §6.2).
pub(crate) fn alert(reason: Reason) -> u8 {
    match reason {
        Reason::WrongName | Reason::BadCertificate => 42,
        Reason::Revoked => 44,
        Reason::Expired | Reason::NotYetValid => 45,
        Reason::UnknownIssuer => 48,
        Reason::Malformed => 50,
        Reason::NoSharedVersion => 70,
        Reason::NoSharedProtocol => 120,
        Reason::NoSharedCipher | Reason::NoCertificate => 40,
        _ => 80,
    }
}
