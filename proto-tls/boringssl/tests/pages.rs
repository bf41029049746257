//! What the guide says of this backend.

use std::sync::Arc;

use simplon_proto_tls_boringssl::BoringSsl;
use simplon_proto_tls_seam::Backend;
use simplon_proto_tls_suite::{Wire, page};

#[test]
fn the_page_on_backends_shows_what_boringssl_can_do() {
    let backend: Arc<dyn Backend<Wire>> = Arc::new(BoringSsl::new());
    page::shows("BoringSSL", &backend);
}
