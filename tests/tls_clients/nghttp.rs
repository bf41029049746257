//! nghttp2's programs: `nghttp` for what is on the wire of one connection, `h2load` for many streams at once.

use std::process::Command;

use http::Version;

use crate::common::tools::{run, said, there};
use crate::lab::{Front, libraries};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nghttp_downloads_and_uploads_on_one_connection() {
    if !there("nghttp") {
        return;
    }
    for library in libraries() {
        let front = Front::of(&library).await;
        let data = front.pki.folder.file("data", &[1; 1_000_000]);
        // It connects to the address, and asks for the name in the field.
        let url = |path: &str| format!("https://{}{path}", front.proxy.addr);
        let host = format!("--header=:authority: {}", crate::lab::NAME);
        let mut command = Command::new("nghttp");
        command.args(["--null-out", "--stat", "--verbose", "--no-dep", "--timeout=15s", "--no-verify-peer", &host]);
        command.args(["/octets/1000000", "/octets/2000000", "/none", "/some"].map(url));
        let (ok, text) = said(&run(command).await);
        assert!(ok && text.contains("The negotiated protocol: h2"), "{}: {text}", library.name());
        assert_eq!(text.matches(":status: 200").count(), 4, "{}: {text}", library.name());
        // In its table: the code, the size and the path.
        assert!(text.contains("200 976K /octets/1000000"), "{}: {text}", library.name());
        assert!(!text.contains("RST_STREAM"), "{}: {text}", library.name());
        assert_eq!(front.proxy.records.after(3).await.version, Some(Version::HTTP_2));

        let mut command = Command::new("nghttp");
        command.args(["--data", &data, "--trailer", "x-end: yes", "--timeout=15s", "--no-verify-peer", &host]);
        command.arg(url("/up"));
        let (ok, text) = said(&run(command).await);
        assert!(ok && text.contains("POST /up 1000000 1000000"), "{}: {text}", library.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h2load_sees_every_request_succeed() {
    if !there("h2load") {
        return;
    }
    for library in libraries() {
        let front = Front::of(&library).await;
        let there = format!("--connect-to={}", front.proxy.addr);
        for (flags, shown) in [(&[][..], "h2"), (&["--h1"], "http/1.1")] {
            let mut command = Command::new("h2load");
            command.args(["-n", "600", "-c", "6", "-m", "20", "--connection-active-timeout=15", &there]).args(flags);
            command.arg(front.url("/octets/10000"));
            let (ok, text) = said(&run(command).await);
            let all = "600 total, 600 started, 600 done, 600 succeeded, 0 failed, 0 errored, 0 timeout";
            assert!(ok && text.contains(all), "{}: {text}", library.name());
            assert!(text.contains(&format!("Application protocol: {shown}")), "{}: {text}", library.name());
        }
    }
}
