//! What the guide says of this backend.
#![cfg(feature = "aws-lc-rs")]

use std::sync::Arc;

use simplon_proto_tls_rustls::Rustls;
use simplon_proto_tls_seam::Backend;
use simplon_proto_tls_suite::{Wire, page};

#[test]
fn the_page_on_backends_shows_what_rustls_can_do() {
    let backend: Arc<dyn Backend<Wire>> = Arc::new(Rustls::new());
    page::shows("rustls", &backend);
}
