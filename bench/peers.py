"""The proxies, and what the kernel says about a running one."""
import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time

# Filled by `cargo xtask bench`.
PEERS = os.environ.get("PEERS", "target/bench-peers")
SUBJECT = os.environ.get("SUBJECT", "target/release/examples/load_balancer")

PROXY_CPU, LOAD_CPU = 0, 1
ORIGIN_PORT = 9100


def proxies():
    """name: (command, port) of every proxy that is there."""
    ours = f"{SUBJECT} --threads 1 --upstream 127.0.0.1:{ORIGIN_PORT}"
    every = {
        "relay": (f"{PEERS}/relay 9200 {ORIGIN_PORT}", 9200),
        "nginx": (f"nginx -c {PEERS}/nginx.conf", 9201),
        "haproxy": (f"haproxy -f {PEERS}/haproxy.cfg", 9202),
        "pingora": (f"{PEERS}/target/release/pingora-peer 127.0.0.1:9203 127.0.0.1:{ORIGIN_PORT}", 9203),
        "simplon": (f"{ours} --runtime stealing --listen 127.0.0.1:9205", 9205),
        "simplon-core": (f"{ours} --runtime per-core --listen 127.0.0.1:9206", 9206),
    }
    return {name: it for name, it in every.items() if shutil.which(shlex.split(it[0])[0])}


def with_tls():
    """The same for those that end TLS, with the port for that."""
    secret = f"--tls-listen 127.0.0.1:9215 --cert {PEERS}/cert.pem --key {PEERS}/key.pem"
    every = {name: proxies().get(name) for name in ("nginx", "haproxy", "simplon")}
    every = {name: it for name, it in every.items() if it}
    if "simplon" in every:
        every["simplon"] = (f"{every['simplon'][0]} {secret}", 9205)
    ports = {"nginx": 9211, "haproxy": 9212, "simplon": 9215}
    return {name: (command, ports[name]) for name, (command, _) in every.items()}


def start(command, cpu):
    """A process bound to one CPU, silent."""
    pinned = ["taskset", "-c", str(cpu)] + (shlex.split(command) if isinstance(command, str) else command)
    return subprocess.Popen(pinned, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stop(process):
    """Asks it to end, then makes it."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        for pid in reversed(tree(process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def wait_port(port, secs=10):
    """Until somebody listens."""
    end = time.time() + secs
    while time.time() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.3).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nobody listens on port {port}")


@contextlib.contextmanager
def running(command, port, cpu=PROXY_CPU):
    """The process for as long as the block lasts."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SystemExit(f"port {port} is taken by another process")
    process = start(command, cpu)
    try:
        wait_port(port)
        yield process
    finally:
        stop(process)


def origin():
    """The origin every proxy forwards to."""
    return running(f"nginx -c {PEERS}/origin.conf", ORIGIN_PORT, LOAD_CPU)


def tree(pid):
    """The process and all its descendants."""
    pids = [pid]
    with contextlib.suppress(FileNotFoundError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                for child in children.read().split():
                    pids += tree(int(child))
    return pids


def cpu_seconds(pid):
    """Time on a CPU of the whole tree, by the scheduler's own count (nanoseconds)."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(FileNotFoundError):
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/schedstat") as stat:
                    total += int(stat.read().split()[0])
    return total / 1e9


def pss_kib(pid):
    """Resident memory of the tree; what is shared counts once."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(FileNotFoundError):
            with open(f"/proc/{process}/smaps_rollup") as rollup:
                total += int(re.search(r"Pss:\s+(\d+)", rollup.read()).group(1))
    return total
