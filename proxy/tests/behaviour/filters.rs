//! Filters that answer, and filters that change what passes. C35, C36

use bytes::Bytes;
use http::StatusCode;
use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::net::ConnInfo;
use simplon_proto_http::{Fields, Last};
use simplon_proxy::{App, Chain, Chunk, Chunks, Filter, Request, Response, ResponseView, Route, Target, To, Verdict};
use simplon_testkit::{filter, get, matrix, ok, post, request, status};

/// Gives every response another status.
struct Status(u16);

impl Filter<()> for Status {
    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
        response.status = StatusCode::from_u16(self.0).unwrap();
        Ok(())
    }
}

matrix! {
    /// C35, P#852
    async fn a_status_may_be_changed_to_one_without_content(cell: Cell) {
        for said in [ok("hello"), ok("").chunked("hello"), ok("")] {
            for to in [204, 304] {
                let mut stage = cell.filtered(Status(to));
                let (mut client, mut asked) = stage.pass(get("/1")).await;
                asked.respond(said.clone()).await;
                let response = client.response().await;
                assert_eq!((response.status, response.body.len()), (to, 0), "{said:?}");
                client.send(get("/2")).await;
                let mut next = stage.request().await;
                assert_eq!(next.path(), "/2");
                next.respond(ok("two")).await;
                assert_eq!(client.response().await.status, to);
            }
        }
    }

    /// C35
    async fn a_status_may_be_changed_to_one_with_content(cell: Cell) {
        let outcome = cell.filtered(Status(200)).outcome(get("/"), |_| status(204)).await;
        assert_eq!((outcome.response.status, outcome.response.body.len()), (200, 0));
        let outcome = cell.filtered(Status(500)).outcome(get("/"), |_| ok("kept")).await;
        assert_eq!((outcome.response.status, outcome.response.text().as_str()), (500, "kept"));
    }

    /// 12-110: 101 that a filter invents is an error before any content.
    async fn an_invented_101_of_a_filter_is_an_error(cell: Cell) {
        let outcome = cell.filtered(Status(101)).outcome(get("/"), |_| ok("hello")).await;
        assert_eq!(outcome.response.status, 500);
        assert_eq!(outcome.record.error, Some("misuse"));
    }

    /// 12-110: also where a switch was asked for.
    async fn a_switch_that_a_filter_invents_is_none(cell: Cell) {
        let mut stage = cell.filtered(Status(101));
        let mut client = stage.client().await;
        client.upgrade("/", "websocket").await;
        stage.head().await.respond(status(403).body("hello")).await;
        assert_eq!(client.response().await.status, 500);
    }
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

/// Changes the length without saying so.
struct Unsaid(Change);

impl Filter<()> for Unsaid {
    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut ()) -> Result<()> {
        (self.0)(chunk, out);
        Ok(())
    }
}

matrix! {
    /// C36
    async fn a_filter_may_split_append_and_drop_pieces_of_a_response(cell: Cell) {
        for said in [ok("hello"), ok("").chunked("hello")] {
            let changes: [(Change, _, _); 4] = [
                (split, "hello", None),
                (append, "hello and more", None),
                (drop_all, "", None),
                (with_trailers, "hello", Some("yes")),
            ];
            for (change, expected, trailer) in changes {
                let said = said.clone();
                let outcome = cell.filtered(Pieces(change)).outcome(get("/"), move |_| said.clone()).await;
                assert_eq!(outcome.response.text(), expected);
                assert_eq!(outcome.response.trailer("Added"), trailer);
                assert_eq!(outcome.cut, None);
            }
        }
    }

    /// C36: what a filter makes of HEAD and 204 still has no content.
    async fn a_filter_that_appends_leaves_responses_without_content_alone(cell: Cell) {
        let outcome = cell.filtered(Pieces(append)).outcome(request("HEAD", "/"), |_| ok("hello")).await;
        assert_eq!((outcome.response.status, outcome.response.body.len(), outcome.cut), (200, 0, None));
        let outcome = cell.filtered(Pieces(append)).outcome(get("/"), |_| status(204)).await;
        assert_eq!((outcome.response.status, outcome.response.body.len(), outcome.cut), (204, 0, None));
    }

    /// A filter that changes the length without saying so ends the exchange; nothing ambiguous is written.
    async fn a_filter_that_breaks_the_announced_length_cuts_the_response(cell: Cell) {
        for change in [append as Change, drop_all] {
            let outcome = cell.filtered(Unsaid(change)).outcome(get("/"), |_| ok("hello")).await;
            assert!(outcome.cut.is_some() || outcome.response.status == 500, "{:?}", outcome.response);
            assert_eq!(outcome.record.error, Some("misuse"));
        }
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

/// Says that it was there, in the head of both messages and at the end of the content.
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
        let (last, octets) = (chunk.last(), if let Chunk::Data(octets, _) = chunk { octets } else { Bytes::new() });
        let name = if last == Last::Yes { self.0.as_bytes() } else { b"" };
        out.push(Chunk::Data([&octets[..], name].concat().into(), last));
        Ok(())
    }
}

