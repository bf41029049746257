//! What the guide says of this backend.

use std::sync::Arc;

use simplon_proto_tls_openssl::OpenSsl;
use simplon_proto_tls_seam::Backend;
use simplon_proto_tls_suite::{Wire, page};

#[test]
fn the_page_on_backends_shows_what_openssl_can_do() {
    let backend: Arc<dyn Backend<Wire>> = Arc::new(OpenSsl::new());
    page::shows("OpenSSL 3.0", &backend);
}
