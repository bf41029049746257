//! What a proxy makes of an origin's certificate: none but a good one is believed, and the record of the exchange and its error say what is wrong.

use std::error::Error as _;
use std::sync::{Arc, Mutex};

use simplon::core::connect::Versions;
use simplon::core::http::Timeouts;
use simplon::prelude::*;
use simplon::proto_tls::Capability;
use simplon_proto_tls_suite::pki::{Authority, Leaf, Valid, self_signed};

use crate::common::client::Client;
use crate::common::telling::telling_on;
use crate::common::{Proxy, soon};
use crate::lab::{Library, Pki, libraries};

/// What failed attempts said, with all of their causes.
#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Vec<String>>>);

impl<Ctx> Observe<Ctx> for Failures {
    fn on(&self, event: &Event<'_>, _cx: &mut Ctx) {
        let Event::AttemptFailed { error, .. } = event else { return };
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text += &format!(": {error}");
            cause = error.source();
        }
        self.0.lock().unwrap().push(text);
    }
}

/// What came of one request to an origin with this certificate: the status, the label in the record, and what the error said.
struct Outcome(u16, Option<&'static str>, String);

/// Asks an origin at an IP address, which has to prove that address unless the client names something else.
async fn ask(library: &Library, origin: Identity, client: TlsClient) -> Outcome {
    let end = TlsServer::new(Arc::clone(library), ServerConfig::of(origin)).unwrap();
    let origin = telling_on(tcp("127.0.0.1:0").unwrap().tls(end)).await;
    let peer = Peer::builder(origin.local_addrs()[0]).versions(Versions::Auto).tls(client).build().unwrap();
    let failures = Failures::default();
    let proxy = Proxy::of(|app| app.retry(()).observe(failures.clone()), peer, Timeouts::default()).await;
    let reply = soon("an answer", Client::connect(proxy.addr).await.get("/get")).await.unwrap();
    let record = proxy.records.after(0).await;
    let said = failures.0.lock().unwrap().join("\n");
    Outcome(reply.status, record.error, said)
}

#[track_caller]
fn refused(outcome: Outcome, label: &str, reason: &str, name: &str) {
    let Outcome(status, error, said) = outcome;
    assert_eq!((status, error), (502, Some(label)), "{said}");
    // Whom, why, and in the words of the library if it has any.
    assert!(said.contains(&format!("TLS handshake with {name}: {reason}")), "{said}");
}

fn end(library: &Library, config: ClientConfig) -> TlsClient {
    TlsClient::new(&**library, config).unwrap()
}

/// L87: an address is proved by an address, and nothing that is missing switches verification off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_origin_at_an_address_proves_the_address() {
    for library in libraries() {
        let pki = Pki::new();
        let plain = end(&library, pki.client());
        let Outcome(status, error, said) = ask(&library, pki.authority.identity(&["127.0.0.1"]), plain.clone()).await;
        assert_eq!((status, error), (200, None), "{}: {said}", library.name());
        for names in [&["a.test"][..], &["192.0.2.1"], &[]] {
            let outcome = ask(&library, pki.authority.identity(names), plain.clone()).await;
            refused(outcome, "tls-wrong-name", "the certificate is for other names", "127.0.0.1");
        }
        // A peer with a name has to prove that one, also at an address.
        let named = plain.named(ServerName::parse("a.test").unwrap());
        let Outcome(status, _, said) = ask(&library, pki.authority.identity(&["a.test"]), named.clone()).await;
        assert_eq!(status, 200, "{}: {said}", library.name());
        let outcome = ask(&library, pki.authority.identity(&["127.0.0.1"]), named).await;
        refused(outcome, "tls-wrong-name", "the certificate is for other names", "a.test");
    }
}

/// L87: the same results by every library.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_in_the_record() {
    for library in libraries() {
        let pki = Pki::new();
        let (ca, stranger) = (&pki.authority, Authority::new("strangers"));
        let leaf = || Leaf::of(&["127.0.0.1"]);
        for (identity, label, reason) in [
            (ca.issue(&leaf().valid(Valid::Before)), "tls-expired", "the certificate has expired"),
            (ca.issue(&leaf().valid(Valid::Later)), "tls-not-yet-valid", "the certificate is not valid yet"),
            (self_signed(&["127.0.0.1"]), "tls-unknown-issuer", "the certificate's issuer is unknown"),
            (stranger.issue(&leaf()), "tls-unknown-issuer", "the certificate's issuer is unknown"),
        ] {
            let outcome = ask(&library, identity, end(&library, pki.client())).await;
            refused(outcome, label, reason, "127.0.0.1");
        }
        // Those whom the system trusts do not know our authority either. A machine may have none.
        if let Ok(system) = TlsClient::new(&*library, ClientConfig::new()) {
            let outcome = ask(&library, ca.issue(&leaf()), system).await;
            refused(outcome, "tls-unknown-issuer", "the certificate's issuer is unknown", "127.0.0.1");
        }
    }
}

/// L89: where a library knows no revocation lists, a configuration with one is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_certificate_is_refused_or_the_list_is() {
    for library in libraries() {
        let pki = Pki::new();
        let [good, bad] = [(); 2].map(|()| pki.authority.identity(&["127.0.0.1"]));
        let config = ClientConfig::new().trust(pki.authority.trust().crl(pki.authority.revoke(&[&bad])));
        if !library.capabilities().has(Capability::Crl) {
            let error = TlsClient::new(&*library, config).unwrap_err().to_string();
            assert_eq!(error, format!("the TLS backend {} has no revocation lists", library.name()));
            continue;
        }
        let client = end(&library, config);
        let Outcome(status, _, said) = ask(&library, good, client.clone()).await;
        assert_eq!(status, 200, "{}: {said}", library.name());
        refused(ask(&library, bad, client).await, "tls-revoked", "the certificate was revoked", "127.0.0.1");
    }
}

/// Only by a method whose name says what it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verification_is_off_only_where_that_is_said() {
    for library in libraries() {
        let insecure = end(&library, ClientConfig::new().danger_accept_anyone());
        let Outcome(status, error, said) = ask(&library, self_signed(&["a.test"]), insecure).await;
        assert_eq!((status, error), (200, None), "{}: {said}", library.name());
    }
}
