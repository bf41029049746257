//! What each example must do, as a user would try it.

use super::check::Check::{Burst, Curl, Raw, Said, Spread, Tls};
use super::{Example, failover};

const HANDSHAKE: &[u8] = b"GET /chat HTTP/1.1\r\nHost: example.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// The accept value that belongs to the key above (RFC 6455 §1.3).
const ACCEPTED: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// A masked text frame (RFC 6455 §5.2; the mask is zero), and the same unmasked.
const FRAME: &[u8] = b"\x81\x85\0\0\0\0hello";
const ECHO: &[u8] = b"\x81\x05hello";

/// Makes curl send content.
const POST: &[&str] = &["--data", "my secret is 42"];

/// A call by HTTP/2, and two of gRPC-Web in text: `[0, 0, 0, 0, 2] hi`, and what is not base64.
const CALL: &[&str] = &["--http2-prior-knowledge", "-H", "Content-Type: application/grpc", "--data", "hello"];
const WEB_CALL: &[&str] = &["-H", "Content-Type: application/grpc-web-text", "--data", "AAAAAAJoaQ=="];
const BAD_WEB_CALL: &[&str] = &["-H", "Content-Type: application/grpc-web-text", "--data", "!"];

pub(super) const ALL: &[Example] = &[
    Example {
        name: "load_balancer",
        args: &["--access-log", "-"],
        checks: &[
            Curl { args: &[], path: "/", status: 200, has: &["hello from origin"] },
            Spread { path: "/", requests: 9, bodies: 3 },
            Curl { args: POST, path: "/", status: 200, has: &["POST"] },
            Curl { args: &["-I"], path: "/", status: 200, has: &[] },
            Raw { steps: &[(b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 ")] },
        ],
        story: Some(failover::run),
    },
    Example {
        name: "load_balancer",
        args: &["--runtime", "per-core", "--threads", "2", "--health-interval", "0.5"],
        checks: &[Spread { path: "/", requests: 9, bodies: 3 }],
        story: Some(failover::run_per_core),
    },
    Example {
        name: "reverse_proxy",
        args: &[],
        checks: &[
            Curl { args: &[], path: "/", status: 200, has: &["GET reached the origin"] },
            Curl { args: POST, path: "/", status: 200, has: &["POST reached the origin"] },
        ],
        story: None,
    },
    Example {
        name: "routing",
        args: &[],
        checks: &[
            Curl {
                args: &["-H", "Host: shop.test"],
                path: "/",
                status: 200,
                has: &["shop (policy standard)", "x-served-by: simplon"],
            },
            Curl {
                args: &["-H", "Host: SHOP.test:80"],
                path: "/api/items",
                status: 200,
                has: &["api (policy standard)"],
            },
            Curl { args: &["-H", "Host: blog.test"], path: "/", status: 200, has: &["blog (policy standard)"] },
            Curl { args: &["-H", "Host: nowhere.test"], path: "/none", status: 404, has: &["no such site"] },
        ],
        story: None,
    },
    Example {
        name: "body_rewrite",
        args: &[],
        checks: &[
            Curl { args: &[], path: "/", status: 200, has: &["HELLO FROM THE ORIGIN\nIN TWO LINES\n"] },
            Curl { args: POST, path: "/", status: 200, has: &["MY ****** IS 42"] },
        ],
        story: None,
    },
    Example {
        name: "rate_limit",
        args: &[],
        checks: &[
            Curl { args: &[], path: "/", status: 200, has: &[] },
            Burst { path: "/", requests: 30, status: 429, has: &["retry-after:"] },
        ],
        story: None,
    },
    Example {
        name: "early_auth",
        args: &[],
        checks: &[
            Curl { args: &[], path: "/", status: 401, has: &["www-authenticate:"] },
            Curl { args: POST, path: "/", status: 401, has: &["who are you?"] },
            Curl { args: &["-H", "Authorization: Bearer guess"], path: "/", status: 401, has: &[] },
            Curl { args: &["-H", "Authorization: Bearer open-sesame"], path: "/", status: 200, has: &["welcome"] },
        ],
        story: None,
    },
    Example {
        name: "websocket",
        args: &[],
        checks: &[Raw { steps: &[(HANDSHAKE, b"HTTP/1.1 101 "), (b"", ACCEPTED), (FRAME, ECHO), (FRAME, ECHO)] }],
        story: None,
    },
    Example {
        name: "tcp_relay",
        args: &[],
        checks: &[Raw { steps: &[(b"hello\n", b"hello\n"), (b"\0\xff\r\n", b"\0\xff\r\n")] }],
        story: None,
    },
    Example {
        name: "tower",
        args: &[],
        checks: &[
            Curl {
                args: &[],
                path: "/a?b",
                status: 200,
                has: &["GET /a?b reached a service", "x-stamped: by a middleware"],
            },
            Curl { args: POST, path: "/", status: 200, has: &["POST / reached a service"] },
            Curl { args: &[], path: "/secret", status: 403, has: &["not here"] },
        ],
        story: None,
    },
    Example {
        name: "embedded",
        args: &[],
        checks: &[Curl { args: &[], path: "/", status: 200, has: &["served from inside another program"] }],
        story: None,
    },
    Example {
        name: "grpc_proxy",
        args: &[],
        checks: &[
            Curl { args: CALL, path: "/a.B/C", status: 200, has: &["application/grpc", "hello", "grpc-status: 0"] },
            // Base64 of the message, and of a frame of trailers with `grpc-status: 0`.
            Curl {
                args: WEB_CALL,
                path: "/a.B/C",
                status: 200,
                has: &["application/grpc-web-text", "AAAAAAJoaQ==gAAAABBncnBjLXN0YXR1czogMA0K"],
            },
            Curl { args: BAD_WEB_CALL, path: "/a.B/C", status: 200, has: &["grpc-status: 13", "grpc-message: "] },
        ],
        story: None,
    },
    Example {
        name: "tls_termination",
        args: &[],
        checks: &[
            Tls { args: &["--http1.1"], path: "/", status: 200, has: &["in the clear behind TLS"] },
            Tls { args: &["--http2"], path: "/", status: 200, has: &["HTTP/2 200", "in the clear behind TLS"] },
            Tls { args: &["-H", "Host: elsewhere.test"], path: "/", status: 200, has: &[] },
        ],
        story: None,
    },
    Example {
        name: "mtls",
        args: &[],
        // The certificate, as the origin is told about it.
        checks: &[Said { status: 200, has: &[":MI"] }],
        story: None,
    },
    Example {
        name: "sni_passthrough",
        args: &[],
        checks: &[Said { status: 200, has: &["this is a.example"] }],
        story: None,
    },
];
