//! What the guide says of this backend.

use std::sync::Arc;

use simplon_proto_tls_s2n::S2n;
use simplon_proto_tls_seam::Backend;
use simplon_proto_tls_suite::{Wire, page};

#[test]
fn the_page_on_backends_shows_what_s2n_can_do() {
    let backend: Arc<dyn Backend<Wire>> = Arc::new(S2n);
    page::shows("s2n-tls", &backend);
}
