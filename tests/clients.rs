//! Clients and origins that others wrote: curl, Python's `http.client`, nginx, wrk. What is not installed is left out, and that is said;
//! where `CI` is `true`, all must be there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::process::Command;
use std::time::Duration;

use common::child::{Program, example};
use common::nginx::Nginx;
use common::origin::Origin;
use common::telling::telling;
use common::tools::{Folder, curl, run, there};
use common::{Proxy, soon};
use simplon::core::http::Timeouts;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_does_all_that_it_can() {
    if !there("curl") {
        return;
    }
    let origin = telling().await;
    let proxy = Proxy::to(origin.local_addrs()[0], Timeouts::default()).await;
    let url = format!("http://{}", proxy.addr);
    let folder = Folder::new();
    let big = folder.file("big", &[1; 2_000_000]);
    let upload = format!("@{big}");
    let of = |path: &str| format!("{url}{path}");
    let rows: Vec<(Vec<String>, &str)> = vec![
        (vec![of("/get")], "GET /get 0 0"),
        (vec!["--http1.0".into(), of("/old")], "GET /old 0 0"),
        (vec!["-X".into(), "DELETE".into(), of("/gone")], "DELETE /gone 0 0"),
        (vec!["--data".into(), "small".into(), of("/post")], "POST /post 5 537"),
        (
            vec!["-H".into(), "Expect: 100-continue".into(), "--data-binary".into(), upload.clone(), of("/expect")],
            "POST /expect 2000000 2000000",
        ),
        (
            vec!["-H".into(), "Expect:".into(), "--data-binary".into(), upload.clone(), of("/plain")],
            "POST /plain 2000000 2000000",
        ),
        (
            vec![
                "-H".into(),
                "Transfer-Encoding: chunked".into(),
                "--data-binary".into(),
                upload.clone(),
                of("/chunked"),
            ],
            "POST /chunked 2000000 2000000",
        ),
        (vec!["-T".into(), big, of("/put")], "PUT /put 2000000 2000000"),
        (vec!["--http1.0".into(), "--data".into(), "small".into(), of("/old-post")], "POST /old-post 5 537"),
        (vec!["--proxy".into(), url.clone(), "http://elsewhere.example/absolute".into()], "GET /absolute 0 0"),
        (vec!["--path-as-is".into(), of("/../a//b/%2e")], "GET /../a//b/%2e 0 0"),
    ];
    for (args, wanted) in &rows {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        assert_eq!(curl(&args).await, (true, (*wanted).to_owned()), "{args:?}");
    }
    let (ok, head) = curl(&["--head", &of("/head")]).await;
    assert!(
        ok && head.starts_with("HTTP/1.1 200 ") && head.to_ascii_lowercase().contains("content-length: "),
        "{head}"
    );
    // One connection for several requests.
    let (ok, text) = curl(&[&of("/1"), &of("/2"), &of("/3"), "--write-out", "|%{num_connects}\n"]).await;
    assert!(ok && text.matches("|0\n").count() == 2, "{text}");
    let (ok, text) = curl(&["--parallel", "--parallel-immediate", &of("/p[1-40]")]).await;
    assert!(ok && text.matches("GET /p").count() == 40, "{text}");
}

