//! Content that is looked at before it passes, and content that is put in its place. C36, 12-066

use http::StatusCode;
use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::net::ConnInfo;
use simplon_proxy::{App, Collected, Filter, Request, Response, ResponseView, Route, Target, Verdict};
use simplon_testkit::{get, matrix, ok, post};

use crate::stage;

/// Routes by what the content says; passes it on untouched.
struct ByContent {
    limit: usize,
    peer: Peer,
}

impl Route for ByContent {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let peeked = request.peek(4).await?;
        assert_eq!(request.peek(2).await?, peeked.slice(..peeked.len().min(2)));
        match request.collect(self.limit).await? {
            Collected::Over => Ok(Response::new(StatusCode::PAYLOAD_TOO_LARGE).into()),
            Collected::Whole(content) => {
                request.fields.set("X-Route", format!("{} {}", content.len(), peeked.escape_ascii())).unwrap();
                Ok(Target::Forward(self.peer.clone()))
            }
        }
    }
}

/// Puts other content in place, on both sides.
struct Replace(&'static str);

impl Filter<()> for Replace {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        request.replace(self.0);
        Ok(Verdict::Continue)
    }

    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
        response.replace(self.0);
        Ok(())
    }
}

matrix! {
    /// P#816, 12-066
    async fn content_may_be_looked_at_before_routing_and_still_passes(cell: Cell) {
        for (asked, seen) in [
            (post("/").body("hello"), "5 hell"),
            (post("/").chunked("hello"), "5 hell"),
            (post("/").body(""), "0"),
            (post("/").chunked(""), "0"),
            (get("/"), "0"),
            (post("/").body("x".repeat(10)), "10 xxxx"),
            (post("/").chunked("hello").trailer("T", "1"), "5 hell"),
        ] {
            let stage = cell.with(|peer| App::new(ByContent { limit: 10, peer }));
            let outcome = stage.outcome(asked.clone(), |_| ok("")).await;
            assert_eq!(outcome.response.status, 200, "{asked:?}");
            let request = &outcome.origin_saw()[0];
            assert_eq!(request.field("X-Route"), Some(seen));
            let expected = seen.split(' ').next().unwrap();
            assert_eq!(request.body.len().to_string(), expected, "{asked:?}");
        }
        for asked in [post("/").body("x".repeat(11)), post("/").chunked("x".repeat(100_000))] {
            let stage = cell.with(|peer| App::new(ByContent { limit: 10, peer }));
            let outcome = stage.outcome(asked, |_| ok("")).await;
            assert_eq!(outcome.response.status, 413);
            assert!(outcome.origin_saw().is_empty());
        }
    }

    /// A client that waits for 100 is told to go on by whoever wants its content.
    async fn looking_at_content_tells_a_client_that_waits_to_go_on(cell: Cell) {
        let mut stage = cell.with(|peer| App::new(ByContent { limit: 10, peer }));
        let mut client = stage.client().await;
        client.begin(post("/").field("Content-Length", "5").field("Expect", "100-continue")).await;
        assert_eq!(client.head().await.status, 100);
        client.data(b"hello").await.unwrap();
        client.end().await;
        let mut asked = stage.request().await;
        assert_eq!((asked.text().as_str(), asked.field("Expect")), ("hello", None));
        asked.respond(ok("")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.interim.len()), (200, 0));
    }

    /// C36, P#243: framing follows by itself.
    async fn replacing_content_fixes_the_framing(cell: Cell) {
        for text in ["", "new content"] {
            for asked in [post("/").body("old"), post("/").chunked("old").trailer("T", "1"), get("/")] {
                for said in [ok("old"), ok("").chunked("old").trailer("T", "1"), ok("")] {
                    let outcome = cell.filtered(Replace(text)).outcome(asked.clone(), move |_| said.clone()).await;
                    let request = &outcome.origin_saw()[0];
                    assert_eq!((request.text().as_str(), request.all("Content-Length").len()), (text, 1), "{request:?}");
                    assert_eq!(outcome.response.text(), text);
                    assert_eq!(outcome.response.field("Content-Length"), Some(text.len().to_string().as_str()));
                    assert_eq!(outcome.cut, None);
                }
            }
        }
    }
}

/// After content was replaced, what the client still sends is not the next request.
#[tokio::test(start_paused = true)]
async fn replaced_content_is_still_read_from_the_client() {
    let mut stage = stage::filtered(Replace("new"));
    let (mut client, mut origin) =
        stage.pass([post("/1").body("old content").encode(), get("/2").encode()].concat()).await;
    assert_eq!(origin.request().await.text(), "new");
    origin.send(ok("x")).await;
    client.response().await;
    let mut next = origin;
    if tokio::time::timeout(std::time::Duration::from_secs(1), next.head())
        .await
        .is_ok_and(|head| head.is_ok_and(|head| head.path() == "/2"))
    {
        return;
    }
    assert_eq!(stage.origin.accept().await.request().await.path(), "/2");
}
