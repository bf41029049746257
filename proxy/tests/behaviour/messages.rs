//! What passes whichever versions are spoken: methods, statuses, fields, content and its absence. A10, A11, A15, B25

use simplon_proxy::observe::End;
use simplon_proxy::{App, To};
use simplon_testkit::{get, matrix, ok, post, request, status};

matrix! {
    /// A10, B25: a method that nobody knows is passed on, and so is content with any method.
    async fn methods_and_their_content_pass(cell: Cell) {
        let mut stage = cell.plain();
        let mut client = stage.client().await;
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
            for content in ["", "hi"] {
                client.send(request(method, "/a/../b?x=%20&y").body(content)).await;
                let mut asked = stage.request().await;
                assert_eq!((asked.method(), asked.path(), asked.text().as_str()), (method, "/a/../b?x=%20&y", content));
                assert_eq!(asked.all("Host"), ["test"]);
                assert!(asked.field("Transfer-Encoding").is_none(), "{asked:?}");
                asked.respond(ok("answer")).await;
                let response = client.response().await;
                let expected = if method == "HEAD" { "" } else { "answer" };
                assert_eq!((response.text().as_str(), response.field("Content-Length")), (expected, Some("6")));
            }
        }
        assert_eq!(stage.up().tries(), 1);
    }

    /// A11, 12-043, 12-048: HEAD, 204 and 304 have no content, whatever their fields say, and the connections stay usable.
    async fn responses_without_content_leave_both_connections_usable(cell: Cell) {
        let mut stage = cell.plain();
        let mut client = stage.client().await;
        for (asked, reply, length) in [
            (request("HEAD", "/"), ok("hello"), Some("5")),
            (get("/"), status(204), None),
            (get("/"), status(304).field("Content-Length", "5"), Some("5")),
            (request("HEAD", "/"), status(200).unframed(), None),
            (get("/"), ok(""), Some("0")),
        ] {
            client.send(asked.clone()).await;
            stage.request().await.respond(reply.clone()).await;
            let response = client.response().await;
            assert_eq!((response.body.len(), response.field("Content-Length")), (0, length), "{asked:?} {reply:?}");
        }
        client.send(get("/next")).await;
        assert_eq!(stage.request().await.path(), "/next");
        assert_eq!(stage.up().tries(), 1);
    }

    /// A15
    async fn empty_content_does_not_hang(cell: Cell) {
        for asked in [post("/").body(""), post("/").unframed(), request("PUT", "/").chunked("")] {
            let mut stage = cell.plain();
            let (mut client, mut origin) = stage.pass(asked).await;
            assert_eq!(origin.body, b"");
            origin.respond(ok("").chunked("")).await;
            assert_eq!(client.response().await.body, b"");
        }
    }

    /// B25, 12-039: fields of one name keep their order and number, and what is above ASCII is kept as it is.
    async fn fields_are_kept(cell: Cell) {
        let mut stage = cell.plain();
        let told = get("/").field("X-B", "1").field("X-A", "2").field("x-b", b"gr\xfcn").field("Cookie", "a=1; b=2");
        let (mut client, mut asked) = stage.pass(told).await;
        assert_eq!(asked.all("X-A"), ["2"]);
        let of_b = asked.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("X-B"));
        assert_eq!(of_b.map(|(_, value)| &value[..]).collect::<Vec<_>>(), [&b"1"[..], b"gr\xfcn"]);
        assert_eq!(asked.all("Cookie").join("; "), "a=1; b=2");
        asked.respond(ok("").field("Set-Cookie", "a=1").field("X", b"gr\xfcn").field("Set-Cookie", "b=2")).await;
        let response = client.response().await;
        assert_eq!(response.all("Set-Cookie"), ["a=1", "b=2"]);
        let above = response.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("X"));
        assert_eq!(above.unwrap().1, b"gr\xfcn");
    }

    /// A12: a response that ends before its announced length does not look whole.
    async fn a_response_that_falls_short_is_cut(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(To(origin)).retry(()));
        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.begin(status(200).field("Content-Length", "10")).await;
        asked.data(b"half").await.unwrap();
        assert_eq!(client.head().await.status, 200);
        assert_eq!(client.read(4).await.unwrap(), b"half");
        asked.fall_short().await;
        assert!(client.try_response().await.is_err());
        assert_eq!(stage.record().await.end, End::Cut);
    }

    /// A12: nor does such a request, and it is not sent again.
    async fn a_request_that_falls_short_never_ends_at_the_origin(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.begin(request("PUT", "/").field("Content-Length", "10")).await;
        client.data(b"half").await.unwrap();
        assert_eq!(asked.read(4).await.unwrap(), b"half");
        client.fall_short().await;
        assert!(asked.content().await.is_err());
        let record = stage.record().await;
        assert_eq!((record.attempts, record.status.unwrap().as_u16()), (1, 400), "{record:?}");
        stage.nobody_else_came().await;
    }

    /// 12-042: an origin that only ever says "soon" must end somewhere.
    async fn too_many_informational_heads_end_the_exchange(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(To(origin)).retry(()));
        let (mut client, mut asked) = stage.pass(post("/")).await;
        for _ in 0..100 {
            if asked.try_respond(status(103)).await.is_err() {
                break;
            }
        }
        assert_eq!(client.response().await.status, 502);
        assert_eq!(stage.record().await.error, Some("malformed"));
    }
}
