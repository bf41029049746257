//! Chunked content and trailers, in both directions.

use super::*;

const POST: &str = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunks(content: &str) -> Vec<String> {
    let request = served(format!("{POST}{content}"));
    let response = asked(format!("{ANSWER}{content}"));
    let response: Vec<_> = response[1..].iter().filter(|line| *line != "reuse").cloned().collect();
    assert_eq!(request[1..], response, "both directions agree on {content:?}");
    request[1..].to_vec()
}

/// 12-030
#[test]
fn chunks_are_joined_and_their_lines_and_extensions_dropped() {
    assert_eq!(chunks("5\r\nhello\r\n0\r\n\r\n"), ["data hello", "end"]);
    assert_eq!(chunks("2;a=b\r\nhe\r\n03 ; c\r\nllo\r\n000\r\n\r\n"), ["data hello", "end"]);
    assert_eq!(chunks("0;last\r\n\r\n"), ["end"]);
    assert_eq!(
        chunks("A\r\n0123456789\r\na\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n"),
        ["data 0123456789\\r\\n\\r\\n\\r\\n\\r\\n\\r\\n", "end"]
    );
}

/// A4, 12-030
#[test]
fn the_end_is_consumed_fully_before_the_next_message() {
    assert_eq!(served(format!("{POST}1\r\na\r\n0\r\n\r\n{NEXT}"))[3], "GET /next HTTP/1.1 | Host: x .");
    assert_eq!(served(format!("{POST}0\r\nA: b\r\n\r\n{NEXT}"))[2], "GET /next HTTP/1.1 | Host: x .");
    let mut machine = Machine::<Client>::new(Arc::default());
    for _ in 0..2 {
        machine.send(Part::Head(get("/"), Last::Yes)).unwrap();
        sent(&mut machine);
        feed(&mut machine, format!("{ANSWER}1\r\na\r\n0\r\n\r\n").as_bytes());
        let mut story = Story::default();
        assert!(!take(&mut machine, &mut story));
        assert_eq!(story.told(), ["200 HTTP/1.1", "data a", "end"]);
        assert!(machine.may_reuse());
        machine.advance();
    }
}

/// A3, 12-032
#[test]
fn broken_chunks_are_refused() {
    for (content, rule) in [
        ("\r\n", "ChunkSize"),
        ("0x1\r\na\r\n", "ChunkSize"),
        ("-1\r\na\r\n", "ChunkSize"),
        ("+1\r\na\r\n", "ChunkSize"),
        ("1_0\r\na\r\n", "ChunkSize"),
        (" 1\r\na\r\n", "ChunkSize"),
        ("1 \r\na\r\n", "ChunkSize"),
        ("10000000000000000\r\n", "ChunkSizeOverflow"),
        ("1\na\r\n", "BareLf"),
        ("1\rX\r\na\r\n", "ChunkSize"),
        ("1;a\rb\r\na\r\n", "ChunkExtension"),
        ("0\n\n", "BareLf"),
        ("0\r\n\n", "BareLf"),
        ("0\r\nX\r\n\r\n", "ColonMissing"),
        ("0\r\n\rX", "BareCr"),
    ] {
        let expected = if rule == "BareCr" { vec![] } else { vec![format!("!{rule}")] };
        assert_eq!(chunks(content), expected, "{content:?}");
    }
    for (content, told) in
        [("1\r\nab\r\n", "a"), ("1\r\na\n0\r\n", "a"), ("1\r\na\r0\r\n", "a"), ("2\r\na\r\n0\r\n\r\n", "a\\r")]
    {
        assert_eq!(chunks(content), [format!("data {told}"), "!ChunkEnd".to_owned()], "{content:?}");
    }
}

#[test]
fn chunk_lines_and_all_extensions_together_are_bounded() {
    let mut config = Config::default();
    config.limits.chunk_line_octets = 20;
    let config = Arc::new(config);
    let serve = |content: &str| served_by(&config, format!("{POST}{content}"))[1..].to_vec();
    assert_eq!(serve(&format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(16))), ["data a", "end"]);
    assert_eq!(serve(&format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(17))), ["!ChunkLineTooLong"]);
    let many = "1;xxxxxxxxx\r\na\r\n".repeat(9);
    assert_eq!(serve(&format!("{many}0\r\n\r\n")), ["data aaaaaaaa", "!ChunkExtensionsTooLong"]);
}

