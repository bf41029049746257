#!/usr/bin/env python3
"""Memory of idle connections: one request on each, then silence.

usage: idle.py [CONNECTIONS] [PROXY,PROXY…] [plain,tls,h2]"""
import resource
import socket
import ssl
import sys
import time

import peers

REQUEST = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

# HTTP/2 (RFC 9113): a request in indexed fields and two literals, and what frames begin with.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, ACK, END_STREAM, END_HEADERS = 4, 1, 1, 4
HEAD = b"\x82\x87\x44\x06/hello\x41\x09localhost"


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def plain(port):
    """A connection that has been used once."""
    return ask(socket.create_connection(("127.0.0.1", port), 5))


def tls(port):
    return ask(secret(port, "http/1.1"))


def h2(port):
    connection = secret(port, "h2")
    connection.sendall(PREFACE + frame(SETTINGS, 0, 0) + frame(1, END_STREAM | END_HEADERS, 1, HEAD))
    heard = b""
    while True:
        while len(heard) >= 9 and len(heard) >= 9 + int.from_bytes(heard[:3], "big"):
            length, kind, flags, stream = int.from_bytes(heard[:3], "big"), heard[3], heard[4], heard[8]
            heard = heard[9 + length :]
            if kind == SETTINGS and not flags & ACK:
                connection.sendall(frame(SETTINGS, ACK, 0))
            if stream == 1 and kind in (0, 1) and flags & END_STREAM:
                return connection
        got = connection.recv(4096)
        if not got:
            raise SystemExit("closed")
        heard += got


def ask(connection):
    connection.sendall(REQUEST)
    answer = b""
    while b"hello world" not in answer:
        got = connection.recv(4096)
        if not got:
            raise SystemExit(f"closed after {answer!r}")
        answer += got
    return connection


def secret(port, protocol):
    """TLS to whoever is there, with a protocol."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 5))
    if connection.selected_alpn_protocol() != protocol:
        raise SystemExit(f"speaks {connection.selected_alpn_protocol()} and not {protocol}")
    return connection


def measure(kind, name, command, port, count):
    with peers.running(command, port) as process:
        for _ in range(50):
            kind(port).close()
        time.sleep(1)
        before = peers.pss_kib(process.pid)
        held = [kind(port) for _ in range(count)]
        time.sleep(2)
        after = peers.pss_kib(process.pid)
        each = (after - before) / count
        print(f"{kind.__name__:5s} {name:14s} {each:7.2f} KiB per idle connection ({before / 1024:.1f} to {after / 1024:.1f} MiB)")
        sys.stdout.flush()
        for connection in held:
            connection.close()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    only = sys.argv[2].split(",") if len(sys.argv) > 2 and sys.argv[2] else None
    kinds = sys.argv[3].split(",") if len(sys.argv) > 3 else ["plain"]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * count + 1024), hard))
    with peers.origin():
        for kind in (plain, tls, h2):
            if kind.__name__ not in kinds:
                continue
            for name, (command, port) in (peers.proxies() if kind is plain else peers.with_tls()).items():
                if not only or name in only:
                    measure(kind, name, command, port, count)


if __name__ == "__main__":
    main()
