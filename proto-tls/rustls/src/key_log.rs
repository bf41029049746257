//! Session secrets, in the words of the NSS key log format.

use std::fmt::{self, Write};
use std::sync::Arc;

use simplon_proto_tls_seam::server::KeyLog;

/// Writes lines for rustls.
pub(crate) struct Lines(pub(crate) Arc<dyn KeyLog>);

impl rustls::KeyLog for Lines {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = String::with_capacity(label.len() + 2 + 2 * (client_random.len() + secret.len()));
        line.push_str(label);
        for octets in [client_random, secret] {
            line.push(' ');
            for octet in octets {
                // Writing to a string does not fail.
                let _ = write!(line, "{octet:02x}");
            }
        }
        self.0.line(&line);
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines")
    }
}
