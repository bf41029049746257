//! Names that read alike, trailers, lengths and targets: one rule for every pair of versions.

use simplon_proto_http::target::Slashes;
use simplon_proxy::{App, Paths, To};
use simplon_testkit::matrix::Version;
use simplon_testkit::{get, matrix, ok, post, request, status};

/// What no origin may hear of a client that nobody trusts, and no trailer section may hold.
const FORGED: &[&str] = &[
    "X_Forwarded_For",
    "X-Forwarded_Proto",
    "x_forwarded-host",
    "X_Forwarded_Prefix",
    "X_Real_IP",
    "Client_Cert",
    "Client_Cert-Chain",
    "Proxy_Authorization",
    "Max_Forwards",
];
const NOT_IN_TRAILERS: &[&str] = &[
    "Client-Cert",
    "X-Forwarded-Prefix",
    "X-Forwarded-Client-Cert",
    "Location",
    "Host",
    "Set-Cookie",
    "X_Forwarded_For",
];

matrix! {
    async fn names_that_read_like_ours_do_not_reach_the_origin(cell: Cell) {
        let mut stage = cell.plain();
        let forged = FORGED.iter().fold(get("/").field("x_y", "kept"), |request, name| request.field(name, "6.6.6.6"));
        let (mut client, mut asked) = stage.pass(forged).await;
        assert_eq!(asked.field("x_y"), Some("kept"));
        assert!(!format!("{asked:?}").contains("6.6.6.6"), "{asked:?}");
        asked.respond(ok("").field("keep_alive", "timeout=5").field("x_y", "kept")).await;
        let response = client.response().await;
        assert_eq!((response.field("keep_alive"), response.field("x_y")), (None, Some("kept")));
    }

    async fn names_that_read_like_framing_are_refused(cell: Cell) {
        for name in ["Content_Length", "Transfer_Encoding", "content_length"] {
            let mut stage = cell.plain();
            let mut client = stage.client().await;
            client.send(post("/").field(name, "5").body("hello")).await;
            assert_eq!(client.response().await.status, 400, "{name}");
            stage.nobody_else_came().await;
            let (mut client, mut asked) = stage.pass(post("/").body("a")).await;
            asked.respond(ok("hello").field(name, "7")).await;
            assert_eq!(client.response().await.status, 502, "{name}");
        }
    }

    async fn what_has_no_place_in_trailers_is_dropped_in_both_directions(cell: Cell) {
        let mut stage = cell.plain();
        let request = post("/").field("TE", "trailers").chunked("hello").trailer("X-Sum", "7");
        let request = NOT_IN_TRAILERS.iter().fold(request, |request, name| request.trailer(name, "6.6.6.6"));
        let (mut client, mut asked) = stage.pass(request).await;
        assert_eq!(asked.trailers.len(), 1, "{asked:?}");
        assert_eq!(asked.trailer("X-Sum"), Some("7"));
        let reply = status(200).field("Trailer", "X-Sum").chunked("hello").trailer("X-Sum", "7");
        asked.respond(NOT_IN_TRAILERS.iter().fold(reply, |reply, name| reply.trailer(name, "6.6.6.6"))).await;
        let response = client.response().await;
        assert_eq!((response.text().as_str(), response.trailer("X-Sum")), ("hello", Some("7")));
        assert_eq!(response.trailers.len(), 1, "{response:?}");
        // The connections are as good as before.
        client.send(get("/again")).await;
        stage.request().await.respond(ok("again")).await;
        assert_eq!(client.response().await.text(), "again");
    }

    async fn octets_above_ascii_in_a_target_are_refused(cell: Cell) {
        let mut stage = cell.plain();
        let mut client = stage.client().await;
        client.send(get("/caf\u{e9}")).await;
        assert_eq!(client.response().await.status, 400);
        stage.nobody_else_came().await;
    }

    async fn lengths_are_written_as_everybody_reads_them(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(post("/").unframed().body("0123456789").field("Content-Length", "010")).await;
        assert_eq!((asked.all("Content-Length"), asked.text()), (vec!["10"], "0123456789".to_owned()));
        asked.respond(status(200).unframed().body("0123456789").field("Content-Length", "0010")).await;
        let response = client.response().await;
        assert_eq!((response.all("Content-Length"), response.text()), (vec!["10"], "0123456789".to_owned()));
    }
    async fn paths_go_on_as_they_came_in_normal_form_or_not_at_all(cell: Cell) {
        let with = |paths| move |origin| App::new(To(origin)).paths(paths);
        for (paths, path, reaches) in [
            (Paths::AsReceived, "/x/../%61?q=%61//", Some("/x/../%61?q=%61//")),
            (Paths::Normal(Slashes::Merged), "//x/%2e%2e/%61?q=%61//", Some("/a?q=%61//")),
            (Paths::Normal(Slashes::Kept), "//a/./b", Some("//a/b")),
            (Paths::Normal(Slashes::Merged), "/a", Some("/a")),
            (Paths::Refuse(Slashes::Merged), "/a/.b?c=/../", Some("/a/.b?c=/../")),
            (Paths::Refuse(Slashes::Kept), "//a", Some("//a")),
            (Paths::Refuse(Slashes::Merged), "//a", None),
            (Paths::Refuse(Slashes::Merged), "/%61", None),
            (Paths::Refuse(Slashes::Kept), "/a/..", None),
        ] {
            let mut stage = cell.with(with(paths));
            let mut client = stage.client().await;
            client.send(get(path)).await;
            if let Some(reaches) = reaches {
                let mut asked = stage.request().await;
                assert_eq!(asked.path(), reaches, "{paths:?}");
                asked.respond(ok("")).await;
            }
            let expected = if reaches.is_some() { 200 } else { 400 };
            assert_eq!(client.response().await.status, expected, "{paths:?} {path}");
        }
    }

    /// RFC 9110 §7.6.2
    async fn trace_and_options_go_so_far_and_no_further(cell: Cell) {
        let mut stage = cell.plain();
        let mut client = stage.client().await;
        for method in ["OPTIONS", "TRACE"] {
            client.send(request(method, "/").field("Max-Forwards", "0")).await;
            assert_eq!(client.response().await.status, 200, "{method}");
            client.send(request(method, "/").field("Max-Forwards", "7")).await;
            let mut asked = stage.request().await;
            assert_eq!(asked.all("Max-Forwards"), ["6"], "{method}");
            asked.respond(ok("")).await;
            client.response().await;
        }
        client.send(get("/").field("Max-Forwards", "0")).await;
        let mut asked = stage.request().await;
        assert_eq!(asked.all("Max-Forwards"), ["0"]);
        asked.respond(ok("")).await;
        assert_eq!(client.response().await.status, 200);
    }

    /// RFC 9110 §6.6.2: only HTTP/2 can say both how long content is and what follows it.
    async fn trailers_beside_a_length_arrive_where_they_were_promised(cell: Cell) {
        for takes in [true, false] {
            let mut stage = cell.plain();
            let asked = if takes { get("/").field("TE", "trailers") } else { get("/") };
            let (mut client, mut asked) = stage.pass(asked).await;
            let reply = status(200).field("Trailer", "X-Sum").field("Content-Length", "5");
            match cell.up() {
                Version::H2 => {
                    asked.begin(reply.unframed()).await;
                    asked.data(b"hello").await.unwrap();
                    asked.end_with(&[("x-sum", "7")]).await;
                }
                _ => asked.respond(reply.unframed().body("hello")).await,
            }
            let response = client.response().await;
            assert_eq!(response.text(), "hello");
            let arrive = cell.up() == Version::H2 && (takes || cell.down() == Version::H2);
            assert_eq!(response.trailer("X-Sum"), arrive.then_some("7"), "{takes}");
            assert_eq!(response.field("Trailer").is_some(), arrive, "{takes}: {response:?}");
        }
    }
}
