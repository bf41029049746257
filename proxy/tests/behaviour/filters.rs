//! Filters that answer, look at content, and change it. C35, C36, 12-066

use bytes::Bytes;
use http::StatusCode;
use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::net::ConnInfo;
use simplon_proto_http::{Fields, Last};
use simplon_proxy::{
    App, Chain, Chunk, Chunks, Collected, Filter, Request, Response, ResponseView, Route, Target, To, Verdict,
};
use simplon_testkit::{Cut, app, filter, get, ok, post, request, status};

use crate::stage;

/// Gives every response another status.
struct Status(u16);

impl Filter<()> for Status {
    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
        response.status = StatusCode::from_u16(self.0).unwrap();
        Ok(())
    }
}

/// C35, P#852
#[tokio::test(start_paused = true)]
async fn a_status_may_be_changed_to_one_without_content() {
    for said in [ok("hello"), ok("").chunked("hello"), ok("")] {
        for to in [204, 304] {
            let mut stage = stage::filtered(Status(to));
            let (mut client, mut origin) = stage.pass(get("/1")).await;
            origin.request().await;
            origin.send(said.clone()).await;
            let response = client.response().await;
            assert_eq!((response.status, response.body.len()), (to, 0), "{said:?}");
            client.send(get("/2")).await;
            let mut next = tokio::select! {
                biased;
                fresh = stage.origin.accept() => fresh,
                () = async { while !origin.received().octets().windows(2).any(|two| two == b"/2") { tokio::task::yield_now().await } } => origin,
            };
            assert_eq!(next.request().await.path(), "/2");
            next.send(ok("two")).await;
            assert_eq!(client.response().await.status, to);
        }
    }
}

/// C35
#[tokio::test(start_paused = true)]
async fn a_status_may_be_changed_to_one_with_content() {
    let outcome = filter(Status(200)).origin(|_| status(204)).await;
    assert_eq!((outcome.response.status, outcome.response.body.len()), (200, 0));
    let outcome = filter(Status(500)).origin(|_| ok("kept")).await;
    assert_eq!((outcome.response.status, outcome.response.text().as_str()), (500, "kept"));
}

/// 12-110: 101 that a filter invents is an error before any content.
#[tokio::test(start_paused = true)]
async fn an_invented_101_of_a_filter_is_an_error() {
    let outcome = filter(Status(101)).origin(|_| ok("hello")).await;
    assert_eq!(outcome.response.status, 500);
    assert_eq!(outcome.record.error, Some("misuse"));
    let upgrade = get("/").field("Connection", "Upgrade").field("Upgrade", "websocket");
    let outcome = filter(Status(101)).request(upgrade).origin(|_| ok("hello")).await;
    assert_ne!(outcome.response.status, 101);
}

type Change = fn(Chunk, &mut Chunks);

/// Does something to each piece of the response.
struct Pieces(Change);

impl Filter<()> for Pieces {
    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
        response.rewrite();
        Ok(())
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut ()) -> Result<()> {
        (self.0)(chunk, out);
        Ok(())
    }
}

fn split(chunk: Chunk, out: &mut Chunks) {
    match chunk {
        Chunk::Data(octets, last) => {
            for octet in octets.iter() {
                out.push(Chunk::Data(Bytes::copy_from_slice(&[*octet]), Last::No));
            }
            out.push(Chunk::Data(Bytes::new(), last));
        }
        trailers @ Chunk::Trailers(_) => out.push(trailers),
    }
}

fn append(chunk: Chunk, out: &mut Chunks) {
    let last = chunk.last();
    out.push(chunk);
    if last == Last::Yes {
        out.push(Chunk::Data(Bytes::from_static(b" and more"), Last::Yes));
    }
}

fn drop_all(_chunk: Chunk, _out: &mut Chunks) {}

