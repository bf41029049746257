//! What every TLS backend has to do, done by this one.

use std::sync::Arc;

use simplon_proto_tls_s2n::S2n;
use simplon_proto_tls_seam::{Backend, Capability};
use simplon_proto_tls_suite::{Expectations, Wire, conform};

#[test]
fn s2n_with_itself() {
    conform(Arc::new(S2n), Arc::new(S2n), &expectations());
}

/// What differs with this backend at one end or both; the tests of the crate show what holds in place of it. With the validated module, clients
/// cannot be held to TLS 1.2.
fn expectations() -> Expectations {
    if !Backend::<Wire>::capabilities(&S2n).has(Capability::Only12) {
        return Expectations::new();
    }
    let both_close = "with TLS 1.2, s2n closes both directions at once (RFC 5246 §7.2.1)";
    Expectations::new().except("a_lot_both_ways_at_once", both_close).except("half_closed_goes_on", both_close)
}
