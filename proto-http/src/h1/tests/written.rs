//! Messages out: what is written, and what is refused.

use super::*;
use crate::fields::Known;

/// A server that has read this request.
fn after(request: &str) -> Machine<Server> {
    let mut machine = Machine::<Server>::new(Arc::default());
    feed(&mut machine, request.as_bytes());
    take(&mut machine, &mut Story::default());
    assert!(machine.is_read());
    machine
}

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n";
const OLD: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

fn response(status: u16, fields: &[(&str, &str)]) -> ResponseHead {
    let mut head = ResponseHead::new(StatusCode::from_u16(status).unwrap());
    head.fields = Fields::from_pairs(fields.iter().copied()).unwrap();
    head
}

/// What goes out for a head and content.
fn answered(request: &str, head: ResponseHead, data: &[&'static str]) -> (String, Machine<Server>) {
    let mut machine = after(request);
    let last = if data.is_empty() { Last::Yes } else { Last::No };
    machine.send(Part::Head(head, last)).unwrap();
    for data in data {
        machine.send(Part::Data(Bytes::from_static(data.as_bytes()), Last::No)).unwrap();
    }
    if !data.is_empty() {
        machine.send(Part::Data(Bytes::new(), Last::Yes)).unwrap();
    }
    (wire(&mut machine), machine)
}

fn misuse(outcome: Result<(), StreamError>) -> Misuse {
    match outcome {
        Err(StreamError::Misuse(misuse)) => misuse,
        other => panic!("{other:?}"),
    }
}

/// 4-058, 12-048
#[test]
fn a_response_is_framed_by_what_is_known_of_it() {
    let (out, machine) = answered(GET, response(200, &[("Content-Length", "5")]), &["he", "llo"]);
    assert_eq!(out, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert!(machine.may_reuse());
    let (out, machine) = answered(GET, response(200, &[("A", "b")]), &["he", "", "llo"]);
    assert_eq!(out, "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
    assert!(machine.may_reuse());
    let (out, machine) = answered(GET, response(404, &[]), &[]);
    assert_eq!(out, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert!(machine.may_reuse());
}

/// A16, C29
#[test]
fn a_client_of_version_1_0_gets_no_chunks_and_no_interim_heads() {
    let (out, machine) = answered(OLD, response(200, &[]), &["hello"]);
    assert_eq!(out, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
    assert!(!machine.may_reuse() && machine.wants_shutdown());
    let (out, machine) = answered(OLD, response(200, &[("Content-Length", "5")]), &["hello"]);
    assert_eq!(out, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello");
    assert!(machine.may_reuse());
    let mut machine = after(OLD);
    machine.send(Part::Head(response(103, &[]), Last::No)).unwrap();
    assert_eq!(wire(&mut machine), "");
    machine.send(Part::Head(ok(), Last::No)).unwrap();
    machine.send(Part::Trailers(Fields::from_pairs([("A", "b")]).unwrap())).unwrap();
    assert!(machine.is_written() && !wire(&mut machine).contains("A: b"), "there is no place for trailers");
}

/// A11, 12-043, 12-048
#[test]
fn responses_that_have_no_content_never_show_any() {
    let length = [("Content-Length", "5")];
    for (request, status, fields, expected) in [
        (HEAD, 200, &length[..], "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (HEAD, 200, &[], "HTTP/1.1 200 OK\r\n\r\n"),
        (GET, 304, &length, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        (GET, 304, &[], "HTTP/1.1 304 Not Modified\r\n\r\n"),
        (GET, 204, &length, "HTTP/1.1 204 No Content\r\n\r\n"),
        (GET, 204, &[("Transfer-Encoding", "chunked")], "HTTP/1.1 204 No Content\r\n\r\n"),
    ] {
        for data in [&[][..], &["hello"]] {
            let (out, machine) = answered(request, response(status, fields), data);
            assert_eq!(out, expected, "{request:?} {status} {data:?}");
            assert!(machine.may_reuse());
        }
    }
}

/// 4-054, C29
#[test]
fn several_informational_heads_may_come_first() {
    let mut machine = after(GET);
    machine
        .send(Part::Head(
            response(103, &[("Link", "a"), ("Content-Length", "3"), ("Transfer-Encoding", "chunked")]),
            Last::No,
        ))
        .unwrap();
    machine.send(Part::Head(response(102, &[]), Last::No)).unwrap();
    machine.send(Part::Head(response(100, &[]), Last::No)).unwrap();
    machine.send(Part::Head(ok(), Last::Yes)).unwrap();
    let out = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(wire(&mut machine), out, "100 was not asked for");
    assert_eq!(misuse(machine.send(Part::Head(response(103, &[]), Last::No))), Misuse::OutOfOrder);
}

/// 4-049
#[test]
fn the_connection_fields_are_ours() {
    let ours = [
        ("connection", "x, keep-alive"),
        ("Keep-Alive", "5"),
        ("Proxy-Connection", "a"),
        ("transfer-encoding", "gzip"),
        ("Upgrade", "b"),
        ("X", "y"),
    ];
    let (out, _) = answered(GET, response(200, &ours), &[]);
    assert_eq!(out, "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 0\r\n\r\n");
    let (out, machine) = answered(GET, response(200, &[("Connection", "x, CLOSE")]), &[]);
    assert_eq!(out, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert!(!machine.may_reuse() && machine.wants_shutdown());
    let mut machine = after(GET);
    machine.close_after();
    machine.send(Part::Head(ok(), Last::Yes)).unwrap();
    assert!(wire(&mut machine).contains("Connection: close\r\n"));
}

/// C29, 12-031
#[test]
fn trailers_are_written_where_chunks_are() {
    let trailers = || {
        Part::Trailers(Fields::from_pairs([("Grpc-Status", "0"), ("Content-Length", "9"), ("Host", "evil")]).unwrap())
    };
    let mut machine = after(GET);
    machine.send(Part::Head(ok(), Last::No)).unwrap();
    machine.send(Part::Data("hi".into(), Last::No)).unwrap();
    machine.send(trailers()).unwrap();
    assert!(wire(&mut machine).ends_with("\r\n\r\n2\r\nhi\r\n0\r\nGrpc-Status: 0\r\n\r\n"));
    assert!(machine.is_written() && machine.may_reuse());
    let mut machine = after(GET);
    machine.send(Part::Head(response(200, &[("Content-Length", "2")]), Last::No)).unwrap();
    machine.send(Part::Data("hi".into(), Last::No)).unwrap();
    machine.send(trailers()).unwrap();
    assert!(wire(&mut machine).ends_with("\r\n\r\nhi") && machine.is_written());
}

/// 4-059, 4-060, 12-050
#[test]
fn content_that_contradicts_its_length_ends_the_connection() {
    let begin = || {
        let mut machine = after(GET);
        machine.send(Part::Head(response(200, &[("Content-Length", "5")]), Last::No)).unwrap();
        machine
    };
    let mut machine = begin();
    assert_eq!(misuse(machine.send(Part::Data("hello!".into(), Last::Yes))), Misuse::TooLong);
    assert!(!wire(&mut machine).contains("hello"));
    for part in
        [Part::Data("hell".into(), Last::Yes), Part::Data(Bytes::new(), Last::Yes), Part::Trailers(Fields::new())]
    {
        let mut machine = begin();
        assert_eq!(misuse(machine.send(part)), Misuse::TooShort);
        assert!(!machine.is_written() && !machine.may_reuse() && !machine.wants_shutdown());
        assert_eq!(misuse(machine.send(Part::Data("o".into(), Last::Yes))), Misuse::TooShort, "it stays so");
    }
    let mut machine = after(GET);
    assert_eq!(
        misuse(machine.send(Part::Head(response(200, &[("Content-Length", "5")]), Last::Yes))),
        Misuse::TooShort
    );
    assert!(!machine.wants_transmit() && !machine.has_begun_writing(), "another answer is possible");
}

/// 12-050
#[test]
fn parts_out_of_order_are_refused() {
    let mut machine = after(GET);
    assert_eq!(misuse(machine.send(Part::Data("a".into(), Last::No))), Misuse::OutOfOrder);
    assert_eq!(misuse(machine.send(Part::Trailers(Fields::new()))), Misuse::OutOfOrder);
    machine.send(Part::Head(ok(), Last::Yes)).unwrap();
    assert_eq!(misuse(machine.send(Part::Head(ok(), Last::Yes))), Misuse::OutOfOrder);
    assert_eq!(misuse(machine.send(Part::Data(Bytes::new(), Last::Yes))), Misuse::OutOfOrder);
    assert!(!machine.may_reuse());
}

#[test]
fn response_heads_are_checked_again_on_the_way_out() {
    let mut bad = vec![
        (response(200, &[("Content-Length", "x")]), Rule::LengthMalformed),
        (response(200, &[("Content-Length", "1"), ("Content-Length", "1")]), Rule::LengthRepeated),
        (response(200, &[("Content-Length", "1"), ("Content-Length", "2")]), Rule::LengthContradictory),
    ];
    let mut reason = ok();
    reason.reason = Some("a\r\nX: y".into());
    bad.push((reason, Rule::ReasonMalformed));
    for (head, rule) in bad {
        let mut machine = after(GET);
        assert_eq!(misuse(machine.send(Part::Head(head, Last::No))), Misuse::Head(rule));
        assert!(!machine.wants_transmit() && !machine.has_begun_writing());
        machine.send(Part::Head(response(500, &[]), Last::Yes)).unwrap();
        assert!(wire(&mut machine).starts_with("HTTP/1.1 500"));
    }
}

#[test]
fn a_custom_reason_is_written() {
    let mut head = ok();
    head.reason = Some("Fine".into());
    assert_eq!(answered(GET, head, &[]).0, "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(answered(GET, response(599, &[]), &[]).0, "HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n");
}

fn requested_by(config: Config, head: RequestHead, data: Option<&'static str>) -> Result<String, Misuse> {
    let mut machine = Machine::<Client>::new(Arc::new(config));
    let last = if data.is_some() { Last::No } else { Last::Yes };
    match machine.send(Part::Head(head, last)) {
        Ok(()) => {}
        Err(error) => {
            assert!(!machine.wants_transmit());
            return Err(misuse(Err(error)));
        }
    }
    if let Some(data) = data {
        machine.send(Part::Data(Bytes::from_static(data.as_bytes()), Last::Yes)).unwrap();
    }
    Ok(wire(&mut machine))
}

fn towards(next_hop: NextHop) -> Config {
    let mut config = Config::default();
    config.next_hop = next_hop;
    config
}

fn requested(head: RequestHead, data: Option<&'static str>) -> Result<String, Misuse> {
    requested_by(Config::default(), head, data)
}

/// A10, A15, C28
#[test]
fn a_request_is_framed_by_what_is_known_of_it() {
    for (method, expected) in [
        (Method::GET, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (Method::DELETE, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (Method::POST, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
        (Method::PUT, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
    ] {
        assert_eq!(requested(request(method, "/"), None).unwrap(), expected);
    }
    let chunked = "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    assert_eq!(requested(get("/"), Some("hi")).unwrap(), chunked);
    let mut head = get("/");
    head.fields.append("Content-Length", "2").unwrap();
    assert_eq!(requested(head, Some("hi")).unwrap(), "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
}

/// 6-067: whatever it came in.
#[test]
fn requests_are_always_written_in_version_1_1() {
    let mut head = get("/");
    head.version = http::Version::HTTP_10;
    assert!(requested(head, None).unwrap().starts_with("GET / HTTP/1.1\r\n"));
}

#[test]
fn targets_are_written_as_the_next_hop_takes_them() {
    let bare = |method: Method, target: &'static str| {
        let mut head = request(method, target);
        head.fields.clear();
        head
    };
    for (method, target, to_origin, to_proxy) in [
        (Method::GET, "/a?b", None, None),
        (
            Method::GET,
            "http://b/a?c",
            Some("GET /a?c HTTP/1.1\r\nHost: b\r\n"),
            Some("GET http://b/a?c HTTP/1.1\r\nHost: b\r\n"),
        ),
        (Method::GET, "http://b", Some("GET / HTTP/1.1\r\nHost: b\r\n"), Some("GET http://b HTTP/1.1\r\nHost: b\r\n")),
        (
            Method::GET,
            "http://b?c",
            Some("GET /?c HTTP/1.1\r\nHost: b\r\n"),
            Some("GET http://b?c HTTP/1.1\r\nHost: b\r\n"),
        ),
        (
            Method::OPTIONS,
            "http://b:1",
            Some("OPTIONS * HTTP/1.1\r\nHost: b:1\r\n"),
            Some("OPTIONS http://b:1 HTTP/1.1\r\nHost: b:1\r\n"),
        ),
        (
            Method::OPTIONS,
            "http://b/",
            Some("OPTIONS / HTTP/1.1\r\nHost: b\r\n"),
            Some("OPTIONS http://b/ HTTP/1.1\r\nHost: b\r\n"),
        ),
        (
            Method::CONNECT,
            "b:1",
            Some("CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n"),
            Some("CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n"),
        ),
        (Method::OPTIONS, "*", None, None),
    ] {
        for (next_hop, expected) in [(NextHop::Origin, to_origin), (NextHop::Proxy, to_proxy)] {
            let out = requested_by(towards(next_hop), bare(method.clone(), target), None);
            match expected {
                Some(expected) => assert_eq!(out.unwrap(), format!("{expected}\r\n")),
                None => assert_eq!(out, Err(Misuse::Head(Rule::HostMissing))),
            }
        }
    }
}

/// 6-066
#[test]
fn host_is_checked_again_on_the_way_out() {
    let with = |target: &'static str, hosts: &[&str]| {
        let mut head = request(Method::GET, target);
        head.fields.clear();
        for host in hosts {
            head.fields.append(Known::Host, host).unwrap();
        }
        head
    };
    let refused = |head, next_hop| requested_by(towards(next_hop), head, None).unwrap_err();
    assert_eq!(refused(with("/", &["a", "a"]), NextHop::Origin), Misuse::Head(Rule::HostRepeated));
    assert_eq!(refused(with("/", &["a b"]), NextHop::Origin), Misuse::Head(Rule::HostMalformed));
    assert_eq!(refused(with("/", &["u@a"]), NextHop::Origin), Misuse::Head(Rule::HostMalformed));
    assert_eq!(refused(with("http://b/", &["a"]), NextHop::Proxy), Misuse::Head(Rule::HostContradictory));
    let out = requested(with("http://b/", &["set.by.a.filter"]), None).unwrap();
    assert_eq!(out, "GET / HTTP/1.1\r\nHost: set.by.a.filter\r\n\r\n");
}

#[test]
fn request_heads_are_checked_again_on_the_way_out() {
    let mut connect = request(Method::CONNECT, "a:1");
    connect.method = Method::GET;
    assert_eq!(requested(connect, None), Err(Misuse::Head(Rule::TargetForm)));
    let mut asterisk = request(Method::OPTIONS, "*");
    asterisk.method = Method::GET;
    assert_eq!(requested(asterisk, None), Err(Misuse::Head(Rule::TargetForm)));
    let mut origin = get("/");
    origin.method = Method::CONNECT;
    assert_eq!(requested(origin, None), Err(Misuse::Head(Rule::TargetForm)));
    for upgrade in ["a\r\nX: y", "a b", ""] {
        let mut head = get("/");
        head.upgrade = Some(Bytes::from_static(upgrade.as_bytes()));
        assert_eq!(requested(head, None), Err(Misuse::Head(Rule::UpgradeMalformed)), "{upgrade:?}");
    }
    let mut length = get("/");
    length.fields.append("Content-Length", "+1").unwrap();
    assert_eq!(requested(length, Some("a")), Err(Misuse::Head(Rule::LengthMalformed)));
}

/// B25
#[test]
fn a_received_head_goes_on_as_it_was_spelled() {
    let script =
        "GET /a HTTP/1.1\r\nhOST: x\r\nX-FoO:b\r\nCookie: c; d\r\nAccept:   */*  \r\ncookie: e\r\nEmpty:\r\n\r\n";
    let mut machine = Machine::<Server>::new(Arc::default());
    feed(&mut machine, script.as_bytes());
    let Ok(Next::Part(Part::Head(head, last))) = machine.next() else { panic!("no head") };
    let mut client = Machine::<Client>::new(Arc::default());
    client.send(Part::Head(head, last)).unwrap();
    assert_eq!(
        wire(&mut client),
        "GET /a HTTP/1.1\r\nhOST: x\r\nX-FoO: b\r\nCookie: c; d\r\nAccept: */*\r\ncookie: e\r\nEmpty: \r\n\r\n"
    );
}

#[test]
fn room_shrinks_with_what_waits() {
    let mut machine = after(GET);
    machine.send(Part::Head(ok(), Last::No)).unwrap();
    let before = machine.room();
    machine.send(Part::Data(Bytes::from(vec![0; 10_000]), Last::No)).unwrap();
    assert!(machine.room() <= before - 10_000);
    machine.send(Part::Data(Bytes::from(vec![0; 100_000]), Last::No)).unwrap();
    assert_eq!(machine.room(), 0);
    sent(&mut machine);
    assert!(machine.room() > before);
}

#[test]
fn a_large_response_is_written_from_where_it_was() {
    let mut machine = after(GET);
    machine.send(Part::Head(response(200, &[("Content-Length", "100000")]), Last::No)).unwrap();
    let octets = Bytes::from(vec![b'a'; 100_000]);
    machine.send(Part::Data(octets.clone(), Last::Yes)).unwrap();
    let mut slices = [IoSlice::new(&[]); 16];
    assert_eq!(machine.transmit(&mut slices), 2);
    assert_eq!(slices[1].as_ptr(), octets.as_ptr(), "not copied");
}

#[test]
fn an_idle_machine_gives_its_buffers_back() {
    let mut machine = after(GET);
    machine.send(Part::Head(ok(), Last::Yes)).unwrap();
    machine.release_buffers();
    assert!(machine.wants_transmit(), "nothing is lost");
    sent(&mut machine);
    machine.advance();
    machine.release_buffers();
    assert_eq!(machine.state.inbound.capacity(), 0);
    feed(&mut machine, b"GET / HT");
    machine.release_buffers();
    assert!(machine.is_mid_head() && !machine.is_idle());
    feed(&mut machine, b"TP/1.1\r\nHost: x\r\n\r\n");
    assert!(matches!(machine.next(), Ok(Next::Part(_))));
}

/// RFC 9110 §6.6.2, §10.1.4: (request, version of the answer, its fields, what is written)
#[test]
fn trailers_are_promised_only_where_they_can_follow() {
    const TE: &str = "GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n";
    const OLD: &str = "GET / HTTP/1.0\r\nTE: trailers\r\n\r\n";
    const ASKED_HEAD: &str = "HEAD / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n";
    let (v1, v2) = (http::Version::HTTP_11, http::Version::HTTP_2);
    for (request, version, has_length, is_chunked, is_promised) in [
        (TE, v2, true, true, true),
        (TE, v2, false, true, true),
        (TE, v1, true, false, false),
        (TE, v1, false, true, true),
        (GET, v2, true, false, false),
        (GET, v2, false, true, true),
        (OLD, v2, true, false, false),
        (OLD, v2, false, false, false),
        (ASKED_HEAD, v2, true, false, false),
    ] {
        let mut head = ok();
        head.version = version;
        head.fields.append("Trailer", "X-Sum").unwrap();
        if has_length {
            head.fields.append("Content-Length", "5").unwrap();
        }
        let shown = format!("{request} {version:?} {has_length}");
        let mut machine = after(request);
        machine.send(Part::Head(head, Last::No)).unwrap();
        machine.send(Part::Data(Bytes::from_static(b"hello"), Last::No)).unwrap();
        machine.send(Part::Trailers(Fields::from_pairs([("X-Sum", "7")]).unwrap())).unwrap();
        let out = wire(&mut machine);
        assert_eq!(out.contains("Transfer-Encoding: chunked\r\n"), is_chunked, "{shown}: {out}");
        assert_eq!(out.contains("Trailer: X-Sum\r\n"), is_promised, "{shown}: {out}");
        assert_eq!(out.ends_with("0\r\nX-Sum: 7\r\n\r\n"), is_chunked, "{shown}: {out}");
        assert!(!is_chunked || !out.contains("Content-Length"), "{shown}: {out}");
    }
}