fn with_trailers(chunk: Chunk, out: &mut Chunks) {
    let last = chunk.last();
    if let Chunk::Data(octets, _) = chunk {
        out.push(Chunk::Data(octets, Last::No));
    }
    if last == Last::Yes {
        out.push(Chunk::Trailers(Fields::from_pairs([("Added", "yes")]).unwrap()));
    }
}

/// C36
#[tokio::test(start_paused = true)]
async fn a_filter_may_split_append_and_drop_pieces_of_a_response() {
    for said in [ok("hello"), ok("").chunked("hello")] {
        let changes: [(Change, _, _); 4] = [
            (split, "hello", None),
            (append, "hello and more", None),
            (drop_all, "", None),
            (with_trailers, "hello", Some("yes")),
        ];
        for (change, expected, trailer) in changes {
            let said = said.clone();
            let outcome = filter(Pieces(change)).origin(move |_| said.clone()).await;
            assert_eq!(outcome.response.text(), expected);
            assert_eq!(outcome.response.trailer("Added"), trailer);
            assert_eq!(outcome.cut, None);
        }
    }
}

/// C36: what a filter makes of HEAD and 204 still has no content.
#[tokio::test(start_paused = true)]
async fn a_filter_that_appends_leaves_responses_without_content_alone() {
    let outcome = filter(Pieces(append)).request(request("HEAD", "/")).origin(|_| ok("hello")).await;
    assert_eq!((outcome.response.status, outcome.response.body.len(), outcome.cut), (200, 0, None));
    let outcome = filter(Pieces(append)).origin(|_| status(204)).await;
    assert_eq!((outcome.response.status, outcome.response.body.len(), outcome.cut), (204, 0, None));
}

/// A filter that changes the length without saying so ends the exchange; nothing ambiguous is written.
#[tokio::test(start_paused = true)]
async fn a_filter_that_breaks_the_announced_length_cuts_the_response() {
    struct Unsaid(Change);
    impl Filter<()> for Unsaid {
        async fn response_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut ()) -> Result<()> {
            (self.0)(chunk, out);
            Ok(())
        }
    }
    for change in [append as Change, drop_all] {
        let outcome = filter(Unsaid(change)).origin(|_| ok("hello")).await;
        assert!(outcome.cut.is_some() || outcome.response.status == 500, "{:?}", outcome.response);
        assert_eq!(outcome.record.error, Some("misuse"));
    }
}

/// Holds the whole response back and gives it out reversed.
struct Reverse;

impl Filter<Vec<u8>> for Reverse {
    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut Vec<u8>) -> Result<()> {
        response.rewrite();
        Ok(())
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut Vec<u8>) -> Result<()> {
        let last = chunk.last();
        if let Chunk::Data(octets, _) = &chunk {
            cx.extend_from_slice(octets);
        }
        if last == Last::Yes {
            cx.reverse();
            out.push(Chunk::Data(std::mem::take(cx).into(), Last::Yes));
        }
        Ok(())
    }
}

/// Everything to one peer, with octets as the state of an exchange.
struct Holding(Peer);

impl Route for Holding {
    type Ctx = Vec<u8>;

    fn begin(&self, _from: &ConnInfo) -> Vec<u8> {
        Vec::new()
    }

