//! What each example must do, as a user would try it.

use super::Example;
use super::check::Check::{Burst, Curl, Raw, Spread};

const HANDSHAKE: &[u8] = b"GET /chat HTTP/1.1\r\nHost: example.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// The accept value that belongs to the key above (RFC 6455 §1.3).
const ACCEPTED: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// A masked text frame (RFC 6455 §5.2; the mask is zero), and the same unmasked.
const FRAME: &[u8] = b"\x81\x85\0\0\0\0hello";
const ECHO: &[u8] = b"\x81\x05hello";

pub(super) const ALL: &[Example] = &[
    Example {
        name: "load_balancer",
        args: &[],
        checks: &[
            Curl { args: &[], path: "/", status: 200, has: &[] },
            Spread { path: "/", requests: 9, bodies: 3 },
            Curl { args: &["--data", "x=1"], path: "/", status: 200, has: &[] },
            Curl { args: &["-I"], path: "/", status: 200, has: &[] },
            Raw { steps: &[(b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 ")] },
        ],
    },
    Example {
        name: "reverse_proxy",
        args: &[],
        checks: &[
            Curl { args: &[], path: "/", status: 200, has: &[] },
            Curl { args: &["--data", "x=1"], path: "/", status: 200, has: &[] },
        ],
    },
    Example {
        name: "routing",
        args: &[],
        checks: &[Curl { args: &["-H", "Host: nowhere.test"], path: "/none", status: 404, has: &[] }],
    },
    Example { name: "body_rewrite", args: &[], checks: &[Curl { args: &[], path: "/", status: 200, has: &[] }] },
    Example {
        name: "rate_limit",
        args: &[],
        checks: &[
            Curl { args: &[], path: "/", status: 200, has: &[] },
            Burst { path: "/", requests: 30, status: 429, has: &["retry-after:"] },
        ],
    },
    Example {
        name: "early_auth",
        args: &[],
        checks: &[Curl { args: &[], path: "/", status: 401, has: &["www-authenticate:"] }],
    },
    Example {
        name: "websocket",
        args: &[],
        checks: &[Raw { steps: &[(HANDSHAKE, b"HTTP/1.1 101 "), (b"", ACCEPTED), (FRAME, ECHO)] }],
    },
    Example { name: "tcp_relay", args: &[], checks: &[Raw { steps: &[(b"hello\n", b"hello\n")] }] },
    Example { name: "embedded", args: &[], checks: &[Curl { args: &[], path: "/", status: 200, has: &[] }] },
];