/// Says that the length will be another one.
struct Rewrite;

impl Filter<()> for Rewrite {
    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
        response.rewrite();
        Ok(())
    }
}

/// Answers with this.
struct Answers(StatusCode, &'static str);

impl Filter<()> for Answers {
    async fn request(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        Ok(Response::text(self.0, self.1).field("X-Mine", "1").unwrap().into())
    }
}

matrix! {
    async fn a_filter_may_hold_a_response_back_until_it_has_ended(cell: Cell) {
        let stage = cell.with(|origin| App::new(Holding(origin)).filter(Reverse));
        let outcome = stage.outcome(get("/"), |_| ok("").chunked("stressed")).await;
        assert_eq!(outcome.response.text(), "desserts");
    }

    /// The order of filters: first to last on the request side, last to first on the response side.
    async fn filters_stack_in_order(cell: Cell) {
        let stacked = cell.with(|origin| App::new(To(origin)).filter(Rewrite).filter(Named("1")).filter(Named("2")));
        let chain = Chain::new().with(Rewrite).with(Named("1")).with(Named("2"));
        let chained = cell.with(|origin| App::new(To(origin)).filter(chain));
        for outcome in [stacked.outcome(get("/"), |_| ok("x")).await, chained.outcome(get("/"), |_| ok("x")).await] {
            assert_eq!(outcome.origin_saw()[0].all("Order"), ["1", "2"]);
            assert_eq!(outcome.response.all("Order"), ["2", "1"]);
            assert_eq!(outcome.response.text(), "x21");
        }
    }

    /// A filter that answers: no later filter sees the request, every one sees the response.
    async fn a_filter_that_answers_ends_the_request_side(cell: Cell) {
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
        let answers = Answers(StatusCode::FORBIDDEN, "no");
        let stage = cell.with(|origin| App::new(To(origin)).filter(answers).filter(Never));
        let outcome = stage.outcome(post("/").body("content"), |_| ok("")).await;
        assert_eq!((outcome.response.status, outcome.response.text().as_str()), (403, "no"));
        assert_eq!((outcome.response.field("X-Mine"), outcome.response.field("X-Seen")), (Some("1"), Some("1")));
        assert!(outcome.origin_saw().is_empty());
    }

    /// An answer of ours to HEAD has no content and says how much there would have been.
    async fn an_answer_of_ours_to_head_has_no_content(cell: Cell) {
        let mut stage = cell.filtered(Answers(StatusCode::OK, "hello"));
        let mut client = stage.client().await;
        client.send(request("HEAD", "/")).await;
        let response = client.response().await;
        assert_eq!((response.field("Content-Length"), response.body.len()), (Some("5"), 0));
        client.send(get("/")).await;
        assert_eq!(client.response().await.text(), "hello");
        stage.nobody_else_came().await;
    }
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

/// Puts these hosts in place.
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

/// Adds a field to both messages.
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

matrix! {
    /// 12-109: what filters do to Host is checked again on the way out.
    async fn a_filter_may_change_the_host_but_not_break_it(cell: Cell) {
        let outcome = cell.filtered(Host(&["other:8080"])).outcome(get("/"), |_| ok("")).await;
        assert_eq!(outcome.origin_saw()[0].all("Host"), ["other:8080"]);
        for hosts in [["a", "b"].as_slice(), &["a b"], &["u@a"]] {
            let outcome = cell.filtered(Host(hosts)).outcome(get("/"), |_| ok("")).await;
            assert_eq!(outcome.response.status, 500, "{hosts:?}");
            assert!(outcome.origin_saw().is_empty(), "{hosts:?}");
        }
    }

    /// Framing fields that a filter sets by hand do not make a message ambiguous.
    async fn framing_set_by_hand_cannot_make_a_message_ambiguous(cell: Cell) {
        for (name, value) in [
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "3"),
            ("Content-Length", "x"),
            ("Connection", "close"),
            ("Transfer-Encoding", "gzip"),
        ] {
            // The strict readers on both sides fail the test if anything ambiguous is written.
            let _ = cell.filtered(Framing(name, value)).outcome(post("/").body("hello"), |_| ok("hello")).await;
        }
    }
}
