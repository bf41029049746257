"""What is asked of every proxy: a load command per workload."""

BROWSER = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
    "Cookie: sid=31d4d96e407aad42; theme=dark; _ga=GA1.1.1234567890.1700000000; consent=all",
    "Referer: https://example.com/some/page?with=query&and=more",
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: same-origin",
    "Upgrade-Insecure-Requests: 1",
    "Cache-Control: no-cache",
    "X-Forwarded-For: 203.0.113.7",
]

# name: (path, connections, header fields)
WORKLOADS = {
    "small": ("/hello", 64, []),
    "browser": ("/hdr", 64, BROWSER),
    "one": ("/hello", 1, []),
    "k1": ("/hello", 1000, []),
    "100k": ("/100k", 32, []),
    "1m": ("/1m", 16, []),
    "close": ("/hello", 32, ["Connection: close"]),
}


def command(name, port, secs, conns=None):
    """The load generator's command line for one run."""
    path, default, fields = WORKLOADS[name]
    words = ["wrk", "-t1", f"-c{conns or default}", f"-d{secs}s", "--latency"]
    for field in fields:
        words += ["-H", field]
    return words + [f"http://127.0.0.1:{port}{path}"]
