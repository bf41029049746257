"""A gRPC server and a client for it, with generic handlers: messages are octets.

grpc_peer.py server [PEM]             prints `listening on http://ADDRESS`, and `cancelled` when a caller gave up
grpc_peer.py client ADDRESS [CA NAME]  makes calls of every kind; prints `ok NAME` for each
grpc_peer.py code ADDRESS              makes one call; prints the code and the details that it ended with

With a file of a certificate and its key, or with one of whom to trust and the name to be proved, all of that is over TLS.
"""

import sys
import threading
import time
from concurrent import futures

import grpc

BIG = 4 * 1024 * 1024
OPTIONS = [("grpc.max_receive_message_length", BIG + 1024), ("grpc.max_send_message_length", BIG + 1024)]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def say(line):
    print(line, flush=True)


def unary(request, context):
    context.set_trailing_metadata((("x-length", str(len(request))),))
    return request


def collect(requests, context):
    return b"".join(requests)


def count(request, context):
    for number in range(int(request)):
        yield b"%d" % number


def echo(requests, context):
    for request in requests:
        yield request


def refuse(request, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not in this state: 100%, é")


def wait(request, context):
    gone = threading.Event()

    def end():
        gone.set()
        say("cancelled")

    # Who is cancelled while the message below is on its way is not asked for another one: nothing after it would run.
    context.add_callback(end)
    yield b"begun"
    # Longer than anybody waits for that line.
    gone.wait(60)


def slow(request, context):
    remaining = context.time_remaining()
    say("deadline told" if remaining is not None and remaining < 60 else "no deadline")
    time.sleep(2)
    return request


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(16), options=OPTIONS)
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Collect": grpc.stream_unary_rpc_method_handler(collect),
        "Count": grpc.unary_stream_rpc_method_handler(count),
        "Echo": grpc.stream_stream_rpc_method_handler(echo),
        "Refuse": grpc.unary_unary_rpc_method_handler(refuse),
        "Wait": grpc.unary_stream_rpc_method_handler(wait),
        "Slow": grpc.unary_unary_rpc_method_handler(slow),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Peer", handlers),))
    if len(sys.argv) > 2:
        pem = read(sys.argv[2])
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(pem, pem)]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    say(f"listening on http://127.0.0.1:{port}")
    server.wait_for_termination()


def channel_to(address, ca=None, name=None):
    options = OPTIONS + [("grpc.enable_http_proxy", 0)]
    if ca is None:
        return grpc.insecure_channel(address, options=options)
    credentials = grpc.ssl_channel_credentials(root_certificates=read(ca))
    return grpc.secure_channel(address, credentials, options=options + [("grpc.ssl_target_name_override", name)])


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code(), error.details()
    return grpc.StatusCode.OK, ""


def equal(left, right):
    if left != right:
        raise AssertionError(f"{left!r:.200} is not {right!r:.200}")


def ask(channel):
    method = "/test.Peer/{}".format
    plain = channel.unary_unary(method("Unary"))
    patience = {"timeout": 15, "wait_for_ready": True}

    answer, call = plain.with_call(b"hello", **patience)
    equal(answer, b"hello")
    equal(dict(call.trailing_metadata())["x-length"], "5")
    say("ok unary")

    equal(plain(b"", **patience), b"")
    say("ok empty")

    equal(channel.stream_unary(method("Collect"))(iter([b"a", b"b", b"c" * 100_000]), **patience), b"ab" + b"c" * 100_000)
    say("ok client streaming")

    equal(list(channel.unary_stream(method("Count"))(b"500", **patience)), [b"%d" % number for number in range(500)])
    say("ok server streaming")

    # Each message is sent only after the answer to the one before it has come.
    turns, sent = threading.Semaphore(1), [b"%d" % number for number in range(50)]

    def in_turns():
        for message in sent:
            turns.acquire()
            yield message

    got = []
    for message in channel.stream_stream(method("Echo"))(in_turns(), **patience):
        got.append(message)
        turns.release()
    equal(got, sent)
    say("ok bidirectional")

    equal(code_of(lambda: channel.unary_unary(method("Refuse"))(b"", **patience)),
          (grpc.StatusCode.FAILED_PRECONDITION, "not in this state: 100%, é"))
    say("ok trailers-only error")

    equal(code_of(lambda: channel.unary_unary(method("None"))(b"", **patience))[0], grpc.StatusCode.UNIMPLEMENTED)
    say("ok unknown method")

    equal(code_of(lambda: channel.unary_unary(method("Slow"))(b"", timeout=0.3))[0], grpc.StatusCode.DEADLINE_EXCEEDED)
    say("ok deadline exceeded")

    call = channel.unary_stream(method("Wait"))(b"", **patience)
    equal(next(iter(call)), b"begun")
    call.cancel()
    say("ok cancellation")

    big = bytes(range(256)) * (BIG // 256)
    equal(plain(big, **patience), big)
    say("ok four megabytes")

    with futures.ThreadPoolExecutor(20) as pool:
        equal(list(pool.map(lambda n: plain(b"%d" % n, **patience), range(200))), [b"%d" % n for n in range(200)])
    say("ok many at once")


def code(channel):
    """The code and the details that one call ends with."""
    call = channel.unary_unary("/test.Peer/Unary")
    code, details = code_of(lambda: call(b"hello", timeout=15))
    say(f"{code.name} {details}")


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve()
    else:
        with channel_to(*sys.argv[2:]) as channel:
            {"client": ask, "code": code}[sys.argv[1]](channel)
