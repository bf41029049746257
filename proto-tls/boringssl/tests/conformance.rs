//! The suite of all backends, with BoringSSL at both ends.

use std::sync::Arc;

use simplon_proto_tls_boringssl::BoringSsl;
use simplon_proto_tls_suite::{Expectations, conform};

#[test]
fn boringssl_conforms() {
    conform(Arc::new(BoringSsl::new()), Arc::new(BoringSsl::new()), &Expectations::new());
}
