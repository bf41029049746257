//! `openssl s_client`: versions, application protocols, certificates by name, and the staple.

use std::process::{Command, Stdio};
use std::sync::Arc;

use simplon::prelude::*;
use simplon::proto_tls::site::{Names, Site};

use crate::common::soon;
use crate::common::tools::{said, there};
use crate::lab::{Front, NAME, OTHER, libraries, pem};

/// A request by HTTP/1.1, after which the proxy closes.
pub(crate) const REQUEST: &str = "GET /get HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";

/// What it says of a connection that asks for [`NAME`], sends this request, and is closed by the proxy; whether it was content.
pub(crate) async fn s_client(front: &Front, args: &[&str], request: &'static str) -> (bool, String) {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &front.proxy.addr.to_string(), "-CAfile", &front.pki.ca]);
    command.args(["-verify_return_error", "-ign_eof"]).args(args);
    if !args.contains(&"-servername") {
        command.args(["-servername", NAME]);
    }
    let run = tokio::task::spawn_blocking(move || {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may be gone already; what it said tells why.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), request.as_bytes());
        child.wait_with_output().unwrap()
    });
    said(&soon("s_client", run).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_1_2_and_1_3_are_spoken_and_1_1_is_not() {
    if !there("openssl") {
        return;
    }
    for library in libraries() {
        let front = Front::of(&library).await;
        for (flag, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let (ok, text) = s_client(&front, &[flag], REQUEST).await;
            assert!(ok && text.contains(&format!("New, {version}, Cipher is ")), "{}: {text}", library.name());
            assert!(text.contains("Verification: OK") && text.contains("GET /get 0 0"), "{}: {text}", library.name());
        }
        // OpenSSL's own rules would forbid it to ask.
        let (ok, text) = s_client(&front, &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], REQUEST).await;
        assert!(!ok && text.contains("alert protocol version"), "{}: {text}", library.name());
        assert_eq!(front.proxy.records.len(), 2, "{}", library.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proxy_s_order_of_protocols_counts() {
    if !there("openssl") {
        return;
    }
    for library in libraries() {
        let front = Front::of(&library).await;
        for version in ["-tls1_2", "-tls1_3"] {
            for (offered, outcome) in [
                ("http/1.1", "ALPN protocol: http/1.1"),
                ("spdy/1,http/1.1", "ALPN protocol: http/1.1"),
                // HTTP/2 it does not speak: its request is no preface, and the proxy says so and closes.
                ("http/1.1,h2", "ALPN protocol: h2"),
            ] {
                let (_, text) = s_client(&front, &[version, "-alpn", offered], REQUEST).await;
                assert!(text.contains(outcome), "{} {version} {offered}: {text}", library.name());
            }
            let (ok, text) = s_client(&front, &[version], REQUEST).await;
            assert!(ok && text.contains("No ALPN negotiated"), "{} {version}: {text}", library.name());
            let (ok, text) = s_client(&front, &[version, "-alpn", "spdy/1"], REQUEST).await;
            assert!(!ok && text.contains("alert no application protocol"), "{} {version}: {text}", library.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_chooses_the_certificate() {
    if !there("openssl") {
        return;
    }
    for library in libraries() {
        let front = Front::of(&library).await;
        let shown = front.identities.each_ref().map(|one| pem("CERTIFICATE", one.certificate().der()));
        for version in ["-tls1_2", "-tls1_3"] {
            for (name, own, other) in [(NAME, &shown[0], &shown[1]), (OTHER, &shown[1], &shown[0])] {
                let args = [version, "-servername", name, "-verify_hostname", name];
                let (ok, text) = s_client(&front, &args, REQUEST).await;
                assert!(ok && text.contains(own) && !text.contains(other), "{} {name}: {text}", library.name());
            }
            let (ok, text) = s_client(&front, &[version, "-servername", "c.test"], REQUEST).await;
            assert!(!ok && text.contains("unrecognized name"), "{}: {text}", library.name());
        }
    }
}

/// One that OpenSSL itself made, and reads again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_staple_is_shown_to_those_who_ask() {
    if !there("openssl") {
        return;
    }
    for library in libraries() {
        let mut stapled = None;
        let front = Front::with(&library, |pki, config| {
            let identity = pki.authority.identity(&[NAME]);
            let serial: String = identity.certificate().serial().unwrap().iter().map(|b| format!("{b:02X}")).collect();
            let index = format!("V\t400101000000Z\t\t{serial}\tunknown\t/CN=leaf\n");
            let index = pki.folder.file("index", index.as_bytes());
            let (leaf, responder) = (pki.file("leaf", &identity), pki.file("responder", &pki.authority.identity(&[])));
            let staple = pki.folder.path().join("staple");
            let mut command = Command::new("openssl");
            command.args(["ocsp", "-index", &index, "-CA", &pki.ca, "-issuer", &pki.ca, "-cert", &leaf]);
            command.args(["-rsigner", &responder, "-ndays", "2", "-noverify", "-respout"]).arg(&staple);
            let (ok, text) = said(&command.output().unwrap());
            assert!(ok, "{text}");
            let identity = identity.with_staple(std::fs::read(&staple).unwrap()).unwrap();
            config.sites = Arc::new(Names::new().site(NAME, Site::new(identity)));
            stapled = Some(serial);
        })
        .await;
        let serial = format!("Serial Number: {}", stapled.unwrap());
        for version in ["-tls1_2", "-tls1_3"] {
            let (ok, text) = s_client(&front, &[version, "-status"], REQUEST).await;
            for part in ["OCSP Response Status: successful", "Cert Status: good", &serial] {
                assert!(ok && text.contains(part), "{} {version} {part}: {text}", library.name());
            }
            let (ok, text) = s_client(&front, &[version], REQUEST).await;
            assert!(ok && !text.contains("OCSP"), "{} {version}: {text}", library.name());
        }
        let plain = Front::of(&library).await;
        let (ok, text) = s_client(&plain, &["-status"], REQUEST).await;
        assert!(ok && text.contains("OCSP response: no response sent"), "{}: {text}", library.name());
    }
}

/// Keys of tickets are made anew for each end unless they are shared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_resumed_in_both_versions() {
    if !there("openssl") {
        return;
    }
    for library in libraries() {
        let (front, other) = (Front::of(&library).await, Front::of(&library).await);
        for (flag, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let session = front.pki.folder.path().join(version).display().to_string();
            let before = front.proxy.records.len();
            let (ok, text) = s_client(&front, &[flag, "-sess_out", &session], REQUEST).await;
            assert!(ok && text.contains(&format!("New, {version}")), "{}: {text}", library.name());
            let (ok, text) = s_client(&front, &[flag, "-sess_in", &session], REQUEST).await;
            let reused = format!("Reused, {version}");
            assert!(ok && text.contains(&reused) && text.contains("GET /get 0 0"), "{}: {text}", library.name());
            for (number, resumed) in [false, true].into_iter().enumerate() {
                let tls = front.proxy.records.after(before + number).await.tls.unwrap();
                assert_eq!(tls.resumed, resumed, "{} {version}", library.name());
                assert_eq!(tls.server_name.as_deref(), Some(NAME), "{} {version}", library.name());
            }
            // To a proxy with other keys it is nothing; its certificate is another authority's.
            let args = [flag, "-sess_in", &session, "-CAfile", &other.pki.ca];
            let (ok, text) = s_client(&other, &args, REQUEST).await;
            assert!(ok && text.contains(&format!("New, {version}")), "{}: {text}", library.name());
        }
    }
}

/// A front that asks its clients for certificates of another authority than its own.
async fn asking(library: &crate::lab::Library, auth: fn(Arc<Trust>) -> ClientAuth) -> (Front, [String; 3]) {
    let mut files = None;
    let front = Front::with(library, |pki, config| {
        let clients = simplon_proto_tls_suite::pki::Authority::new("clients");
        let stranger = simplon_proto_tls_suite::pki::Authority::new("strangers").identity(&["me.test"]);
        let expired = simplon_proto_tls_suite::pki::Leaf::of(&["me.test"]);
        let expired = clients.issue(&expired.valid(simplon_proto_tls_suite::pki::Valid::Before));
        files = Some([
            pki.file("good", &clients.identity(&["me.test"])),
            pki.file("stranger", &stranger),
            pki.file("expired", &expired),
        ]);
        config.client_auth = auth(Arc::new(clients.trust()));
    })
    .await;
    (front, files.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_show_the_certificates_that_they_have_to() {
    if !there("openssl") {
        return;
    }
    for library in libraries() {
        for (auth, is_needed) in [(ClientAuth::Required as fn(_) -> _, true), (ClientAuth::Optional, false)] {
            let (front, [good, stranger, expired]) = asking(&library, auth).await;
            for version in ["-tls1_2", "-tls1_3"] {
                let before = front.proxy.records.len();
                let (ok, text) = s_client(&front, &[version, "-cert", &good], REQUEST).await;
                assert!(ok && text.contains("GET /get 0 0"), "{} {version}: {text}", library.name());
                let tls = front.proxy.records.after(before).await.tls.unwrap();
                let subject = tls.peer_certificate().and_then(|shown| shown.subject()).unwrap();
                assert!(subject.contains("O=Leaves"), "{}: {subject}", library.name());

                // In TLS 1.3 a client is done before it is known: there is no answer in place of a handshake then.
                let (_, text) = s_client(&front, &[version], REQUEST).await;
                assert_eq!(text.contains("GET /get 0 0"), !is_needed, "{} {version}: {text}", library.name());
                for bad in [&stranger, &expired] {
                    let (_, text) = s_client(&front, &[version, "-cert", bad], REQUEST).await;
                    assert!(!text.contains("GET /get"), "{} {version} {bad}: {text}", library.name());
                }
                let served = front.proxy.records.len();
                assert_eq!(served, before + if is_needed { 1 } else { 2 }, "{} {version}", library.name());
            }
        }
    }
}
