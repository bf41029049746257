//! The suite of all backends, with OpenSSL at both ends.

use std::sync::Arc;

use simplon_proto_tls_openssl::OpenSsl;
use simplon_proto_tls_suite::{Expectations, conform};

#[test]
fn openssl_conforms() {
    conform(Arc::new(OpenSsl::new()), Arc::new(OpenSsl::new()), &Expectations::new());
}
