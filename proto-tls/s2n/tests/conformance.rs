//! What every TLS backend has to do, done by this one.

use std::sync::Arc;

use simplon_proto_tls_s2n::S2n;
use simplon_proto_tls_suite::{Expectations, conform};

#[test]
fn s2n_with_itself() {
    conform(Arc::new(S2n), Arc::new(S2n), &Expectations::new());
}
