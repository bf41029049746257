//! What the guide says of this backend.

use std::sync::Arc;

use simplon_proto_tls_openssl::OpenSsl;
use simplon_proto_tls_seam::Backend;
use simplon_proto_tls_suite::{Wire, page};

#[test]
fn the_page_on_backends_shows_what_openssl_can_do() {
    let openssl = OpenSsl::new();
    // A row for each, as no build has both.
    let row = if openssl.version() >= "OpenSSL 3.5" { "OpenSSL 3.5 and later" } else { "OpenSSL 3.0" };
    let backend: Arc<dyn Backend<Wire>> = Arc::new(openssl);
    page::shows(row, &backend);
}
