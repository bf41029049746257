//! Nanoseconds per head: read, stripped, and written again. Prints one line per case; compares nothing.
#![expect(clippy::panic, reason = "a bench may fail loudly")]

use std::hint::black_box;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

use simplon_proto_http::h1::{Client, Config, Machine, Next, Role, Server};
use simplon_proto_http::hop;
use simplon_proto_http::transfer::{Last, Part};

const REQUEST: &[u8] = b"GET /assets/app.3f2a91.js?v=20260101 HTTP/1.1\r\n\
Host: www.example.com\r\n\
Connection: keep-alive\r\n\
sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n\
sec-ch-ua-mobile: ?0\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
Sec-Fetch-Site: same-origin\r\n\
Sec-Fetch-Mode: navigate\r\n\
Referer: https://www.example.com/index.html\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=1\r\n\r\n";

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\n\
Server: origin\r\n\
Date: Mon, 23 Nov 2026 10:00:00 GMT\r\n\
Content-Type: text/html; charset=utf-8\r\n\
Content-Length: 0\r\n\
Connection: keep-alive\r\n\
Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n\
ETag: \"5f2a91-1000\"\r\n\
Cache-Control: public, max-age=3600\r\n\
Vary: Accept-Encoding\r\n\
Set-Cookie: session=0123456789abcdef; Path=/; HttpOnly; Secure\r\n\
X-Frame-Options: SAMEORIGIN\r\n\
Strict-Transport-Security: max-age=31536000\r\n\r\n";

const ROUNDS: u32 = 200_000;

fn feed<R: Role>(machine: &mut Machine<R>, octets: &[u8]) {
    machine.space().extend_from_slice(octets);
    machine.received(octets.len());
}

fn flush<R: Role>(machine: &mut Machine<R>) {
    let mut slices = [IoSlice::new(&[]); 16];
    let filled = machine.transmit(&mut slices);
    let octets = black_box(&slices[..filled]).iter().map(|slice| slice.len()).sum();
    machine.transmitted(octets);
}

fn head<R: Role>(machine: &mut Machine<R>) -> (R::Inbound, Last) {
    match machine.next() {
        Ok(Next::Part(Part::Head(head, last))) => (head, last),
        other => panic!("no head: {other:?}"),
    }
}

/// The best of several runs, in nanoseconds for each round.
fn measure(name: &str, mut round: impl FnMut()) {
    let best = (0..7)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..ROUNDS {
                round();
            }
            begun.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
        })
        .fold(f64::MAX, f64::min);
    println!("{name:<44} {best:>8.1} ns");
}

fn main() {
    let config = Arc::new(Config::default());

    let mut slots = [httparse::EMPTY_HEADER; 64];
    measure("floor: httparse alone, request", || {
        let mut parsed = httparse::Request::new(&mut slots);
        black_box(parsed.parse(black_box(REQUEST))).expect("well-formed");
    });

    let answer = simplon_proto_http::ResponseHead::new(http::StatusCode::OK);
    let mut server = Machine::<Server>::new(config.clone());
    measure("server: read a request, answer 200 empty", || {
        feed(&mut server, REQUEST);
        black_box(head(&mut server));
        server.send(Part::Head(answer.clone(), Last::Yes)).expect("fits");
        flush(&mut server);
        server.advance();
    });

    let mut downstream = Machine::<Server>::new(config.clone());
    let mut upstream = Machine::<Client>::new(config);
    measure("proxy: request and response, both re-written", || {
        feed(&mut downstream, REQUEST);
        let (mut request, last) = head(&mut downstream);
        hop::strip_request(&mut request).expect("well-formed");
        upstream.send(Part::Head(request, last)).expect("fits");
        flush(&mut upstream);
        feed(&mut upstream, RESPONSE);
        let (mut response, last) = head(&mut upstream);
        hop::strip_response(&mut response).expect("well-formed");
        downstream.send(Part::Head(response, last)).expect("fits");
        flush(&mut downstream);
        downstream.advance();
        upstream.advance();
        downstream.release_buffers();
        upstream.release_buffers();
    });
}