/// Prior knowledge: nobody asks first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_speaks_http_2() {
    if !there("curl") {
        return;
    }
    let (_, features) = curl(&["--version"]).await;
    if !features.contains("HTTP2") {
        return simplon_testkit::skip("curl with HTTP/2");
    }
    let origin = telling().await;
    let proxy = Proxy::to(origin.local_addrs()[0], Timeouts::default()).await;
    let of = |path: &str| format!("http://{}{path}", proxy.addr);
    let folder = Folder::new();
    let big = folder.file("big", &[1; 2_000_000]);
    let upload = format!("@{big}");
    let (get, post, sent, many) = (of("/get"), of("/post"), of("/put"), of("/p[1-40]"));
    let rows: [(&[&str], &str); 4] = [
        (&[&get], "GET /get 0 0"),
        (&["--data", "small", &post], "POST /post 5 537"),
        (&["--data-binary", &upload, &post], "POST /post 2000000 2000000"),
        (&["-T", &big, &sent], "PUT /put 2000000 2000000"),
    ];
    for (args, wanted) in rows {
        let args = [&["--http2-prior-knowledge"], args].concat();
        assert_eq!(curl(&args).await, (true, wanted.to_owned()), "{args:?}");
    }
    let (ok, head) = curl(&["--http2-prior-knowledge", "--head", &of("/head")]).await;
    assert!(ok && head.starts_with("HTTP/2 200"), "{head}");
    // Version 7.88 cannot use such a connection twice: each of these has one of its own.
    let (ok, text) = curl(&[
        "--http2-prior-knowledge",
        "--parallel",
        "--parallel-immediate",
        "--parallel-max",
        "40",
        "--write-out",
        "|%{http_version}\n",
        &many,
    ])
    .await;
    assert!(ok && text.matches("|2\n").count() == 40, "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_hears_an_early_413() {
    if !there("curl") {
        return;
    }
    for origin in [
        Origin::start(|mut link| async move {
            link.head().await;
            let _ = link
                .send(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 8\r\n\r\ntoo much")
                .await;
            // Closed with octets unread, it would be reset, and a reset may take the answer with it (RFC 9112 §9.6).
            link.until_closed().await;
        })
        .await,
        Origin::start(|mut link| async move {
            link.head().await;
            let _ = link.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\ntoo much").await;
            link.until_closed().await;
        })
        .await,
    ] {
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let folder = Folder::new();
        let big = folder.file("big", &[2; 5_000_000]);
        let upload = format!("@{big}");
        let url = format!("http://{}/", proxy.addr);
        for expect in ["Expect: 100-continue", "Expect:"] {
            let (_, text) =
                curl(&["-H", expect, "--data-binary", &upload, &url, "--write-out", "|%{http_code}|"]).await;
            assert!(text.contains("too much|413|"), "{expect:?}: {text}");
        }
    }
}

const PYTHON: &str = r#"
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
sock = None
for n in range(50):
    if n % 2:
        c.request("GET", f"/{n}")
        wanted = f"GET /{n} 0 0"
    elif n % 4:
        c.request("POST", f"/{n}", body=b"a" * 1000)
        wanted = f"POST /{n} 1000 97000"
    else:
        c.request("PUT", f"/{n}", body=iter([b"a" * 500, b"b" * 500]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        wanted = f"PUT /{n} 1000 97500"
    r = c.getresponse()
    got = r.read().decode()
    assert (r.status, got) == (200, wanted), (r.status, got, wanted)
    assert sock in (None, c.sock), "the connection was not kept"
    sock = c.sock
c.request("HEAD", "/head")
r = c.getresponse()
assert r.status == 200 and r.read() == b"" and int(r.getheader("Content-Length")) > 0
print("fine")
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_keeps_its_connection() {
    if !there("python3") {
        return;
    }
    let origin = telling().await;
    let proxy = Proxy::to(origin.local_addrs()[0], Timeouts::default()).await;
    let mut command = Command::new("python3");
    command.args(["-c", PYTHON, &proxy.addr.port().to_string()]);
    let output = run(command).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout), "fine\n", "{}", String::from_utf8_lossy(&output.stderr));
}

/// Files, answers of every kind, and connections that end after every seventh request.
fn nginx() -> Nginx {
    Nginx::start(|addr, folder| {
        let f = folder.display();
        std::fs::create_dir_all(folder.join("html")).unwrap();
        std::fs::write(folder.join("html/big"), vec![b'n'; 3_000_000]).unwrap();
        format!(
            "client_max_body_size 1k; server {{ listen {addr}; root {f}/html; keepalive_requests 7;\n\
             location /say {{ return 200 \"nginx says $request_method $uri\"; }} location /none {{ return 204; }}\n\
             location /drop {{ return 444; }} \
             location /gz {{ gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any; alias {f}/html/big; }} }}"
        )
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_is_an_origin() {
    if !there("nginx") {
        return;
    }
    let nginx = nginx();
    let proxy = Proxy::to(nginx.addr, Timeouts::default()).await;
    let mut client = common::client::Client::connect(proxy.addr).await;
    for n in 0..40 {
        // nginx closes after every seventh request: nobody notices.
        let reply = soon("an answer", client.get(&format!("/say/{n}"))).await.unwrap();
        assert_eq!(reply.text(), format!("nginx says GET /say/{n}"));
    }
    assert_eq!(soon("204", client.get("/none")).await.unwrap().status, 204);
    assert_eq!(soon("404", client.get("/missing")).await.unwrap().status, 404);
    assert_eq!(soon("a file", client.get("/big")).await.unwrap().body, vec![b'n'; 3_000_000]);
    client.send("GET /gz HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n").await;
    let zipped = soon("chunks", client.reply()).await.unwrap();
    assert!(zipped.body.len() < 100_000 && zipped.field("transfer-encoding") == Some("chunked"), "{}", zipped.head);
    client.send("HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let head = soon("a head", client.head()).await.unwrap();
    assert!(head.contains("Content-Length: 3000000"), "{head}");
    assert_eq!(soon("502", client.get("/drop")).await.unwrap().status, 502);
    let too_big = soon("413", client.post("/say", &[0; 100_000])).await.unwrap();
    assert_eq!(too_big.status, 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrk_sees_no_error() {
    if !there("wrk") {
        return;
    }
    let path = tokio::task::spawn_blocking(|| example("load_balancer")).await.unwrap();
    for flavour in ["stealing", "per-core"] {
        let balancer = Program::start(Command::new(&path).args([
            "--listen",
            "127.0.0.1:0",
            "--threads",
            "2",
            "--runtime",
            flavour,
        ]));
        let mut command = Command::new("wrk");
        command.args(["-t2", "-c64", "-d2s", &format!("http://{}/", balancer.listening())]);
        let output = run(command).await;
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("requests in"), "{text}");
        assert!(!text.contains("Socket errors") && !text.contains("Non-2xx"), "{flavour}: {text}");
        assert!(balancer.cpu() > Duration::ZERO);
    }
}
