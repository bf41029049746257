#!/usr/bin/env python3
"""Memory of idle keep-alive connections: one request on each, then silence.

usage: idle.py [CONNECTIONS] [PROXY,PROXY…]"""
import resource
import socket
import sys
import time

import peers

REQUEST = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ask(port):
    """A connection that has been used once."""
    connection = socket.create_connection(("127.0.0.1", port), 5)
    connection.sendall(REQUEST)
    answer = b""
    while b"hello world" not in answer:
        got = connection.recv(4096)
        if not got:
            raise SystemExit(f"closed after {answer!r}")
        answer += got
    return connection


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    only = sys.argv[2].split(",") if len(sys.argv) > 2 else None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * count + 1024), hard))
    with peers.origin():
        for name, (command, port) in peers.proxies().items():
            if only and name not in only:
                continue
            with peers.running(command, port) as process:
                for _ in range(50):
                    ask(port).close()
                time.sleep(1)
                before = peers.pss_kib(process.pid)
                held = [ask(port) for _ in range(count)]
                time.sleep(2)
                after = peers.pss_kib(process.pid)
                each = (after - before) / count
                print(f"{name:14s} {each:7.2f} KiB per idle connection ({before / 1024:.1f} to {after / 1024:.1f} MiB)")
                sys.stdout.flush()
                for connection in held:
                    connection.close()


if __name__ == "__main__":
    main()
