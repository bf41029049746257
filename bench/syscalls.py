#!/usr/bin/env python3
"""System calls per request, counted by strace over a bounded run.

usage: syscalls.py [CONNECTIONS] [PROXY,PROXY…]"""
import os
import re
import shutil
import subprocess
import sys
import time

import compare
import peers


def count(command, port, conns):
    """(calls by name, requests) while the load runs: strace attaches after the warm-up and leaves before the end."""
    with peers.running(command, port) as process:
        compare.load("small", port, 1, conns)
        report = os.path.join(peers.PEERS, "strace.txt")
        attach = [word for pid in peers.tree(process.pid) for word in ("-p", str(pid))]
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", report] + attach, stderr=subprocess.DEVNULL)
        # strace says nothing when it has attached; a second is plenty, and the load starts only then.
        time.sleep(1)
        requests, bad, _ = compare.load("small", port, 3, conns)
        tracer.send_signal(2)
        tracer.wait(10)
        if bad:
            raise SystemExit(f"{bad} bad answers: not a result")
        return parse(open(report).read()), requests


def parse(text):
    """Calls by name from strace's table: % time, seconds, usecs/call, calls, [errors,] name."""
    rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", text, re.MULTILINE)
    return {name: int(calls) for calls, name in rows if name != "total"}


def main():
    conns = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    only = sys.argv[2].split(",") if len(sys.argv) > 2 else ["nginx", "simplon", "simplon-core"]
    if not shutil.which("strace"):
        raise SystemExit("strace is not installed; `cargo xtask setup`")
    with peers.origin():
        for name, (command, port) in peers.proxies().items():
            if name not in only:
                continue
            calls, requests = count(command, port, conns)
            print(f"{name:14s} {sum(calls.values()) / requests:5.2f} system calls per request, {conns} connections")
            for call, number in sorted(calls.items(), key=lambda it: -it[1]):
                if number / requests >= 0.005:
                    print(f"    {call:16s} {number / requests:6.3f}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
