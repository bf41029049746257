//! rustls on both sides.
#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]

use std::sync::Arc;

use simplon_proto_tls_rustls::Rustls;
use simplon_proto_tls_suite::{Expectations, conform};

#[test]
fn rustls_with_itself() {
    let backend = Arc::new(Rustls::new());
    conform(backend.clone(), backend, &Expectations::new());
}

#[cfg(all(feature = "ring", feature = "aws-lc-rs"))]
#[test]
fn ring_with_aws_lc() {
    conform(Arc::new(Rustls::ring()), Arc::new(Rustls::aws_lc_rs()), &Expectations::new());
    conform(Arc::new(Rustls::aws_lc_rs()), Arc::new(Rustls::ring()), &Expectations::new());
}