    async fn route(&self, _request: &mut Request<'_>, _cx: &mut Vec<u8>) -> Result<Target> {
        Ok(Target::Forward(self.0.clone()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_may_hold_a_response_back_until_it_has_ended() {
    let outcome = app(|origin| App::new(Holding(origin)).filter(Reverse)).origin(|_| ok("").chunked("stressed")).await;
    assert_eq!(outcome.response.text(), "desserts");
}

/// The order of filters: first to last on the request side, last to first on the response side.
#[tokio::test(start_paused = true)]
async fn filters_stack_in_order() {
    struct Named(&'static str);
    impl Filter<()> for Named {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            request.fields.append("Order", self.0).unwrap();
            Ok(Verdict::Continue)
        }
        async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
            response.fields.append("Order", self.0).unwrap();
            Ok(())
        }
        async fn response_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut ()) -> Result<()> {
            if let Chunk::Data(octets, last) = chunk {
                out.push(Chunk::Data([&octets[..], self.0.as_bytes()].concat().into(), last));
            }
            Ok(())
        }
    }
    struct Rewrite;
    impl Filter<()> for Rewrite {
        async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
            response.rewrite();
            Ok(())
        }
    }
    let stacked = app(|origin| App::new(To(origin)).filter(Rewrite).filter(Named("1")).filter(Named("2")));
    let chained =
        app(|origin| App::new(To(origin)).filter(Chain::new().with(Rewrite).with(Named("1")).with(Named("2"))));
    for harness in [stacked, chained] {
        let outcome = harness.origin(|_| ok("x")).await;
        assert_eq!(outcome.origin_saw()[0].all("Order"), ["1", "2"]);
        assert_eq!(outcome.response.all("Order"), ["2", "1"]);
        assert_eq!(outcome.response.text(), "x21");
    }
}

/// A filter that answers: no later filter sees the request, every one sees the response.
#[tokio::test(start_paused = true)]
async fn a_filter_that_answers_ends_the_request_side() {
    struct Answers;
    impl Filter<()> for Answers {
        async fn request(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            Ok(Response::text(StatusCode::FORBIDDEN, "no").field("X-Mine", "1").unwrap().into())
        }
    }
    struct Never;
    impl Filter<()> for Never {
        async fn request(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            panic!("a later filter saw the request")
        }
        async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
            response.fields.append("X-Seen", "1").unwrap();
            Ok(())
        }
    }
    let outcome =
        app(|origin| App::new(To(origin)).filter(Answers).filter(Never)).request(post("/").body("content")).await;
    assert_eq!((outcome.response.status, outcome.response.text().as_str()), (403, "no"));
    assert_eq!((outcome.response.field("X-Mine"), outcome.response.field("X-Seen")), (Some("1"), Some("1")));
    assert!(outcome.origin_saw().is_empty());
}

/// An answer of ours to HEAD has no content and says how much there would have been.
#[tokio::test(start_paused = true)]
async fn an_answer_of_ours_to_head_has_no_content() {
    struct Answers;
    impl Filter<()> for Answers {
        async fn request(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            Ok(Response::text(StatusCode::OK, "hello").into())
        }
    }
    let mut stage = stage::filtered(Answers);
    let mut client = stage.rig.client();
    client.send(request("HEAD", "/")).await;
    let response = client.response().await;
    assert_eq!((response.field("Content-Length"), response.body.len()), (Some("5"), 0));
    client.send(get("/")).await;
    assert_eq!(client.response().await.text(), "hello");
    stage.origin.nobody_came().await;
}

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

/// P#816, 12-066
#[tokio::test(start_paused = true)]
async fn content_may_be_looked_at_before_routing_and_still_passes() {
    for (asked, seen) in [
        (post("/").body("hello"), "5 hell"),
        (post("/").chunked("hello"), "5 hell"),
        (post("/").body(""), "0"),
        (post("/").chunked(""), "0"),
        (get("/"), "0"),
        (post("/").body("x".repeat(10)), "10 xxxx"),
        (post("/").chunked("hello").trailer("T", "1"), "5 hell"),
    ] {
        let outcome = app(|peer| App::new(ByContent { limit: 10, peer })).request(asked.clone()).await;
        assert_eq!(outcome.response.status, 200, "{asked:?}");
        let request = &outcome.origin_saw()[0];
        assert_eq!(request.field("X-Route"), Some(seen));
        let expected = seen.split(' ').next().unwrap();
        assert_eq!(request.body.len().to_string(), expected, "{asked:?}");
    }
    for asked in [post("/").body("x".repeat(11)), post("/").chunked("x".repeat(100_000))] {
        let outcome = app(|peer| App::new(ByContent { limit: 10, peer })).request(asked).await;
        assert_eq!(outcome.response.status, 413);
        assert!(outcome.origin_saw().is_empty());
    }
}

