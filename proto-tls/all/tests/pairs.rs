//! The suite with a server of each backend and a client of each other one.

use std::sync::Arc;

use simplon_proto_tls::Capability;
use simplon_proto_tls::boringssl::BoringSsl;
use simplon_proto_tls::openssl::OpenSsl;
use simplon_proto_tls::rustls::Rustls;
use simplon_proto_tls::s2n::S2n;
use simplon_proto_tls::session::Backend;
use simplon_proto_tls_suite::{Expectations, Wire, conform};

fn rustls() -> Arc<dyn Backend<Wire>> {
    Arc::new(Rustls::new())
}

fn openssl() -> Arc<dyn Backend<Wire>> {
    Arc::new(OpenSsl::new())
}

fn boringssl() -> Arc<dyn Backend<Wire>> {
    Arc::new(BoringSsl::new())
}

fn s2n() -> Arc<dyn Backend<Wire>> {
    Arc::new(S2n)
}

macro_rules! pairs {
    ($expectations:expr; $($name:ident: $server:ident, $client:ident;)*) => {$(
        #[test]
        fn $name() {
            conform($server(), $client(), &$expectations);
        }
    )*};
}

pairs! {
    Expectations::new();
    rustls_serves_openssl: rustls, openssl;
    rustls_serves_boringssl: rustls, boringssl;
    openssl_serves_rustls: openssl, rustls;
    openssl_serves_boringssl: openssl, boringssl;
    boringssl_serves_rustls: boringssl, rustls;
    boringssl_serves_openssl: boringssl, openssl;
}

pairs! {
    with_s2n();
    rustls_serves_s2n: rustls, s2n;
    openssl_serves_s2n: openssl, s2n;
    boringssl_serves_s2n: boringssl, s2n;
    s2n_serves_rustls: s2n, rustls;
    s2n_serves_openssl: s2n, openssl;
    s2n_serves_boringssl: s2n, boringssl;
}

/// As with itself: it is the same at whichever end.
fn with_s2n() -> Expectations {
    let both_close = "with TLS 1.2, s2n closes both directions at once (RFC 5246 §7.2.1)";
    Expectations::new().except("a_lot_both_ways_at_once", both_close).except("half_closed_goes_on", both_close)
}

#[test]
fn each_name_leads_to_its_own_library() {
    assert!(OpenSsl::new().version().starts_with("OpenSSL "));
    let post_quantum = |backend: &dyn Backend<Wire>| backend.capabilities().has(Capability::PostQuantum);
    assert!(post_quantum(&*boringssl()));
    assert_eq!(post_quantum(&*openssl()), OpenSsl::new().version() >= "OpenSSL 3.5");
}
