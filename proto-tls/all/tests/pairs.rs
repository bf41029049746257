//! The suite with a server of each backend and a client of each other one.

use std::sync::Arc;

use simplon_proto_tls::Capability;
use simplon_proto_tls::boringssl::BoringSsl;
use simplon_proto_tls::openssl::OpenSsl;
use simplon_proto_tls::rustls::Rustls;
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

macro_rules! pairs {
    ($($name:ident: $server:ident, $client:ident;)*) => {$(
        #[test]
        fn $name() {
            conform($server(), $client(), &Expectations::new());
        }
    )*};
}

pairs! {
    rustls_serves_openssl: rustls, openssl;
    rustls_serves_boringssl: rustls, boringssl;
    openssl_serves_rustls: openssl, rustls;
    openssl_serves_boringssl: openssl, boringssl;
    boringssl_serves_rustls: boringssl, rustls;
    boringssl_serves_openssl: boringssl, openssl;
}

#[test]
fn each_name_leads_to_its_own_library() {
    assert!(OpenSsl::new().version().starts_with("OpenSSL "));
    let post_quantum = |backend: &dyn Backend<Wire>| backend.capabilities().has(Capability::PostQuantum);
    assert!(post_quantum(&*boringssl()));
    assert_eq!(post_quantum(&*openssl()), OpenSsl::new().version() >= "OpenSSL 3.5");
}
