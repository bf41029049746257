//! curl: uploads, downloads, several requests on one connection; by HTTP/1.1 and HTTP/2, with each version of TLS.

use http::Version;
use simplon::proto_tls;

use crate::common::telling::octets;
use crate::common::tools::{curl, there};
use crate::lab::{Front, libraries};

/// What curl calls a version, what it prints of it, and what we call it.
const VERSIONS: [(&str, &str, Version, &[u8]); 2] =
    [("--http1.1", "1.1", Version::HTTP_11, b"http/1.1"), ("--http2", "2", Version::HTTP_2, b"h2")];

/// Whether this curl has all of what is asked of it here.
async fn can() -> bool {
    if !there("curl") {
        return false;
    }
    let (_, features) = curl(&["--version"]).await;
    let can = features.contains("HTTP2") && features.contains("SSL");
    if !can {
        simplon_testkit::skip("curl with TLS and HTTP/2");
    }
    can
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contents_pass_whole_both_ways() {
    if !can().await {
        return;
    }
    for library in libraries() {
        let front = Front::of(&library).await;
        let megabytes = front.pki.folder.file("megabytes", &[1; 3_000_000]);
        let (upload, out) = (format!("@{megabytes}"), front.pki.folder.path().join("out").display().to_string());
        let of = |path: &str| front.url(path);
        let (get, post, put, big) = (of("/get"), of("/post"), of("/put"), of("/octets/5000000"));
        let rows: [(&[&str], &str); 6] = [
            (&[&get], "GET /get 0 0"),
            (&["--data", "small", &post], "POST /post 5 537"),
            (&["--data-binary", &upload, &post], "POST /post 3000000 3000000"),
            (&["-H", "Expect: 100-continue", "--data-binary", &upload, &post], "POST /post 3000000 3000000"),
            (&["-T", &megabytes, &put], "PUT /put 3000000 3000000"),
            (&["--output", &out, "--write-out", "%{size_download}", &big], "5000000"),
        ];
        for (flag, shown, version, alpn) in VERSIONS {
            for (args, wanted) in rows {
                let args = [&[flag], args].concat();
                assert_eq!(front.curl(&args).await, (true, wanted.to_owned()), "{}: {args:?}", library.name());
            }
            assert!(std::fs::read(&out).unwrap() == octets(5_000_000), "{}: {flag}", library.name());
            // One connection for several requests.
            let before = front.proxy.records.len();
            let (ok, text) = front.curl(&[flag, "-w", "|%{num_connects} %{http_version}\n", &get, &post, &put]).await;
            let wanted = format!("GET /get 0 0|1 {shown}\nGET /post 0 0|0 {shown}\nGET /put 0 0|0 {shown}\n");
            assert_eq!((ok, text), (true, wanted), "{}", library.name());
            let record = front.proxy.records.after(before + 2).await;
            let (below, above) = (record.tls.as_ref().unwrap(), record.peer_tls.as_ref().unwrap());
            assert_eq!((below.backend, above.backend), (library.name(), library.name()));
            assert_eq!((record.version, below.alpn.as_deref()), (Some(version), Some(alpn)));
            assert_eq!(above.alpn.as_deref(), Some(&b"h2"[..]), "to the origin");
            assert_eq!(below.server_name.as_deref(), Some("a.test"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_share_a_connection() {
    if !can().await {
        return;
    }
    for library in libraries() {
        let front = Front::of(&library).await;
        let args = ["--http2", "--parallel", "--parallel-max", "40", "-w", "|%{num_connects} %{http_version}\n"];
        let (ok, text) = front.curl(&[&args[..], &[&front.url("/octets/1[0000-0039]")]].concat()).await;
        assert!(ok && text.matches(" 2\n").count() == 40, "{}: {text}", library.name());
        // Those that were not asked to hurry wait for the first one's connection.
        assert!(text.matches("|0 2\n").count() >= 30, "{}: {text}", library.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_versions_of_tls_are_spoken() {
    if !can().await {
        return;
    }
    for library in libraries() {
        let front = Front::of(&library).await;
        for (most, version) in [("1.2", proto_tls::Version::Tls12), ("1.3", proto_tls::Version::Tls13)] {
            for (flag, ..) in VERSIONS {
                let before = front.proxy.records.len();
                let least = format!("--tlsv{most}");
                let (ok, text) = front.curl(&[flag, &least, "--tls-max", most, &front.url("/get")]).await;
                assert_eq!((ok, text.as_str()), (true, "GET /get 0 0"), "{} {most}", library.name());
                let spoken = front.proxy.records.after(before).await.tls;
                assert_eq!(spoken.map(|facts| facts.version), Some(version), "{}", library.name());
            }
        }
        // Our authority is not the system's: the tests above were not answered by somebody else.
        let found = format!("a.test:{}:127.0.0.1", front.proxy.addr.port());
        let (ok, text) = curl(&["--resolve", &found, &front.url("/get")]).await;
        assert!(!ok && text.contains("certificate"), "{}: {text}", library.name());
    }
}