/// A client that waits for 100 is told to go on by whoever wants its content.
#[tokio::test(start_paused = true)]
async fn looking_at_content_tells_a_client_that_waits_to_go_on() {
    let mut stage = stage::with(|peer| App::new(ByContent { limit: 10, peer }));
    let mut client = stage.rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(client.head().await.unwrap().status, 100);
    client.send("hello").await;
    let mut origin = stage.origin.accept().await;
    let request = origin.request().await;
    assert_eq!((request.text().as_str(), request.field("Expect")), ("hello", None));
    origin.send(ok("")).await;
    let response = client.response().await;
    assert_eq!((response.status, response.interim.len()), (200, 0));
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

/// C36, P#243: framing follows by itself.
#[tokio::test(start_paused = true)]
async fn replacing_content_fixes_the_framing() {
    for text in ["", "new content"] {
        for asked in [post("/").body("old"), post("/").chunked("old").trailer("T", "1"), get("/")] {
            for said in [ok("old"), ok("").chunked("old").trailer("T", "1"), ok("")] {
                let outcome = filter(Replace(text)).request(asked.clone()).origin(move |_| said.clone()).await;
                let request = &outcome.origin_saw()[0];
                assert_eq!((request.text().as_str(), request.all("Content-Length").len()), (text, 1), "{request:?}");
                assert_eq!(outcome.response.text(), text);
                assert_eq!(outcome.response.field("Content-Length"), Some(text.len().to_string().as_str()));
                assert_eq!(outcome.cut, None);
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

/// B27: a field that would break the message cannot be added.
#[tokio::test(start_paused = true)]
async fn a_field_with_a_line_break_is_refused_where_it_is_added() {
    struct Breaks;
    impl Filter<()> for Breaks {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            for value in ["a\r\nX-Injected: 1", "a\nb", "a\0b"] {
                assert!(request.fields.set("X-Mine", value).is_err());
            }
            assert!(request.fields.set("X Mine", "a").is_err());
            Ok(Verdict::Continue)
        }
    }
    let outcome = filter(Breaks).await;
    assert_eq!(outcome.origin_saw()[0].field("X-Injected"), None);
}

/// 12-109: what filters do to Host is checked again on the way out.
#[tokio::test(start_paused = true)]
async fn a_filter_may_change_the_host_but_not_break_it() {
    struct Host(&'static [&'static str]);
    impl Filter<()> for Host {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            request.fields.remove("Host");
            for host in self.0 {
                request.fields.append("Host", *host).unwrap();
            }
            Ok(Verdict::Continue)
        }
    }
    let outcome = filter(Host(&["other:8080"])).await;
    assert_eq!(outcome.origin_saw()[0].all("Host"), ["other:8080"]);
    for hosts in [["a", "b"].as_slice(), &["a b"], &["u@a"]] {
        let outcome = filter(Host(hosts)).await;
        assert_eq!(outcome.response.status, 500, "{hosts:?}");
        assert!(outcome.origin_saw().is_empty(), "{hosts:?}");
    }
}

/// Framing fields that a filter sets by hand do not make a message ambiguous.
#[tokio::test(start_paused = true)]
async fn framing_set_by_hand_cannot_make_a_message_ambiguous() {
    struct Framing(&'static str, &'static str);
    impl Filter<()> for Framing {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            let _ = request.fields.append(self.0, self.1);
            Ok(Verdict::Continue)
        }
        async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
            let _ = response.fields.append(self.0, self.1);
            Ok(())
        }
    }
    for (name, value) in [
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "3"),
        ("Content-Length", "x"),
        ("Connection", "close"),
        ("Transfer-Encoding", "gzip"),
    ] {
        // The strict readers on both sides fail the test if anything ambiguous is written.
        let outcome = filter(Framing(name, value)).request(post("/").body("hello")).origin(|_| ok("hello")).await;
        assert!(!matches!(outcome.cut, Some(Cut::Malformed(_))), "{name}: {value}: {outcome:?}");
    }
}
