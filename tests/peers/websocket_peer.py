"""A WebSocket server and a client for it.

websocket_peer.py server [PEM]             prints `listening on http://ADDRESS`, and how conversations ended
websocket_peer.py client ADDRESS [CA NAME]  prints `ok NAME` for each thing that it tried

With a file of a certificate and its key, or with one of whom to trust and the name to be proved, all of that is over TLS.
"""

import asyncio
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

BIG = 2 * 1024 * 1024


def say(line):
    print(line, flush=True)


async def echo(socket):
    try:
        async for message in socket:
            if message == "close":
                await socket.close(4001, "as you wish")
            else:
                await socket.send(message)
    except ConnectionClosed:
        pass
    finally:
        say(f"closed with {socket.close_code}")


async def server(pem=None):
    options = {"max_size": BIG, "subprotocols": ["chat"], "compression": "deflate"}
    if pem is not None:
        options["ssl"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        options["ssl"].load_cert_chain(pem)
    async with serve(echo, "127.0.0.1", 0, **options) as running:
        say("listening on http://{}:{}".format(*running.sockets[0].getsockname()[:2]))
        await asyncio.get_running_loop().create_future()


def equal(left, right):
    if left != right:
        raise AssertionError(f"{left!r:.200} is not {right!r:.200}")


async def client(address, ca=None, name=None):
    options = {"max_size": BIG, "subprotocols": ["chat"], "proxy": None}
    scheme = "ws"
    if ca is not None:
        scheme, options["ssl"], options["server_hostname"] = "wss", ssl.create_default_context(cafile=ca), name
    async with connect(f"{scheme}://{address}/room?a=b", **options) as socket:
        equal(socket.subprotocol, "chat")
        say("ok subprotocol")
        for message in ["hello", "é\u20ac", "", b"\0\xff", "x" * 70_000, bytes(BIG)]:
            await socket.send(message)
            equal(await socket.recv(), message)
        say("ok messages")
        await socket.send(iter(["in ", "three ", "pieces"]))
        equal(await socket.recv(), "in three pieces")
        say("ok fragments")
        await asyncio.wait_for(await socket.ping(b"are you there"), 5)
        say("ok ping")
    async with connect(f"{scheme}://{address}/", compression=None, **options) as socket:
        await socket.send("plain")
        equal(await socket.recv(), "plain")
    say("ok without compression")
    async with connect(f"{scheme}://{address}/", **options) as socket:
        await socket.send("close")
        try:
            await socket.recv()
            raise AssertionError("still open")
        except ConnectionClosed:
            equal((socket.close_code, socket.close_reason), (4001, "as you wish"))
    say("ok closed by the origin")


if __name__ == "__main__":
    asyncio.run({"server": server, "client": client}[sys.argv[1]](*sys.argv[2:]))