/// 12-031
#[test]
fn trailers_come_as_fields() {
    assert_eq!(
        chunks("1\r\na\r\n0\r\nX-Sum: 1\r\ngrpc-status:0\r\n\r\n"),
        ["data a", "trailers | X-Sum: 1 | grpc-status: 0"]
    );
    assert_eq!(chunks("0\r\nA: b\r\n\r\n"), ["trailers | A: b"]);
}

/// A5
#[test]
fn trailers_cannot_reframe_or_reroute() {
    for name in ["Content-Length", "transfer-encoding", "HOST"] {
        assert_eq!(chunks(&format!("0\r\nA: b\r\n{name}: 5\r\n\r\n")), ["trailers | A: b"], "{name}");
    }
    assert_eq!(
        chunks("0\r\nConnection: close\r\nAuthorization: x\r\nA: b\r\nSet-Cookie: c\r\n\r\n"),
        ["trailers | A: b"]
    );
    assert_eq!(chunks("0\r\nTrailer: x\r\n\r\n"), ["end"], "nothing is left of it");
}

#[test]
fn trailers_that_connection_named_are_dropped() {
    let trailers = "1\r\na\r\n0\r\nX-Secret: s\r\nx_secret: t\r\nA: b\r\n\r\n";
    let request = served(format!(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close, X-SECRET\r\n\r\n{trailers}"
    ));
    assert!(request.iter().any(|line| line == "trailers | A: b"), "{request:?}");
    let response =
        asked(format!("HTTP/1.1 200 OK\r\nConnection: x-secret\r\nTransfer-Encoding: chunked\r\n\r\n{trailers}"));
    assert!(response.iter().any(|line| line == "trailers | A: b"), "{response:?}");
}

/// A5, 12-031
#[test]
fn broken_trailers_are_refused() {
    for (line, rule) in [
        ("X\r\n", "ColonMissing"),
        ("X : a\r\n", "NameBlank"),
        (": a\r\n", "NameEmpty"),
        (" X: a\r\n", "ObsFold"),
        ("X: a\r\n b\r\n", "ObsFold"),
        ("X: a\0\r\n", "Nul"),
        ("X: a\n", "BareLf"),
    ] {
        assert_eq!(chunks(&format!("0\r\n{line}\r\n")), [format!("!{rule}")], "{line:?}");
    }
}

/// A12
#[test]
fn content_that_is_cut_off_is_never_a_clean_end() {
    for content in [
        "",
        "5",
        "5\r\n",
        "5\r\nhel",
        "5\r\nhello",
        "5\r\nhello\r",
        "5\r\nhello\r\n",
        "0\r\n",
        "0\r\n\r",
        "0\r\nA: b\r\n",
    ] {
        let request = format!("{POST}{content}");
        let story = cuts(request.as_bytes(), |pieces| serve_with(&Arc::default(), pieces, true));
        assert_eq!(story.last().unwrap(), "!Truncated", "{content:?}");
        assert_eq!(asked_to_eof(format!("{ANSWER}{content}")).last().unwrap(), "!Truncated", "{content:?}");
    }
    assert_eq!(asked_to_eof("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell").last().unwrap(), "!Truncated");
    assert_eq!(asked_to_eof("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n").last().unwrap(), "!Truncated");
}

#[test]
fn content_left_is_known_where_a_length_was_announced() {
    let mut machine = Machine::<Server>::new(Arc::default());
    feed(&mut machine, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    take(&mut machine, &mut Story::default());
    assert_eq!(machine.remaining(), Some(3));
    let mut machine = Machine::<Server>::new(Arc::default());
    feed(&mut machine, POST.as_bytes());
    take(&mut machine, &mut Story::default());
    assert_eq!(machine.remaining(), None);
}

#[test]
fn a_large_body_is_read_into_large_buffers() {
    let mut machine = Machine::<Server>::new(Arc::default());
    feed(&mut machine, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    let Ok(Next::Part(head)) = machine.next() else { panic!("no head") };
    let (mut reads, mut got) = (0, 0);
    while got < 1_000_000 {
        let space = machine.space();
        let n = (space.capacity() - space.len()).min(1_000_000 - got);
        space.extend_from_slice(&[b'a'; 64 << 10][..n]);
        machine.received(n);
        reads += 1;
        while let Ok(Next::Part(Part::Data(octets, _))) = machine.next() {
            got += octets.len();
        }
    }
    assert!(reads <= 20, "{reads}");
    drop(head);
}
