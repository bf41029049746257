#!/usr/bin/env python3
"""Proxies side by side in interleaved rounds: CPU per request as a ratio to the blind relay of the same round.

Called by `cargo xtask bench`, which prepares the peers. See README.md for what is measured and how."""
import argparse
import json
import re
import statistics
import subprocess
import sys
import time

import peers
import workloads

UNITS = {"us": 1, "ms": 1e3, "s": 1e6}


def load(name, port, secs, conns):
    """One run of the load generator: (requests, bad answers, 99th percentile in µs)."""
    words = ["taskset", "-c", str(peers.LOAD_CPU)] + workloads.command(name, port, secs, conns)
    out = subprocess.run(words, capture_output=True, text=True, timeout=secs + 60).stdout
    requests = re.search(r"(\d+) requests in", out)
    if not requests:
        raise SystemExit(f"the load generator said:\n{out}")
    bad = [int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", out)]
    for errors in re.findall(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out):
        bad += map(int, errors)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    return int(requests.group(1)), sum(bad), float(p99.group(1)) * UNITS[p99.group(2)] if p99 else 0.0


def measure(command, port, name, secs, conns):
    """Starts the proxy, warms it up for a second, measures, stops it."""
    with peers.running(command, port) as process:
        load(name, port, 1, conns)
        cpu, clock = peers.cpu_seconds(process.pid), time.monotonic()
        requests, bad, p99 = load(name, port, secs, conns)
        cpu, clock = peers.cpu_seconds(process.pid) - cpu, time.monotonic() - clock
        return {
            "us": cpu / max(requests, 1) * 1e6,
            "rps": requests / clock,
            "busy": cpu / clock,
            "p99": p99,
            "pss": peers.pss_kib(process.pid),
            "bad": bad,
        }


def show(name, results):
    """One line per proxy: medians over the rounds."""
    base = "relay" if "relay" in results else next(iter(results))
    print(f"== {name}: CPU per request, and its ratio to {base} in the same round")
    for proxy, rounds in results.items():
        def median(key):
            return statistics.median(r[key] for r in rounds)

        ratio = statistics.median(r["us"] / b["us"] for r, b in zip(rounds, results[base]))
        print(
            f"{proxy:14s} {median('us'):8.2f} µs  x{ratio:5.2f}  {median('rps'):9.0f} req/s  busy {median('busy'):4.2f}"
            f"  p99 {median('p99') / 1e3:7.2f} ms  {rounds[-1]['pss'] / 1024:6.1f} MiB  bad {sum(r['bad'] for r in rounds)}"
        )
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", help=", ".join(workloads.WORKLOADS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=int, default=4)
    parser.add_argument("--conns", type=int, default=None)
    parser.add_argument("--only", default="", help="names of proxies, with commas")
    parser.add_argument("--json", default="", help="also write every figure to this file")
    args = parser.parse_args()
    chosen = args.workloads.split(",")
    for name in chosen:
        if name not in workloads.WORKLOADS:
            parser.error(f"no workload {name}; there are {', '.join(workloads.WORKLOADS)}")
    only = set(filter(None, args.only.split(",")))
    contestants = {name: it for name, it in peers.proxies().items() if not only or name in only}
    everything = {}
    with peers.origin():
        for name in chosen:
            results = {proxy: [] for proxy in contestants}
            for _ in range(args.rounds):
                for proxy, (command, port) in contestants.items():
                    results[proxy].append(measure(command, port, name, args.secs, args.conns))
            show(name, results)
            everything[name] = results
    if args.json:
        with open(args.json, "w") as out:
            json.dump(everything, out)


if __name__ == "__main__":
    main()
