//! The keys of session tickets, as the library wants them.

use std::time::{Duration, SystemTime};

use s2n_tls::config::Builder;
use s2n_tls::error::Error;
use simplon_proto_tls_seam::tickets::TicketKey;

use crate::NAME;

/// Keys that the library takes. Far more than are kept in rotation.
const MOST_KEYS: usize = 48;
/// Time that a key makes tickets for. Rotation is ours: a key goes when it is not among those of the seam any more.
const MAKES: Duration = Duration::from_secs(10 * YEAR);
/// Time that a key opens tickets for, after that.
const OPENS: Duration = Duration::from_secs(10 * YEAR);
const YEAR: u64 = 365 * 24 * 3600;
/// Keys are a day older than they are, so that a clock that is set back does not make them future ones.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The first makes tickets, the others open them.
///
/// The library makes tickets with any key that is young enough for it, so the others are given out as too old.
pub(crate) fn set(builder: &mut Builder, keys: &[TicketKey]) -> Result<(), Error> {
    let current = SystemTime::now() - DAY;
    builder.set_ticket_key_encrypt_decrypt_lifetime(MAKES)?.set_ticket_key_decrypt_lifetime(OPENS)?;
    for (n, key) in keys.iter().take(MOST_KEYS).enumerate() {
        // Backends that share keys do not mistake each other's tickets for theirs.
        let key = key.for_context(NAME.as_bytes());
        let secret = [key.cipher, key.mac].concat();
        let since = if n == 0 { current } else { current - MAKES };
        builder.add_session_ticket_key(&key.name, &secret, since)?;
    }
    Ok(())
}
