//! L88: reloads without end. Alone in its program, as it looks at the memory of all of it.
#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]

use std::sync::Arc;

use simplon_proto_tls_rustls::Rustls;
use simplon_proto_tls_suite::reloads::leak_nothing;

#[test]
fn ten_thousand_reloads_leak_nothing() {
    leak_nothing(Arc::new(Rustls::new()), 10_000);
}

#[test]
#[ignore = "takes a minute or two; alone, as the other one would be counted too"]
fn a_hundred_thousand_reloads_leak_nothing() {
    leak_nothing(Arc::new(Rustls::new()), 100_000);
}
